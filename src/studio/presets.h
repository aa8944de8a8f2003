// Named bundles of knobs. Their frames and rate are what a diffusion model was trained for; the animatic
// engine takes the size and the length (frames / fps) from them and draws as many frames as its own rate asks
// for.
#pragma once

#include <string_view>
#include <vector>

#include "base/rational.h"

namespace stillreel::studio {

struct Preset {
    std::string_view name;
    std::string_view purpose;
    int size_px;  // short side
    int frames;
    Rational fps;
    int steps;
    double guidance;

    double duration_s() const { return frames / fps.value(); }
};

const std::vector<Preset>& presets();

/// Throws invalid_argument listing the names.
const Preset& find_preset(std::string_view name);

}  // namespace stillreel::studio
