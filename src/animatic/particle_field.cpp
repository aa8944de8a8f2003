#include "animatic/particle_field.h"

#include <algorithm>
#include <array>

namespace stillreel::animatic {

ViewBounds bounds_of(const View& view, image::Size frame, float near_depth, float far_depth) {
    const auto width = static_cast<float>(frame.width_px), height = static_cast<float>(frame.height_px);
    constexpr float kMargin = 0.08f;
    ViewBounds bounds{{1e9f, 1e9f, 1e9f}, {-1e9f, -1e9f, -1e9f}};
    for (const float depth : {near_depth, far_depth}) {
        for (const float x : {-kMargin * width, (1 + kMargin) * width}) {
            for (const float y : {-kMargin * height, (1 + kMargin) * height}) {
                const Vec3 p = view.unproject(x, y, depth);
                bounds.low = {std::min(bounds.low.x, p.x), std::min(bounds.low.y, p.y),
                              std::min(bounds.low.z, p.z)};
                bounds.high = {std::max(bounds.high.x, p.x), std::max(bounds.high.y, p.y),
                               std::max(bounds.high.z, p.z)};
            }
        }
    }
    return bounds;
}

Vec3 field_period(const Framing& framing, image::Size frame, float near_depth, float far_depth) {
    const auto focal = static_cast<float>(framing.focal_px);
    const float across = 1.2f * far_depth * static_cast<float>(frame.width_px) / focal;
    const float down = 1.2f * far_depth * static_cast<float>(frame.height_px) / focal;
    return {across, down, far_depth - near_depth};
}

FieldScale field_scale(const Scene& scene) {
    FieldScale field;
    const auto far_w = static_cast<float>(std::clamp(scene.w_far, 0.12, 2.0));
    field.far_depth = std::min(5.0f, 0.98f / far_w);
    field.scale = field.far_depth / 5;
    field.near_depth = 0.3f * field.scale;
    return field;
}

}  // namespace stillreel::animatic
