// Residual convolution blocks and changes of size, as the UNets and autoencoders of diffusers have them.
#pragma once

#include <cstdint>
#include <optional>

#include "nn/basic.h"

namespace stillreel::nn {

struct ResnetConfig {
    std::int64_t in;
    std::int64_t out;
    int groups;
    float epsilon;
    std::int64_t embedding = 0;  // width of the time embedding; 0: the block has none
};

/// diffusers' ResnetBlock2D: norm1, SiLU, conv1 (+ time_emb_proj), norm2, SiLU, conv2, plus the input
/// (through conv_shortcut where the channels differ).
class ResnetBlock {
  public:
    ResnetBlock(const WeightScope& w, const ResnetConfig& config);

    /// x [N, H, W, in] -> [N, H, W, out]. `embedding` is SiLU(time embedding) [R, E], R divides N; empty for
    /// blocks without one. Does pass.chunking.images images at a time.
    Tensor operator()(const Pass& pass, Tensor x, const Tensor& embedding = {}) const;

    /// The same of x and `skip` [N, H, W, .], their channels side by side; an empty skip: of x.
    Tensor joined(const Pass& pass, Tensor x, Tensor skip, const Tensor& embedding) const;

  private:
    Tensor some(Ops& ops, Tensor x, const Tensor& shift) const;

    GroupNorm norm1_;
    Conv conv1_;
    std::optional<Linear> time_emb_proj_;
    GroupNorm norm2_;
    Conv conv2_;
    std::optional<Linear> conv_shortcut_;
};

/// Half the size: a 3x3 convolution of stride 2 called "conv".
class Downsample {
  public:
    /// `window` says the padding: around (UNet), or below and to the right only (autoencoder's encoder).
    Downsample(const WeightScope& w, std::int64_t channels, const tensor::Window& window);
    Tensor operator()(const Pass& pass, const Tensor& x) const;

    static tensor::Window padded_around() { return {3, 3, 2, 1, 1, 1, 1}; }
    static tensor::Window padded_after() { return {3, 3, 2, 0, 0, 1, 1}; }

  private:
    Conv conv_;
};

/// Twice the size, or a size given: nearest neighbour, then a 3x3 convolution called "conv". Both at once
/// where everything becomes twice as large: 16 of 36 products.
class Upsample {
  public:
    /// Sizes that it may be given; `any` keeps the weights in two forms.
    enum class Sizes { twice, any };
    Upsample(const WeightScope& w, std::int64_t channels, Sizes sizes);
    Tensor operator()(const Pass& pass, Tensor x, std::optional<ImageSize> size = {}) const;

  private:
    Conv upsampling_conv_;
    std::optional<Conv> conv_;
};

}  // namespace stillreel::nn
