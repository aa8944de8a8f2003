// What the encoder and the decoder of the autoencoder are both made of.
#pragma once

#include <optional>
#include <vector>

#include "models/vae.h"
#include "nn/resnet_block.h"

namespace stillreel::models {

/// Epsilon of every group norm in the autoencoder.
inline constexpr float kVaeEpsilon = 1e-6f;

/// Every pixel looks at every other one, with one head over all channels; the input is added.
class VaeAttention {
  public:
    VaeAttention(const weights::WeightScope& w, std::int64_t channels, int groups);
    /// x [N, H, W, C] -> the same.
    tensor::Tensor operator()(const nn::Pass& pass, tensor::Tensor x) const;

  private:
    std::int64_t channels_;
    nn::GroupNorm group_norm_;
    nn::StackedLinear qkv_;
    nn::Linear to_out_;
};

/// diffusers' UNetMidBlock2D: resnet, attention, resnet.
class VaeMidBlock {
  public:
    VaeMidBlock(const weights::WeightScope& w, const VaeConfig& config);
    tensor::Tensor operator()(const nn::Pass& pass, tensor::Tensor x) const;

  private:
    nn::ResnetBlock first_;
    VaeAttention attention_;
    nn::ResnetBlock second_;
};

/// "resnets.0" ... one after the other, the first one from `in` channels.
class VaeResnets {
  public:
    VaeResnets(const weights::WeightScope& w, int count, std::int64_t in, std::int64_t out, int groups);
    tensor::Tensor operator()(const nn::Pass& pass, tensor::Tensor x) const;

  private:
    std::vector<nn::ResnetBlock> resnets_;
};

/// conv_norm_out, SiLU, conv_out.
class VaeHead {
  public:
    VaeHead(const weights::WeightScope& w, std::int64_t in, std::int64_t out, int groups);
    tensor::Tensor operator()(const nn::Pass& pass, tensor::Tensor x) const;

  private:
    nn::GroupNorm conv_norm_out_;
    nn::Conv conv_out_;
};

/// `pass` for layers that are handed no more images than they shall treat at once.
nn::Pass unchunked(const nn::Pass& pass);

}  // namespace stillreel::models
