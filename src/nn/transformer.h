// Transformers over the pixels of an image and over the frames of a clip, as diffusers has them. Tokens are
// the pixels of [N, H, W, C] where they lie; nothing is transposed, also not for attention over frames.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "nn/attention.h"
#include "nn/basic.h"

namespace stillreel::nn {

enum class FeedForwardKind { geglu, gelu };

/// net.0.proj, its activation, net.2.
class FeedForward {
  public:
    FeedForward(const WeightScope& w, std::int64_t width, std::int64_t inner, FeedForwardKind kind);
    /// x [N, S, width] -> the same shape, plus `residual`.
    Tensor operator()(Ops& ops, Tensor x, Tensor residual) const;

  private:
    std::variant<Geglu, Linear> proj_;
    Linear out_;
};

struct TransformerConfig {
    AttentionConfig attention;
    Along along = Along::image;
    /// What attn2 looks at: a context of this width, or, when 0, the tokens themselves again ("double
    /// self-attention").
    std::int64_t context_width = 0;
};

/// diffusers' BasicTransformerBlock: norm1, attn1, norm2, attn2, norm3, ff (GEGLU, four times as wide).
class TransformerBlock {
  public:
    TransformerBlock(const WeightScope& w, const TransformerConfig& config);

    /// Of attn2, for a context [Nc, Sk, context_width].
    Tensor keys_values(Ops& ops, const Tensor& context) const;

    /// x [N, S, width] -> the same shape. `keys_values` is empty for blocks without a context. The
    /// feed-forward does pass.chunking.tokens tokens at a time. `size`: of the image that the tokens are, for
    /// attn1 to merge pass.merged_tokens of them; empty: they are no image.
    Tensor operator()(const Pass& pass, Tensor x, const Tensor& keys_values = {},
                      std::optional<ImageSize> size = {}) const;

  private:
    Tensor attend(const Pass& pass, Tensor x, std::optional<ImageSize> size) const;

    LayerNorm norm1_;
    SelfAttention attn1_;
    LayerNorm norm2_;
    std::variant<CrossAttention, SelfAttention> attn2_;
    LayerNorm norm3_;
    FeedForward ff_;
};

struct TransformerShape {
    std::int64_t channels;
    int groups;
    int heads;
    std::int64_t head_size;
};

/// diffusers' Transformer2DModel with one block: norm, proj_in, transformer_blocks.0, proj_out, plus the
/// input.
class Transformer2D {
  public:
    Transformer2D(const WeightScope& w, const TransformerShape& shape, std::int64_t context_width);

    /// For a context [Nc, Sk, context_width].
    Tensor keys_values(Ops& ops, const Tensor& context) const;

    /// x [N, H, W, C] -> the same shape; Nc divides N. Does pass.chunking.images images at a time.
    Tensor operator()(const Pass& pass, Tensor x, const Tensor& keys_values) const;

  private:
    Tensor some(const Pass& pass, Tensor x, const Tensor& keys_values) const;

    GroupNorm norm_;
    Linear proj_in_;
    TransformerBlock block_;
    Linear proj_out_;
};

/// diffusers' TransformerTemporalModel with one block: the same over the frames of a clip, whose norm takes
/// the whole clip together.
class TransformerTemporal {
  public:
    TransformerTemporal(const WeightScope& w, const TransformerShape& shape);

    /// x [B * pass.frames, H, W, C] -> the same shape. Does about pass.chunking.tokens tokens at a time.
    Tensor operator()(const Pass& pass, Tensor x) const;

  private:
    Tensor some(const Pass& pass, Tensor x, Tensor residual) const;

    GroupNorm norm_;
    Linear proj_in_;
    TransformerBlock block_;
    Linear proj_out_;
};

}  // namespace stillreel::nn
