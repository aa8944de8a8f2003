// A scene whose every number is known: a textured wall far away and a textured disc near, each in its own
// colours.
#pragma once

#include <cstdint>

#include "image/image.h"

namespace stillreel::testing {

/// Smooth noise in [0, 1] at any point, about 12 px from hill to hill; equal seeds give equal textures.
float texture_value(double x, double y, std::uint64_t seed);

/// Wall (blue-grey, inverse depth 0.25), disc (orange, 0.9) with its mask. `ring_px` > 0: a magenta border of
/// the picture, which no frame may show.
struct MadeScene {
    image::Image picture;
    image::Plane depth;
    image::Plane disc;
    image::Plane wall;  // away from the disc and from the edge between them
};
MadeScene made_scene(image::Size size = {640, 360}, int ring_px = 0);

}  // namespace stillreel::testing
