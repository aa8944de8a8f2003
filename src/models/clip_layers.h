// The transformer that both towers of CLIP are made of (Radford et al. 2021), as transformers' CLIPEncoder:
// layers that normalise first, with a plain feed-forward.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "models/config_fields.h"
#include "nn/basic.h"

namespace stillreel::models {

struct ClipLayersConfig {
    std::int64_t width;
    std::int64_t inner;
    int layers;
    int heads;
    float epsilon;
    tensor::Activation activation;
    tensor::Mask mask;
};

class ClipLayer {
  public:
    ClipLayer(const weights::WeightScope& w, const ClipLayersConfig& config);
    /// x [B, S, width] -> the same. Hand x over (std::move): the sum is made in its place.
    tensor::Tensor operator()(tensor::Ops& ops, tensor::Tensor x) const;

  private:
    ClipLayersConfig config_;
    nn::LayerNorm layer_norm1_;
    nn::StackedLinear qkv_;
    nn::Linear out_proj_;
    nn::LayerNorm layer_norm2_;
    nn::Linear fc1_;
    nn::Linear fc2_;
};

class ClipLayers {
  public:
    /// `w` is the tower's "encoder".
    ClipLayers(const weights::WeightScope& w, const ClipLayersConfig& config, weights::Residence residence);
    /// The first `count` layers, one after the other; `each` is told every layer's output.
    tensor::Tensor operator()(tensor::Ops& ops, tensor::Tensor x, int count,
                              const std::function<void(const tensor::Tensor&)>& each = {}) const;

  private:
    const ClipLayer& layer(int index, std::optional<ClipLayer>& passing) const;

    weights::WeightScope scope_;
    ClipLayersConfig config_;
    std::vector<ClipLayer> layers_;  // none where they are streamed
};

/// "hidden_act". Throws unsupported.
tensor::Activation read_activation(const ConfigFields& fields, tensor::Activation otherwise);

/// What the configs of both towers say about their layers, over the defaults that are there. Throws
/// corrupt_data, unsupported.
template <class Config>
void read_layers(const ConfigFields& fields, Config& config) {
    config.width = fields.count("hidden_size", config.width);
    config.inner = fields.count("intermediate_size", config.inner);
    config.layers = static_cast<int>(fields.count("num_hidden_layers", config.layers));
    config.heads = static_cast<int>(fields.count("num_attention_heads", config.heads));
    config.epsilon = static_cast<float>(fields.positive("layer_norm_eps", config.epsilon));
    config.activation = read_activation(fields, config.activation);
    if (config.width % config.heads != 0) fields.reject("hidden_size", "num_attention_heads must divide it");
}

template <class Config>
ClipLayersConfig layers_of(const Config& config, tensor::Mask mask) {
    return {config.width, config.inner, config.layers, config.heads, config.epsilon, config.activation, mask};
}

}  // namespace stillreel::models
