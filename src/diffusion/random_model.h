// A whole model folder with random weights: for benches, and for trying the program without a download.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"
#include "diffusion/i2vgen_model.h"
#include "tensor/tensor.h"

namespace stillreel::diffusion {

/// "i2vgen-xl" (the published sizes), "tiny" (the same model, a thousandth as large).
std::vector<std::string> random_model_configs();

/// One of them as read_model has it, without files: its folder has no components. Throws invalid_argument.
I2VGenModel known_model(const std::string& config);

/// What the files of its components with weights take in float16.
std::map<std::string, std::uint64_t> known_model_bytes(const std::string& config);

struct RandomModelRequest {
    std::string config = "i2vgen-xl";
    std::filesystem::path folder;  // must not exist, or be empty
    tensor::DType type = tensor::DType::f16;
    std::uint64_t seed = 0;
    std::function<std::uint64_t(const std::filesystem::path&)> free_space = free_bytes;
};

struct RandomModel {
    std::uint64_t bytes = 0;  // of all files
    std::int64_t parameters = 0;
};

struct RandomModelHooks {
    std::function<void(std::uint64_t bytes, std::uint64_t of)> progress;
    const CancelFlag* cancel = nullptr;
};

/// Configs, all weights, and a tokenizer of single bytes: the published vocabulary is its owners' to pass on.
/// The folder appears when it is whole. Throws invalid_argument (an unknown config, a folder that is taken),
/// io (no room, a write that failed), cancelled; nothing is left then.
RandomModel write_random_model(const RandomModelRequest& request, const RandomModelHooks& hooks);

}  // namespace stillreel::diffusion
