// A model folder as the pipeline needs it: components of classes that we know, configs that agree with each
// other, and where each tower's weights come from.
#pragma once

#include <memory>
#include <string>

#include "diffusion/image_preparation.h"
#include "diffusion/noise_schedule.h"
#include "models/clip_text.h"
#include "models/clip_vision.h"
#include "models/i2vgen_unet.h"
#include "models/vae.h"
#include "weights/model_folder.h"
#include "weights/weight_source.h"

namespace stillreel::diffusion {

struct I2VGenModel {
    weights::ModelFolder folder;
    models::ClipTextConfig text;
    models::ClipVisionConfig vision;
    models::VaeConfig vae;
    models::UnetConfig unet;
    ClipPreprocessing preprocessing;
    std::string scheduler_json;
};

/// Names of the components with weights, as in model_index.json.
inline constexpr const char* kTextEncoder = "text_encoder";
inline constexpr const char* kImageEncoder = "image_encoder";
inline constexpr const char* kVae = "vae";
inline constexpr const char* kUnet = "unet";
inline constexpr const char* kWeighted[] = {kTextEncoder, kImageEncoder, kVae, kUnet};

/// Reads the configs. Throws not_found (a component or its config), unsupported (a class that we do not
/// have), corrupt_data (configs that are damaged or contradict each other).
I2VGenModel read_model(const weights::ModelFolder& folder);

/// Opens a component's weight files. With a variant that this component lacks, its plain files: publishers
/// often ship a variant of the large towers only. Throws not_found, corrupt_data.
std::unique_ptr<weights::WeightSource> open_component(const I2VGenModel& model, const char* component,
                                                      const std::string& variant);

/// Throws not_found when a variant is asked for that no component has.
void check_variant(const I2VGenModel& model, const std::string& variant);

/// Looks for every tensor of every tower in its files, by name and shape, without reading numbers. Throws
/// what a load would throw, and not_found when no component has the variant.
void check_weights(const I2VGenModel& model, const std::string& variant);

/// Towers that run once a clip: their layers are streamed from `source`, which must outlive them, as must
/// `ops`. Throw corrupt_data, as does running them.
models::ClipText stream_text(const I2VGenModel& model, weights::WeightSource& source, tensor::Ops& ops);
models::ClipVision stream_vision(const I2VGenModel& model, weights::WeightSource& source, tensor::Ops& ops);

/// Build a tower from its weights; every tensor must have found its place. Throw corrupt_data.
models::VaeEncoder load_encoder(const I2VGenModel& model, weights::WeightSource& source, tensor::Ops& ops);
models::VaeDecoder load_decoder(const I2VGenModel& model, weights::WeightSource& source, tensor::Ops& ops,
                                tensor::Precision precision = tensor::Precision::f32);
models::I2VGenUnet load_unet(const I2VGenModel& model, weights::WeightSource& source, tensor::Ops& ops,
                             tensor::Precision precision);

}  // namespace stillreel::diffusion
