// What light and haze do to a row of vertices: written as plain loops over few arrays, so that they become
// vectors.
#pragma once

#include <cstddef>

#include "animatic/ambience.h"
#include "animatic/frame_grid.h"

namespace stillreel::animatic {

/// Haze: colour = colour * dim * (1 - amount[i]) + haze * amount[i], for `count` vertices from `begin` on.
void haze_row(LayerGrid& layer, std::size_t begin, int count, const float* amount, Rgb haze, float dim = 1);

/// Light on things: colour = colour * (1 + gain * amount[i]) + add * amount[i].
void light_row(LayerGrid& layer, std::size_t begin, int count, const float* amount, Rgb gain, Rgb add);

}  // namespace stillreel::animatic
