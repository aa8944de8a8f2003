// An endless field of particles around the camera: one box of them, repeated in all directions of the world,
// so that the camera may go and look anywhere and any moment can be drawn first.
#pragma once

#include <cmath>

#include "animatic/view.h"

namespace stillreel::animatic {

/// A world box around the part of the view between two depths.
struct ViewBounds {
    Vec3 low, high;
};
ViewBounds bounds_of(const View& view, image::Size frame, float near_depth, float far_depth);

/// The repeated box for a range of depths: a little more than the unmoved view shows. Depends on the framing
/// alone, so it is the same for the whole clip.
Vec3 field_period(const Framing& framing, image::Size frame, float near_depth, float far_depth);

/// Depth of the scene's far end and of the nearest particles: 5 and 0.3 in a deep scene; in a shallow one
/// both shrink, and with them speeds and sizes (`scale`), as if the scene were a smaller one of the same
/// shape.
struct FieldScale {
    float scale = 1;
    float near_depth = 0.3f;
    float far_depth = 5;
};
FieldScale field_scale(const Scene& scene);

/// Calls visit(Vec3) for every copy of `point` within `bounds`. Copies above and below lie along the line of
/// fall: x changes by -slant for each unit of y.
template <class Visit>
void repeat_in(const Vec3& point, const Vec3& period, float slant, const ViewBounds& bounds,
               const Visit& visit) {
    const auto first = [](float value, float low, float step) {
        return value + std::ceil((low - value) / step) * step;
    };
    for (float z = first(point.z, bounds.low.z, period.z); z < bounds.high.z; z += period.z) {
        for (float y = first(point.y, bounds.low.y, period.y); y < bounds.high.y; y += period.y) {
            const float column = point.x - slant * (y - point.y);
            for (float x = first(column, bounds.low.x, period.x); x < bounds.high.x; x += period.x) {
                visit(Vec3{x, y, z});
            }
        }
    }
}

/// 1 inside of [near, far], 0 at both and outside: nothing pops up where a range of depths begins.
inline float depth_fade(float depth, float near_depth, float far_depth) {
    const float edge = 0.12f * (far_depth - near_depth);
    const float a = (depth - near_depth) / edge, b = (far_depth - depth) / edge;
    const float fade = a < b ? a : b;
    return fade < 0 ? 0 : fade > 1 ? 1 : fade;
}

}  // namespace stillreel::animatic
