// Everything that flies is one of three shapes, drawn anti-aliased into 8-bit pixels, clipped to a band of
// rows.
#pragma once

#include <vector>

#include "animatic/ambience.h"
#include "animatic/effects.h"

namespace stillreel::animatic {

enum class Shape {
    streak,  // a line from (x, y) to (x + ax, y + ay), `radius` px to each side, thinning out towards both
             // ends
    disc,    // a round spot of `radius`; `hardness` 1 fades from its centre on, 3 and more has a body with an
             // edge
    leaf,    // half axes (ax, ay), pointed at both ends, and (bx, by)
};

struct Particle {
    Shape shape = Shape::disc;
    float x = 0, y = 0;  // frame px
    float ax = 0, ay = 0, bx = 0, by = 0;
    float radius = 1;
    float hardness = 1;
    float alpha = 1;
    float cover = 1;  // 1 paints over what is behind, 0 adds light to it
    Rgb colour;
    float w = 1;  // inverse depth: hidden where grid.front_w is larger
};

/// Sorts `particles` from back to front and leaves out those that do not touch the frame or that grid.front_w
/// hides.
ParticleBatch make_batch(const std::vector<Particle>& particles, const FrameGrid& grid, image::Size frame);

/// See Effects::draw_particles.
void draw_batch(const ParticleBatch& batch, const FrameGrid& grid, FrameBuffer& frame, int row_begin,
                int row_end);

}  // namespace stillreel::animatic
