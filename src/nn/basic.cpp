#include "nn/basic.h"

#include <optional>
#include <vector>

namespace stillreel::nn {
namespace {

using tensor::Shape;
using tensor::WeightData;
using weights::TakenWeight;

std::optional<TakenWeight> take_bias(const WeightScope& w, std::int64_t out, Bias bias) {
    if (bias == Bias::no) return std::nullopt;
    return w.take("bias", Shape{out});
}

const WeightData* data_of(const std::optional<TakenWeight>& weight) {
    return weight ? &weight->data() : nullptr;
}

/// A norm's gamma and beta are vectors that are read where they lie.
Tensor take_vector(const WeightScope& w, std::string_view name, std::int64_t size) {
    return w.ops().upload(w.take(name, Shape{size}));
}

}  // namespace

Linear::Linear(const WeightScope& w, std::int64_t in, std::int64_t out, Bias bias) {
    const TakenWeight weight = w.take("weight", Shape{out, in});
    const auto offset = take_bias(w, out, bias);
    packed_ = w.ops().pack_linear(weight, data_of(offset), w.precision());
}

Tensor Linear::operator()(Ops& ops, const Tensor& x, tensor::Epilogue epilogue) const {
    return ops.linear(x, *packed_, std::move(epilogue));
}

StackedLinear::StackedLinear(const WeightScope& w, std::initializer_list<std::string_view> parts,
                             std::int64_t in, std::int64_t out, Bias bias)
    : out_(out) {
    std::vector<TakenWeight> taken;
    std::vector<WeightData> weights;
    std::vector<WeightData> biases;
    taken.reserve(parts.size() * 2);
    for (const std::string_view part : parts) {
        weights.push_back(taken.emplace_back((w / part).take("weight", Shape{out, in})));
        if (bias == Bias::yes) biases.push_back(taken.emplace_back((w / part).take("bias", Shape{out})));
    }
    packed_ = w.ops().pack_stacked(weights, biases, (w / *parts.begin()).precision());
}

Tensor StackedLinear::operator()(Ops& ops, const Tensor& x) const { return ops.linear(x, *packed_); }

Geglu::Geglu(const WeightScope& w, std::int64_t in, std::int64_t inner) {
    const TakenWeight weight = w.take("weight", Shape{2 * inner, in});
    const TakenWeight bias = w.take("bias", Shape{2 * inner});
    packed_ = w.ops().pack_geglu(weight, &bias.data(), w.precision());
}

Tensor Geglu::operator()(Ops& ops, const Tensor& x) const { return ops.linear(x, *packed_); }

Conv::Conv(const WeightScope& w, std::int64_t in, std::int64_t out, const tensor::Window& window, Bias bias) {
    const TakenWeight weight = w.take("weight", window == tensor::Window::temporal3()
                                                    ? Shape{out, in, window.kernel_h, 1, 1}
                                                    : Shape{out, in, window.kernel_h, window.kernel_w});
    const auto offset = take_bias(w, out, bias);
    packed_ = w.ops().pack_conv(weight, data_of(offset), window, w.precision());
}

Tensor Conv::operator()(Ops& ops, const Tensor& x, tensor::Epilogue epilogue) const {
    return ops.conv(x, *packed_, std::move(epilogue));
}

GroupNorm::GroupNorm(const WeightScope& w, const GroupNormConfig& config)
    : config_(config),
      gamma_(take_vector(w, "weight", config.channels)),
      beta_(take_vector(w, "bias", config.channels)) {}

Tensor GroupNorm::operator()(Ops& ops, Tensor x, std::int64_t images_per_group,
                             tensor::Activation activation) const {
    return ops.group_norm(std::move(x), gamma_, beta_, config_.groups, config_.epsilon, images_per_group,
                          activation);
}

LayerNorm::LayerNorm(const WeightScope& w, std::int64_t features, float epsilon)
    : epsilon_(epsilon),
      gamma_(take_vector(w, "weight", features)),
      beta_(take_vector(w, "bias", features)) {}

Tensor LayerNorm::operator()(Ops& ops, Tensor x) const {
    return ops.layer_norm(std::move(x), gamma_, beta_, epsilon_);
}

Embedding::Embedding(const WeightScope& w, std::int64_t count, std::int64_t features)
    : table_(w.ops().upload(w.take("weight", Shape{count, features}))) {}

Tensor Embedding::operator()(Ops& ops, std::span<const std::int64_t> ids) const {
    return ops.gather_rows(table_, ids);
}

}  // namespace stillreel::nn
