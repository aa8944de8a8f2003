// How fast a UNet of I2VGen-XL's kind runs here: passes on random weights of its full size, drawn in memory,
// next to the best matrix product that the same kernels reach.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "diffusion/i2vgen_pipeline.h"
#include "models/i2vgen_unet.h"

namespace stillreel::diffusion {

enum class Profile { no, yes };
/// Random ones take seconds to draw; the same few again and again do for times.
enum class BenchWeights { random, repeated };

struct UnetBenchRequest {
    models::UnetConfig config;
    int width_px = 256;  // multiples of 8
    int height_px = 256;
    int frames = 8;
    int clips = 1;  // 2: as under guidance
    int threads = 1;
    Memory memory = Memory::normal;
    tensor::Precision precision = tensor::Precision::f32;
    std::string only;  // layers with this in their name have that precision, the others f32; empty: all
    double merged_tokens = 0;  // nn::Pass
    int passes = 3;            // timed, after one to warm up; 0: with a profile its pass alone
    Profile profile = Profile::no;
    BenchWeights weights = BenchWeights::random;
};

/// A part of a pass: all operations of a kind, of a kind of block, or of one shape.
struct UnetBenchShare {
    std::string name;
    std::int64_t operations = 0;
    double seconds = 0;
    double flops = 0;  // of the direct algorithm, as meta counts them
    double bytes = 0;  // read and written once each, weights included
};

/// What this machine can do at best, measured beside the passes.
struct MachineLimits {
    double flops_per_second = 0;  // of a large product of floats
    double bytes_per_second = 0;  // of a copy, read and written; 0 without a profile
};

struct UnetBenchResult {
    double load_seconds = 0;      // weights drawn and packed
    double seconds_per_pass = 0;  // median
    double flops = 0;             // of a pass, without what is prepared once per clip
    MachineLimits machine;
    std::uint64_t peak_rss_bytes = 0;  // of the process, so far
    std::uint64_t weight_bytes = 0;    // packed
    std::uint64_t activation_bytes = 0;
    // Of one more pass, slowest first; empty without a profile.
    std::vector<UnetBenchShare> by_operation;
    std::vector<UnetBenchShare> by_layer;
    std::vector<UnetBenchShare> by_layer_and_operation;  // "resnets, conv"
    std::vector<UnetBenchShare> by_block;
    std::vector<UnetBenchShare> by_shape;

    double flops_per_second() const { return flops / seconds_per_pass; }
};

/// Throws out_of_memory, cancelled. `cancel` may be null.
UnetBenchResult bench_unet(const UnetBenchRequest& request, const CancelFlag* cancel);

}  // namespace stillreel::diffusion
