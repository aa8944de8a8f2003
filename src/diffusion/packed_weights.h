// The UNet from its weights, or from what an earlier clip kept of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "diffusion/i2vgen_model.h"
#include "diffusion/i2vgen_pipeline.h"

namespace stillreel::diffusion {

struct UnetLoad {
    const I2VGenModel& model;
    const I2VGenRun& run;  // its packed_cache says where weights are kept
    tensor::Precision precision = tensor::Precision::f32;
    std::uint64_t weight_bytes = 0;                // about, of packed weights
    std::function<void(const std::string&)> note;  // may be empty
};

/// As load_unet. With run.packed_cache packed weights are read from a file there, or written to one: no fault
/// of that file is more than a note.
models::I2VGenUnet load_unet(const UnetLoad& load, weights::WeightSource& source, tensor::Ops& ops);

/// The file that load_unet reads or writes.
std::filesystem::path packed_file_of(const UnetLoad& load);

}  // namespace stillreel::diffusion
