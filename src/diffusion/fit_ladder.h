// Does a clip fit into the memory that is free, and if not: what to give up, each way with its own numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "diffusion/cost_memory.h"
#include "diffusion/i2vgen_pipeline.h"

namespace stillreel::diffusion {

/// A clip as it could be made.
struct Rung {
    std::string change;  // against the request: "low-memory mode, 8 frames"; empty for the request itself
    int width_px = 0;
    int height_px = 0;
    int frames = 0;
    int steps = 0;
    Memory memory = Memory::normal;
    I2VGenCost cost;
    double seconds = 0;
    bool fits = false;
};

struct Fit {
    std::uint64_t free_bytes = 0;
    Rung wanted;
    /// Remedies, the gentlest first, up to the first that fits; empty when `wanted` does. When none fits the
    /// list is whole and its last entry is the smallest clip that we know.
    std::vector<Rung> ladder;
    /// Half of the steps. Saves time, no memory.
    Rung fewer_steps;

    /// `wanted` or the first of the ladder that fits; null when nothing does.
    const Rung* first_fitting() const;
};

/// Throws what cost_of throws.
Fit fit_of(const weights::ModelFolder& model, const I2VGenRequest& request, std::uint64_t free_bytes,
           const Pace& pace);
/// The same, with costs that are known already.
Fit fit_of(const weights::ModelFolder& model, const I2VGenRequest& request, std::uint64_t free_bytes,
           const Pace& pace, CostMemory& costs);

/// Makes the request that of the rung.
void climb(const Rung& rung, I2VGenRequest& request);

}  // namespace stillreel::diffusion
