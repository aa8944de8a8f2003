// Streets, halls, tunnels: long straight things that run towards one point.
#pragma once

#include <optional>

#include "animatic/analysis_features.h"

namespace stillreel::animatic {

/// Where the lines that run away from us meet, as fractions of the picture.
struct VanishingPoint {
    double x = 0.5, y = 0.5;
};

/// Only where slanting edges on both sides clearly run towards one point in the picture's middle.
std::optional<VanishingPoint> find_corridor(const Features& features);

}  // namespace stillreel::animatic
