// CLIP's text tower (Radford et al. 2021) as transformers' CLIPTextModel: token ids to one vector per token.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/basic.h"

namespace stillreel::models {

struct ClipTextConfig {
    std::int64_t width = 512;  // "hidden_size"
    std::int64_t inner = 2048;
    int layers = 12;
    int heads = 8;
    std::int64_t vocabulary = 49408;
    std::int64_t context = 77;
    float epsilon = 1e-5f;
    tensor::Activation activation = tensor::Activation::quick_gelu;
};
/// Reads config.json with transformers' defaults. Throws corrupt_data, unsupported (an activation that we do
/// not have).
ClipTextConfig parse_clip_text_config(std::string_view json);

class ClipText {
  public:
    /// `w` is the file's root: names begin with "text_model.".
    ClipText(const weights::WeightScope& w, const ClipTextConfig& config,
             weights::Residence residence = weights::Residence::whole);
    ~ClipText();
    ClipText(ClipText&&) noexcept;

    /// ids [batch * context] -> [batch, context, width]: the output of the layer `clip_skip` before the last,
    /// through final_layer_norm. I2VGen-XL uses 1. 0 <= clip_skip < layers.
    tensor::Tensor encode(const nn::Pass& pass, std::span<const std::int64_t> ids, int clip_skip) const;

    /// Embeddings, then the output of every layer, before final_layer_norm.
    std::vector<tensor::Tensor> hidden_states(const nn::Pass& pass, std::span<const std::int64_t> ids) const;
    tensor::Tensor final_layer_norm(const nn::Pass& pass, tensor::Tensor x) const;

    static weights::FileHabits file_habits();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace stillreel::models
