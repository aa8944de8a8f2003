// Texture for places that the picture does not show, copied from places of the same layer that it does show
// (patch-based completion after Wexler et al. 2007 and Barnes et al. 2009, coarse to fine).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "image/image.h"

namespace stillreel::animatic {

/// What to complete, at low resolution; all of `colours`' size.
struct Gap {
    std::vector<std::uint8_t> target;  // 1: to be filled
    std::vector<std::uint8_t> source;  // 1: may be copied; no target among them
};

/// Where each filled cell's texture comes from.
struct PatchFill {
    image::Size size;
    std::vector<std::int16_t> dx, dy;        // offset to the source, cells; meaningful where share > 0
    image::Plane share;                      // 0: not filled (no source, or deep inside); 1: filled
    std::array<image::Plane, 3> correction;  // added to copied colours so that they meet their surroundings

    bool empty() const { return dx.empty(); }
};

/// Fills the targets within `reach_px` of a source. `smooth` (three planes, 0 to 255) is a first guess
/// everywhere. Empty when there is nothing to fill or too little to copy from. Deterministic.
PatchFill complete_by_patches(const image::Image& colours, const Gap& gap,
                              const std::array<image::Plane, 3>& smooth, int reach_px);

}  // namespace stillreel::animatic
