#include "nn/attention.h"

namespace stillreel::nn {

using tensor::Columns;

SelfAttention::SelfAttention(const WeightScope& w, const AttentionConfig& config, Along along)
    : config_(config),
      along_(along),
      to_qkv_(w, {"to_q", "to_k", "to_v"}, config.width, config.inner(), Bias::no),
      to_out_(w / "to_out" / 0, config.inner(), config.width) {}

Tensor SelfAttention::operator()(const Pass& pass, Tensor x, Tensor residual) const {
    Tensor qkv = to_qkv_(pass.ops, x);
    x = Tensor();
    const std::int64_t inner = config_.inner();
    const Columns q{qkv, 0, inner}, k{qkv, inner, inner}, v{qkv, 2 * inner, inner};
    const Tensor seen =
        along_ == Along::image
            ? pass.ops.attention(q, k, v, config_.heads, tensor::Mask::none, to_out_.precision())
            : pass.ops.temporal_attention(q, k, v, config_.heads, pass.frames);
    qkv = Tensor();
    return to_out_(pass.ops, seen, {.residual = std::move(residual)});
}

CrossAttention::CrossAttention(const WeightScope& w, const AttentionConfig& config,
                               std::int64_t context_width)
    : config_(config),
      to_q_(w / "to_q", config.width, config.inner(), Bias::no),
      to_kv_(w, {"to_k", "to_v"}, context_width, config.inner(), Bias::no),
      to_out_(w / "to_out" / 0, config.inner(), config.width) {}

Tensor CrossAttention::keys_values(Ops& ops, const Tensor& context) const { return to_kv_(ops, context); }

Tensor CrossAttention::operator()(const Pass& pass, Tensor x, const Tensor& keys_values,
                                  Tensor residual) const {
    Tensor q = to_q_(pass.ops, x);
    x = Tensor();
    const std::int64_t inner = config_.inner();
    const Tensor seen =
        pass.ops.attention(Columns::all(q), {keys_values, 0, inner}, {keys_values, inner, inner},
                           config_.heads, tensor::Mask::none, to_out_.precision());
    q = Tensor();
    return to_out_(pass.ops, seen, {.residual = std::move(residual)});
}

}  // namespace stillreel::nn
