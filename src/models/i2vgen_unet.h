// The 3D UNet of I2VGen-XL (Zhang et al. 2023), diffusers' I2VGenXLUNet: predicts, for a noisy clip of
// latents, what the sampler needs, given a text, a picture and a frame rate.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/basic.h"

namespace stillreel::models {

struct UnetConfig {
    std::vector<std::int64_t> channels{320, 640, 1280, 1280};  // "block_out_channels"
    std::vector<bool> down_attention{true, true, true,
                                     false};  // per level: CrossAttnDownBlock3D or DownBlock3D
    std::vector<bool> up_attention{false, true, true, true};
    std::vector<std::int64_t> head_size{64, 64, 64,
                                        64};  // "attention_head_dim", or "num_attention_heads" of older files
    int layers_per_block = 2;
    int groups = 32;
    std::int64_t in_channels = 4;
    std::int64_t out_channels = 4;
    std::int64_t context_width = 1024;  // "cross_attention_dim"
};
/// Throws corrupt_data, unsupported (block types that we do not have, by name).
UnetConfig parse_unet_config(std::string_view json);

/// What the clip is made of, for a batch of B clips (2 under guidance: the negative half first).
struct UnetInputs {
    tensor::Tensor text;             // [B, 77, context_width]
    tensor::Tensor image_embedding;  // [B, 1, context_width]
    tensor::Tensor image_latents;    // [B * F, h, w, 4]
    std::vector<double> fps;         // B
};

/// All that does not change from step to step, worked out once: context keys and values of every
/// cross-attention (one set per clip, shared by its frames), the image branch, the fps embedding.
class UnetCondition;

/// What the inner part of the UNet said at one step, kept to stand for what it would say at the next ones: it
/// changes little from step to step (Ma et al. 2023, DeepCache).
struct DeepFeatures {
    /// How many of the outermost skip connections a shallow pass works out anew, with the layers that give
    /// and take them: 1 to I2VGenUnet::skips() - 1. As many as a level has layers going up: that whole level.
    int branch = 1;
    tensor::Tensor hidden;  // at the inner end of those layers, [B * F, ., ., .]; empty: none kept yet
};

class I2VGenUnet {
  public:
    /// `w` is the file's root.
    I2VGenUnet(const weights::WeightScope& w, const UnetConfig& config);
    ~I2VGenUnet();
    I2VGenUnet(I2VGenUnet&&) noexcept;

    const UnetConfig& config() const;

    std::shared_ptr<const UnetCondition> prepare(const nn::Pass& pass, const UnetInputs& inputs) const;

    /// sample [B * F, h, w, in_channels] -> [B * F, h, w, out_channels]. pass.frames is F; any h and w.
    /// pass.chunking.images counts the largest images: of smaller ones as many more are done at once
    /// as take the same memory.
    /// Taps: conv_in, transformer_in, the layers of blocks (down_blocks.0.resnets.0), down_blocks.i,
    /// mid_block, up_blocks.i.
    tensor::Tensor operator()(const nn::Pass& pass, const tensor::Tensor& sample, double timestep,
                              const UnetCondition& condition) const;

    /// The same, and fills `deep->hidden` where `deep` is not null.
    tensor::Tensor operator()(const nn::Pass& pass, const tensor::Tensor& sample, double timestep,
                              const UnetCondition& condition, DeepFeatures* deep) const;

    /// An approximation: the outer layers alone, with `deep`, of another step and as many images, for what
    /// the others would say. Taps: those of the layers that run.
    tensor::Tensor shallow(const nn::Pass& pass, const tensor::Tensor& sample, double timestep,
                           const UnetCondition& condition, const DeepFeatures& deep) const;

    /// What is known of one clip of a condition's batch, sharing its numbers.
    static std::shared_ptr<const UnetCondition> only(const UnetCondition& condition, std::int64_t clip);

    /// Skip connections between its two sides.
    int skips() const;

    /// Parts on their own, for parity: [B, 145, context_width] and [B, 4 * channels[0]].
    tensor::Tensor context(const nn::Pass& pass, const UnetInputs& inputs) const;
    tensor::Tensor embedding(const nn::Pass& pass, double timestep, std::span<const double> fps) const;

    static weights::FileHabits file_habits();
    /// With bf16 and int8: the products of resnets, transformers, temporal convolutions and changes of size.
    /// Floats stay conv_in and conv_out and what is made of the picture's latents; with int8 also everything
    /// that sees the time step, and what is worked out once per clip. transformer_in and shortcuts are a kind
    /// finer than the others: bf16 with int8, f32 with bf16.
    static weights::PrecisionPolicy precision_policy(tensor::Precision precision);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace stillreel::models
