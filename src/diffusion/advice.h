// Honest words about requests that I2VGen-XL was not trained for.
#pragma once

#include <string>
#include <vector>

#include "diffusion/i2vgen_pipeline.h"

namespace stillreel::diffusion {

/// At most one line each about frames, frame rate and size; empty for what the model knows: 16 or 32 frames,
/// told 8 or 16 a second, at about the area of 1280x704 (Zhang et al. 2023) or the 512 px that it was warmed
/// up with.
std::vector<std::string> advice_on(const I2VGenRequest& request);

}  // namespace stillreel::diffusion
