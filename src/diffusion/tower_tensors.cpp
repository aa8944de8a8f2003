#include "diffusion/tower_tensors.h"

#include <fmt/core.h>

#include <optional>

#include "base/error.h"
#include "models/clip_text.h"
#include "models/clip_vision.h"
#include "models/i2vgen_unet.h"
#include "models/vae.h"
#include "tensor/meta/meta_backend.h"

namespace stillreel::diffusion {
namespace {

/// Holds every tensor, as a shape, and remembers which were asked for.
class AskedShapes final : public weights::WeightSource {
  public:
    explicit AskedShapes(std::map<std::string, tensor::Shape>& asked) : asked_(asked) {}
    std::optional<tensor::WeightData> find(const std::string& name, const tensor::Shape& wanted) override {
        asked_.emplace(name, wanted);
        return tensor::WeightData{tensor::DType::f32, wanted, nullptr};
    }
    bool holds(const std::string&) const override { return true; }
    void release(const std::string&) override {}
    std::vector<std::string> names() const override { return {}; }
    std::string where() const override { return "shapes"; }

  private:
    std::map<std::string, tensor::Shape>& asked_;
};

template <class Tower, class Config>
void ask(const Config& config, const weights::FileHabits& habits, TowerTensors& tensors) {
    AskedShapes shapes(tensors.shapes);
    tensor::Ops ops = tensor::meta_ops();
    weights::WeightLoader loader("tower", shapes, ops, habits);
    const Tower tower(loader.root(), config);
    tensors.habits.push_back(habits);
}

}  // namespace

TowerTensors tower_tensors(std::string_view class_name, std::string_view json) {
    using namespace models;
    TowerTensors tensors;
    if (class_name == "CLIPTextModel") {
        ask<ClipText>(parse_clip_text_config(json), ClipText::file_habits(), tensors);
    } else if (class_name == "CLIPVisionModelWithProjection") {
        ask<ClipVision>(parse_clip_vision_config(json), ClipVision::file_habits(), tensors);
    } else if (class_name == "AutoencoderKL") {
        const VaeConfig config = parse_vae_config(json);
        ask<VaeEncoder>(config, vae_file_habits(VaeHalf::encoder), tensors);
        ask<VaeDecoder>(config, vae_file_habits(VaeHalf::decoder), tensors);
    } else if (class_name == "I2VGenXLUNet") {
        ask<I2VGenUnet>(parse_unet_config(json), I2VGenUnet::file_habits(), tensors);
    } else {
        throw Error(ErrorCode::unsupported,
                    fmt::format("the class {} is not one that this engine runs", class_name));
    }
    return tensors;
}

}  // namespace stillreel::diffusion
