// What a clip waits for besides the UNet's passes and the decoding: each tower of a model folder loaded as
// the pipeline loads it, and run once where it runs once a clip.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "diffusion/i2vgen_pipeline.h"
#include "weights/model_folder.h"

namespace stillreel::diffusion {

struct LoadBenchRequest {
    weights::ModelFolder model;
    I2VGenRun run;
    int width_px = 256;  // of the picture that the VAE encodes: multiples of 8
    int height_px = 256;
    tensor::Precision precision = tensor::Precision::f32;  // of the UNet
};

struct LoadedTower {
    std::string name;          // "text_encoder"; "check" is the look through all files before
    double load_seconds = 0;   // opened, read and packed, but for layers that are streamed
    double run_seconds = 0;    // once, those layers' reading with it; 0 for what runs more than once a clip
    double leave_seconds = 0;  // its memory given back
    std::uint64_t weight_bytes = 0;  // packed
};

/// In the order of a clip. Throws what the pipeline throws. `cancel` may be null.
std::vector<LoadedTower> bench_load(const LoadBenchRequest& request, const CancelFlag* cancel);

}  // namespace stillreel::diffusion
