// CLIP's image tower with projection, as transformers' CLIPVisionModelWithProjection: a picture to one
// vector.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "nn/basic.h"

namespace stillreel::models {

struct ClipVisionConfig {
    std::int64_t width = 768;  // "hidden_size"
    std::int64_t inner = 3072;
    int layers = 12;
    int heads = 12;
    std::int64_t image_px = 224;
    std::int64_t patch_px = 32;
    std::int64_t channels = 3;
    std::int64_t projection = 512;
    float epsilon = 1e-5f;
    tensor::Activation activation = tensor::Activation::quick_gelu;
};
/// Throws corrupt_data, unsupported.
ClipVisionConfig parse_clip_vision_config(std::string_view json);

class ClipVision {
  public:
    /// `w` is the file's root.
    ClipVision(const weights::WeightScope& w, const ClipVisionConfig& config,
               weights::Residence residence = weights::Residence::whole);
    ~ClipVision();
    ClipVision(ClipVision&&) noexcept;

    /// pixels [B, image_px, image_px, 3], normalised -> [B, projection]. Shows to the pass's tap: embeddings,
    /// pre_layrnorm, last_hidden_state, pooled.
    tensor::Tensor operator()(const nn::Pass& pass, const tensor::Tensor& pixels) const;

    static weights::FileHabits file_habits();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace stillreel::models
