// Multi-head attention (Vaswani et al. 2017) as diffusers' Attention names its parts: to_q, to_k, to_v,
// to_out.0. Where to_out is in another precision than f32, attention itself may multiply in bfloat16.
#pragma once

#include <cstdint>

#include "nn/basic.h"

namespace stillreel::nn {

struct AttentionConfig {
    std::int64_t width;  // of the tokens that ask and of the result
    int heads;
    std::int64_t head_size;

    std::int64_t inner() const { return heads * head_size; }
};

/// What a token of self-attention sees: the tokens of its own image, or its own place in all frames of the
/// clip.
enum class Along { image, frames };

class SelfAttention {
  public:
    SelfAttention(const WeightScope& w, const AttentionConfig& config, Along along);
    /// x [N, S, width] -> the same shape, plus `residual` where it is not empty.
    Tensor operator()(const Pass& pass, Tensor x, Tensor residual) const;
    tensor::Precision precision() const { return to_out_.precision(); }

  private:
    AttentionConfig config_;
    Along along_;
    StackedLinear to_qkv_;
    Linear to_out_;
};

class CrossAttention {
  public:
    CrossAttention(const WeightScope& w, const AttentionConfig& config, std::int64_t context_width);

    /// Keys and values of a context [Nc, Sk, context_width], side by side: [Nc, Sk, 2 * inner].
    Tensor keys_values(Ops& ops, const Tensor& context) const;

    /// x [N, S, width] -> the same shape, plus `residual`. Nc divides N: neighbouring images share a context.
    Tensor operator()(const Pass& pass, Tensor x, const Tensor& keys_values, Tensor residual) const;

  private:
    AttentionConfig config_;
    Linear to_q_;
    StackedLinear to_kv_;
    Linear to_out_;
};

}  // namespace stillreel::nn
