// What a machine makes of a diffusion clip: a minute of measuring pieces of the published model, on random
// weights in memory, from which the time of any clip follows.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "diffusion/i2vgen_model.h"
#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/work.h"

namespace stillreel::diffusion {

/// A piece as it was done once, after one to warm up.
struct MeasuredPiece {
    Work work;
    std::array<double, kWorkKinds> seconds{};  // by WorkKind
    double total() const;
};

struct MeasuredModel {
    tensor::Precision precision = tensor::Precision::f32;
    int side_px = 0;  // of square frames
    int clips = 1;    // 2: a guided pair
    int frames = 0;
    MeasuredPiece pass;
    MeasuredPiece frame;  // of 256x256, decoded by the VAE
};

struct MachineBench {
    int threads = 1;
    MachineSpeed speed;
    std::vector<MeasuredModel> models;  // of the precisions whose UNet fits into the free memory

    /// As measured, and where nothing was, as `speed` lets expect.
    Pace pace_of_unet(tensor::Precision precision) const;
    Pace pace_of_decoding(tensor::Precision precision) const;
    /// Of a clip: loading from a disk whose pages are in memory, towers, steps, decoding. Writing its file is
    /// not in it.
    double seconds_of(const I2VGenCost& cost, tensor::Precision precision) const;
    /// Guided steps of 256x256 and 8 frames in a minute.
    double score(const I2VGenModel& model, tensor::Precision precision) const;
};

struct MachineBenchRequest {
    I2VGenModel model;  // its configs
    int threads = 1;
    std::uint64_t free_bytes = 0;
    std::function<void(const std::string& piece)> begins;  // may be empty
};

/// Throws cancelled, out_of_memory. `cancel` may be null.
MachineBench bench_machine(const MachineBenchRequest& request, const CancelFlag* cancel);

}  // namespace stillreel::diffusion
