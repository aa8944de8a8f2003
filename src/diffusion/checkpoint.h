// Where a run stands after a step, on disk: enough to go on with the same bits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stillreel::diffusion {

struct Checkpoint {
    std::string fingerprint;  // of everything that the bits depend on
    int steps_done = 0;
    std::string generator;    // TorchGenerator::state
    std::vector<float> text;  // conditions of the UNet, so that the towers need not run again
    std::vector<float> image_embedding;
    std::vector<float> image_latents;
    std::vector<float> latents;
    std::vector<float> clean;  // what the model had in mind at the last step
    std::vector<float>
        guidance;  // what the halves of the last whole guided step differ by; empty: not needed
    std::vector<std::vector<float>> history;  // Sampler::history
};

/// The file in a scratch folder.
std::filesystem::path checkpoint_file(const std::filesystem::path& scratch);

/// Atomically, over an older one. Throws io.
void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint);

/// Nothing when there is no such file. Throws corrupt_data when it is not whole, io when it cannot be read.
std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& file);

}  // namespace stillreel::diffusion
