// What I2VGen-XL's UNet is told besides the noisy latents: time, frame rate, text and picture. The parts are
// named as in the checkpoint and can be run alone, for parity.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "nn/transformer.h"

namespace stillreel::models {

/// Sinusoids of Vaswani et al. 2017 for N numbers, [N, width]: cosines, then sines, of value * 10000^(-i /
/// half). Angles are float32, as in the reference: at 1000 that moves them by up to 6e-5.
tensor::Tensor sinusoids(tensor::Ops& ops, std::span<const double> values, std::int64_t width);

/// Two linear layers with SiLU between: time_embedding (linear_1, linear_2), fps_embedding and
/// context_embedding (0, 2).
class Embedder {
  public:
    struct Width {
        std::int64_t in, inner, out;
    };
    Embedder(const nn::WeightScope& w, std::string_view first, std::string_view second, const Width& width);
    /// x [N, in] -> [N, out]
    tensor::Tensor operator()(tensor::Ops& ops, const tensor::Tensor& x) const;

  private:
    nn::Linear first_, second_;
};

/// image_latents_proj_in: three convolutions with SiLU between.
class ImageLatentsProjIn {
  public:
    ImageLatentsProjIn(const nn::WeightScope& w, std::int64_t channels);
    /// [N, h, w, channels] -> the same shape.
    tensor::Tensor operator()(tensor::Ops& ops, const tensor::Tensor& x) const;

  private:
    nn::Conv conv0_, conv2_, conv4_;
};

/// image_latents_temporal_encoder: attention over the frames of every pixel and a feed-forward that has no
/// norm.
class ImageLatentsTemporalEncoder {
  public:
    ImageLatentsTemporalEncoder(const nn::WeightScope& w, std::int64_t channels);
    /// [B * pass.frames, S, channels] -> the same shape.
    tensor::Tensor operator()(const nn::Pass& pass, tensor::Tensor x) const;

  private:
    nn::LayerNorm norm1_;
    nn::SelfAttention attn1_;
    nn::FeedForward ff_;
};

/// image_latents_context_embedding: the first frame's latents of any size as 8x8 tokens of context.
class ImageLatentsContextEmbedding {
  public:
    ImageLatentsContextEmbedding(const nn::WeightScope& w, std::int64_t channels, std::int64_t context_width);
    /// [B, h, w, channels] -> [B, 8, 8, context_width]
    tensor::Tensor operator()(tensor::Ops& ops, const tensor::Tensor& x) const;

  private:
    nn::Conv conv0_, conv3_, conv5_;
};

}  // namespace stillreel::models
