#include "animatic/view.h"

#include <cmath>
#include <numbers>

namespace stillreel::animatic {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;

}  // namespace

Projected View::project(const Vec3& world) const {
    const float dx = world.x - position.x, dy = world.y - position.y, dz = world.z - position.z;
    const float x = rotation[0] * dx + rotation[1] * dy + rotation[2] * dz;
    const float y = rotation[3] * dx + rotation[4] * dy + rotation[5] * dz;
    const float z = rotation[6] * dx + rotation[7] * dy + rotation[8] * dz;
    if (z <= 0) return {0, 0, 0};
    return {centre_x + focal_px * x / z, centre_y - focal_px * y / z, 1 / z};
}

Vec3 View::unproject(float x, float y, float depth) const {
    const float rx = (x - centre_x) / focal_px * depth, ry = (centre_y - y) / focal_px * depth;
    return {position.x + rotation[0] * rx + rotation[3] * ry + rotation[6] * depth,
            position.y + rotation[1] * rx + rotation[4] * ry + rotation[7] * depth,
            position.z + rotation[2] * rx + rotation[5] * ry + rotation[8] * depth};
}

View view_of(const prompt::CameraPose& pose, const Framing& framing, double base_focal_mm,
             image::Size frame) {
    const double cp = std::cos(pose.pan * kRadians), sp = std::sin(pose.pan * kRadians);
    const double ct = std::cos(pose.tilt * kRadians), st = std::sin(pose.tilt * kRadians);
    const double cr = std::cos(pose.roll * kRadians), sr = std::sin(pose.roll * kRadians);
    // The axes after yaw and pitch; roll then turns right and up about the third one.
    const double side[3] = {cp, 0, -sp};
    const double above[3] = {-st * sp, ct, -st * cp};
    const double ahead[3] = {ct * sp, st, ct * cp};
    View view;
    for (int i = 0; i < 3; ++i) {
        view.rotation[i] = static_cast<float>(cr * side[i] - sr * above[i]);
        view.rotation[3 + i] = static_cast<float>(sr * side[i] + cr * above[i]);
        view.rotation[6 + i] = static_cast<float>(ahead[i]);
    }
    view.position = {static_cast<float>(pose.x), static_cast<float>(pose.y), static_cast<float>(pose.z)};
    view.focal_px = static_cast<float>(framing.focal_px * pose.focal_mm / base_focal_mm);
    view.centre_x = static_cast<float>(frame.width_px) / 2;
    view.centre_y = static_cast<float>(frame.height_px) / 2;
    return view;
}

Vec3 world_of(const Framing& framing, double u, double v, double w) {
    const double texel_at_unit = framing.texel_per_px * framing.focal_px;
    return {static_cast<float>((u - framing.centre_u) / texel_at_unit / w),
            static_cast<float>((framing.centre_v - v) / texel_at_unit / w), static_cast<float>(1 / w)};
}

}  // namespace stillreel::animatic
