#include "models/vae_layers.h"

#include <utility>

namespace stillreel::models {

using nn::Pass;
using tensor::Columns;
using tensor::Shape;
using tensor::Tensor;
using weights::WeightScope;

VaeAttention::VaeAttention(const WeightScope& w, std::int64_t channels, int groups)
    : channels_(channels),
      group_norm_(w / "group_norm", {channels, groups, kVaeEpsilon}),
      qkv_(w, {"to_q", "to_k", "to_v"}, channels, channels, nn::Bias::yes),
      to_out_(w / "to_out" / 0, channels, channels) {}

Tensor VaeAttention::operator()(const Pass& pass, Tensor x) const {
    const Shape image = x.shape();
    x = x.reshaped({image[0], image[1] * image[2], channels_});
    const Tensor qkv = qkv_(pass.ops, group_norm_(pass.ops, x));
    const auto part = [&](int i) { return Columns{qkv, i * channels_, channels_}; };
    const Tensor attended = pass.ops.attention(part(0), part(1), part(2), 1);
    return to_out_(pass.ops, attended, {.residual = std::move(x)}).reshaped(image);
}

VaeMidBlock::VaeMidBlock(const WeightScope& w, const VaeConfig& config)
    : first_(w / "resnets" / 0, {config.channels.back(), config.channels.back(), config.groups, kVaeEpsilon}),
      attention_(w / "attentions" / 0, config.channels.back(), config.groups),
      second_(w / "resnets" / 1,
              {config.channels.back(), config.channels.back(), config.groups, kVaeEpsilon}) {}

Tensor VaeMidBlock::operator()(const Pass& pass, Tensor x) const {
    return second_(pass, attention_(pass, first_(pass, std::move(x))));
}

VaeResnets::VaeResnets(const WeightScope& w, int count, std::int64_t in, std::int64_t out, int groups) {
    resnets_.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
        resnets_.emplace_back(w / "resnets" / i,
                              nn::ResnetConfig{i == 0 ? in : out, out, groups, kVaeEpsilon});
}

Tensor VaeResnets::operator()(const Pass& pass, Tensor x) const {
    for (const nn::ResnetBlock& resnet : resnets_) x = resnet(pass, std::move(x));
    return x;
}

VaeHead::VaeHead(const WeightScope& w, std::int64_t in, std::int64_t out, int groups)
    : conv_norm_out_(w / "conv_norm_out", {in, groups, kVaeEpsilon}),
      conv_out_(w / "conv_out", in, out, tensor::Window::same3x3()) {}

Tensor VaeHead::operator()(const Pass& pass, Tensor x) const {
    return conv_out_(pass.ops, conv_norm_out_(pass.ops, std::move(x), 1, tensor::Activation::silu));
}

Pass unchunked(const Pass& pass) { return {pass.ops, 1, {}, pass.tap}; }

}  // namespace stillreel::models
