// A model folder whose UNet is stored in whole numbers of 8 bits, a quarter of float32: docs/models.md has
// the format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/cancel.h"
#include "base/file.h"

namespace stillreel::diffusion {

struct QuantiseRequest {
    std::filesystem::path model;   // a whole model folder
    std::string variant;           // of its weight files
    std::filesystem::path folder;  // must not exist, or be empty
    std::function<std::uint64_t(const std::filesystem::path&)> free_space = free_bytes;
};

struct QuantisedModel {
    std::uint64_t unet_bytes = 0;    // of the new file
    std::uint64_t before_bytes = 0;  // of the tensors that it was made of
    int quantised = 0;               // tensors
    int kept = 0;                    // as they were
};

struct QuantiseHooks {
    std::function<void(std::uint64_t numbers, std::uint64_t of)> progress;
    const CancelFlag* cancel = nullptr;
};

/// Every tensor that the UNet multiplies in 8 bits with Precision::int8 is stored so, with a scale for every
/// output, just as it would be packed; all else stays as it is, and the files of the other components are
/// links to those of the model where the file system allows it. The folder appears when it is whole. Throws
/// invalid_argument (a folder that is taken; a model that is stored in 8 bits already), io (no room),
/// cancelled and every error of the weights; nothing is left then.
QuantisedModel quantise_model(const QuantiseRequest& request, const QuantiseHooks& hooks);

}  // namespace stillreel::diffusion
