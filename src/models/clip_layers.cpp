#include "models/clip_layers.h"

#include <utility>

namespace stillreel::models {

using tensor::Columns;
using tensor::Ops;
using tensor::Tensor;
using weights::WeightScope;

ClipLayer::ClipLayer(const WeightScope& w, const ClipLayersConfig& config)
    : config_(config),
      layer_norm1_(w / "layer_norm1", config.width, config.epsilon),
      qkv_(w / "self_attn", {"q_proj", "k_proj", "v_proj"}, config.width, config.width, nn::Bias::yes),
      out_proj_(w / "self_attn" / "out_proj", config.width, config.width),
      layer_norm2_(w / "layer_norm2", config.width, config.epsilon),
      fc1_(w / "mlp" / "fc1", config.width, config.inner),
      fc2_(w / "mlp" / "fc2", config.inner, config.width) {}

Tensor ClipLayer::operator()(Ops& ops, Tensor x) const {
    const Tensor qkv = qkv_(ops, layer_norm1_(ops, x));
    const auto part = [&](int i) { return Columns{qkv, i * config_.width, config_.width}; };
    const Tensor attended = ops.attention(part(0), part(1), part(2), config_.heads, config_.mask);
    x = out_proj_(ops, attended, {.residual = std::move(x)});
    const Tensor inner = fc1_(ops, layer_norm2_(ops, x), {.activation = config_.activation});
    return fc2_(ops, inner, {.residual = std::move(x)});
}

ClipLayers::ClipLayers(const WeightScope& w, const ClipLayersConfig& config, weights::Residence residence)
    : scope_(w / "layers"), config_(config) {
    if (residence == weights::Residence::streamed) return;
    layers_.reserve(static_cast<std::size_t>(config.layers));
    for (int i = 0; i < config.layers; ++i) layers_.emplace_back(scope_ / i, config);
}

const ClipLayer& ClipLayers::layer(int index, std::optional<ClipLayer>& passing) const {
    if (!layers_.empty()) return layers_[static_cast<std::size_t>(index)];
    passing.reset();  // before the next one takes memory
    return passing.emplace(scope_ / index, config_);
}

Tensor ClipLayers::operator()(Ops& ops, Tensor x, int count,
                              const std::function<void(const Tensor&)>& each) const {
    STILLREEL_CHECK(count >= 0 && count <= config_.layers);
    std::optional<ClipLayer> passing;
    for (int i = 0; i < count; ++i) {
        x = layer(i, passing)(ops, std::move(x));
        if (each) each(x);
    }
    return x;
}

tensor::Activation read_activation(const ConfigFields& fields, tensor::Activation otherwise) {
    const std::string name = fields.text("hidden_act", "");
    if (name.empty()) return otherwise;
    if (name == "gelu") return tensor::Activation::gelu;
    if (name == "quick_gelu") return tensor::Activation::quick_gelu;
    fields.refuse("hidden_act");
}

}  // namespace stillreel::models
