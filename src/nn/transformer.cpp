#include "nn/transformer.h"

#include "nn/chunks.h"
#include "tensor/token_merging.h"

namespace stillreel::nn {
namespace {

using tensor::Activation;
using tensor::Shape;

constexpr float kLayerNormEpsilon = 1e-5f;  // torch's default
constexpr float kGroupNormEpsilon = 1e-6f;  // of diffusers' transformers
constexpr std::int64_t kFeedForwardFactor = 4;

std::variant<Geglu, Linear> first_of(const WeightScope& w, std::int64_t width, std::int64_t inner,
                                     FeedForwardKind kind) {
    const WeightScope proj = w / "net" / 0 / "proj";
    if (kind == FeedForwardKind::geglu) return Geglu(proj, width, inner);
    return Linear(proj, width, inner);
}

std::variant<CrossAttention, SelfAttention> second_of(const WeightScope& w, const TransformerConfig& config) {
    if (config.context_width) return CrossAttention(w, config.attention, config.context_width);
    return SelfAttention(w, config.attention, config.along);
}

AttentionConfig attention_of(const TransformerShape& shape) {
    return {shape.heads * shape.head_size, shape.heads, shape.head_size};
}

/// [N, H, W, C] as tokens [N, H * W, C].
Tensor tokens_of(const Tensor& image) {
    const Shape& shape = image.shape();
    return image.reshaped({shape[0], shape[1] * shape[2], shape[3]});
}

}  // namespace

FeedForward::FeedForward(const WeightScope& w, std::int64_t width, std::int64_t inner, FeedForwardKind kind)
    : proj_(first_of(w, width, inner, kind)), out_(w / "net" / 2, inner, width) {}

Tensor FeedForward::operator()(Ops& ops, Tensor x, Tensor residual) const {
    const auto* geglu = std::get_if<Geglu>(&proj_);
    const Tensor h =
        geglu ? (*geglu)(ops, x) : std::get<Linear>(proj_)(ops, x, {.activation = Activation::gelu});
    x = Tensor();
    return out_(ops, h, {.residual = std::move(residual)});
}

TransformerBlock::TransformerBlock(const WeightScope& w, const TransformerConfig& config)
    : norm1_(w / "norm1", config.attention.width, kLayerNormEpsilon),
      attn1_(w / "attn1", config.attention, config.along),
      norm2_(w / "norm2", config.attention.width, kLayerNormEpsilon),
      attn2_(second_of(w / "attn2", config)),
      norm3_(w / "norm3", config.attention.width, kLayerNormEpsilon),
      ff_(w / "ff", config.attention.width, kFeedForwardFactor * config.attention.width,
          FeedForwardKind::geglu) {}

Tensor TransformerBlock::keys_values(Ops& ops, const Tensor& context) const {
    return std::get<CrossAttention>(attn2_).keys_values(ops, context);
}

Tensor TransformerBlock::attend(const Pass& pass, Tensor x, std::optional<ImageSize> size) const {
    Ops& ops = pass.ops;
    Tensor normed = norm1_(ops, x);
    const std::int64_t merged =
        size ? tensor::count_merged(size->height, size->width, pass.merged_tokens) : 0;
    if (merged == 0) return attn1_(pass, std::move(normed), std::move(x));
    const Tensor slots = ops.match_tokens(x, size->height, size->width, merged, attn1_.precision());
    normed = ops.merge_tokens(normed, slots, x.shape()[1] - merged);
    return ops.unmerge_tokens(attn1_(pass, std::move(normed), {}), slots, std::move(x));
}

Tensor TransformerBlock::operator()(const Pass& pass, Tensor x, const Tensor& keys_values,
                                    std::optional<ImageSize> size) const {
    Ops& ops = pass.ops;
    x = attend(pass, std::move(x), size);
    Tensor normed = norm2_(ops, x);
    if (const auto* cross = std::get_if<CrossAttention>(&attn2_))
        x = (*cross)(pass, std::move(normed), keys_values, std::move(x));
    else
        x = std::get<SelfAttention>(attn2_)(pass, std::move(normed), std::move(x));

    const Shape shape = x.shape();
    const std::int64_t tokens = shape[0] * shape[1];
    Tensor rows = x.reshaped({tokens, shape[2]});
    x = Tensor();
    rows = in_chunks(ops, std::move(rows), pass.chunking.tokens, tokens, [&](Tensor part, std::int64_t) {
        // As tokens of one image: rows are not images to be treated apart.
        const Shape some = part.shape();
        part = part.reshaped({1, some[0], some[1]});
        Tensor input = norm3_(ops, part);
        return ff_(ops, std::move(input), std::move(part)).reshaped(some);
    });
    return rows.reshaped(shape);
}

Transformer2D::Transformer2D(const WeightScope& w, const TransformerShape& shape, std::int64_t context_width)
    : norm_(w / "norm", {shape.channels, shape.groups, kGroupNormEpsilon}),
      proj_in_(w / "proj_in", shape.channels, attention_of(shape).width),
      block_(w / "transformer_blocks" / 0, {attention_of(shape), Along::image, context_width}),
      proj_out_(w / "proj_out", attention_of(shape).width, shape.channels) {}

Tensor Transformer2D::keys_values(Ops& ops, const Tensor& context) const {
    return block_.keys_values(ops, context);
}

Tensor Transformer2D::operator()(const Pass& pass, Tensor x, const Tensor& keys_values) const {
    const std::int64_t images = x.shape()[0];
    const std::int64_t period = images / keys_values.shape()[0];
    return in_chunks(
        pass.ops, std::move(x), pass.chunking.images, period, [&](Tensor part, std::int64_t begin) {
            const std::int64_t count = part.shape()[0];
            return some(pass, std::move(part), rows_of_images(keys_values, images, begin, count));
        });
}

Tensor Transformer2D::some(const Pass& pass, Tensor x, const Tensor& keys_values) const {
    const Shape shape = x.shape();
    Tensor h = norm_(pass.ops, x);
    h = proj_in_(pass.ops, tokens_of(h));
    h = block_(pass, std::move(h), keys_values, ImageSize{shape[1], shape[2]});
    return proj_out_(pass.ops, h, {.residual = std::move(x)}).reshaped(shape);
}

TransformerTemporal::TransformerTemporal(const WeightScope& w, const TransformerShape& shape)
    : norm_(w / "norm", {shape.channels, shape.groups, kGroupNormEpsilon}),
      proj_in_(w / "proj_in", shape.channels, attention_of(shape).width),
      block_(w / "transformer_blocks" / 0, {attention_of(shape), Along::frames, 0}),
      proj_out_(w / "proj_out", attention_of(shape).width, shape.channels) {}

Tensor TransformerTemporal::operator()(const Pass& pass, Tensor x) const {
    const Shape shape = x.shape();
    const std::int64_t pixels = shape[1] * shape[2];
    const std::int64_t at_once = pass.chunking.tokens / shape[0];
    Tensor h = tokens_of(norm_(pass.ops, x, pass.frames));
    if (pass.chunking.tokens <= 0 || std::max<std::int64_t>(1, at_once) >= pixels)
        return some(pass, std::move(h), std::move(x)).reshaped(shape);

    // A few pixels of all frames at a time; the result takes the place of the normalised input.
    x = tokens_of(x);
    Pass part = pass;
    part.chunking.tokens = 0;
    for (std::int64_t begin = 0; begin < pixels;) {
        const std::int64_t count = std::min(std::max<std::int64_t>(1, at_once), pixels - begin);
        const Tensor done =
            some(part, pass.ops.copy_tokens(h, begin, count), pass.ops.copy_tokens(x, begin, count));
        pass.ops.put_tokens(h, begin, done);
        begin += count;
    }
    return h.reshaped(shape);
}

/// x normalised, [N, S, C]; `residual` of as many elements.
Tensor TransformerTemporal::some(const Pass& pass, Tensor x, Tensor residual) const {
    Tensor h = proj_in_(pass.ops, x);
    x = Tensor();
    h = block_(pass, std::move(h));
    return proj_out_(pass.ops, h, {.residual = std::move(residual)});
}

}  // namespace stillreel::nn
