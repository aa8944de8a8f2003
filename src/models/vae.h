// The image autoencoder of Stable Diffusion 2.1 (Rombach et al. 2022), diffusers' AutoencoderKL: pictures to
// latents an eighth of the size and back. Encoder and decoder are loaded apart: they are never needed at the
// same time.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "nn/basic.h"

namespace stillreel::models {

struct VaeConfig {
    std::vector<std::int64_t> channels{64};  // "block_out_channels"
    int layers_per_block = 1;
    std::int64_t image_channels = 3;
    std::int64_t latent_channels = 4;
    int groups = 32;
    double scaling_factor = 0.18215;
    bool quant_conv = true;
    bool post_quant_conv = true;

    /// Pixels per latent pixel and direction.
    std::int64_t scale() const { return std::int64_t{1} << (channels.size() - 1); }
};
/// Throws corrupt_data, unsupported (block types, shift factors and the like that we do not have, by name).
VaeConfig parse_vae_config(std::string_view json);

/// How pictures are treated whose activations would need too much memory (2 KiB a pixel in the decoder): as
/// the reference does when it is told to, in tiles that overlap and are blended. Group norms then see one
/// tile only, which changes numbers; the small-sized part of the network, with its attention, still sees the
/// whole picture.
struct VaeTiling {
    std::int64_t whole = 36864;  // latent pixels of a picture up to which there are no tiles: 2.4 megapixels
    std::int64_t tile = 128;     // latent pixels a side
    std::int64_t overlap = 32;   // of neighbours; less than `tile`
};

class VaeEncoder {
  public:
    /// `w` is the file's root; takes encoder.* and quant_conv.*.
    VaeEncoder(const weights::WeightScope& w, const VaeConfig& config);
    ~VaeEncoder();
    VaeEncoder(VaeEncoder&&) noexcept;
    /// image [N, 8h, 8w, 3] in [-1, 1] -> [N, h, w, 2 * latent_channels]: means, then log-variances (not
    /// clamped yet). pass.chunking.images pictures at a time. Taps: conv_in, down_blocks.i, mid_block.
    tensor::Tensor moments(const nn::Pass& pass, const tensor::Tensor& image,
                           const VaeTiling& tiling = {}) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

class VaeDecoder {
  public:
    /// `w` is the file's root; takes decoder.* and post_quant_conv.*.
    VaeDecoder(const weights::WeightScope& w, const VaeConfig& config);
    ~VaeDecoder();
    VaeDecoder(VaeDecoder&&) noexcept;
    /// For WeightLoader: which layers have this precision. int8: the 3x3 convolutions but for the first and the
    /// last one; every other precision: none.
    static weights::PrecisionPolicy precision_policy(tensor::Precision precision);
    /// latents [N, h, w, 4], already divided by scaling_factor -> [N, 8h, 8w, 3], about [-1, 1].
    /// pass.chunking.images frames at a time. Taps: post_quant_conv, conv_in, mid_block, up_blocks.i.
    tensor::Tensor decode(const nn::Pass& pass, const tensor::Tensor& latents,
                          const VaeTiling& tiling = {}) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

enum class VaeHalf { encoder, decoder };
/// How published files of both halves may differ. Tensors of the half that is not built are not surplus.
weights::FileHabits vae_file_habits(VaeHalf built);

}  // namespace stillreel::models
