#include "prompt/camera_path.h"

#include <algorithm>
#include <array>

namespace stillreel::prompt {
namespace {

constexpr std::array kNumbers = {&CameraPose::x,    &CameraPose::y,    &CameraPose::z,       &CameraPose::pan,
                                 &CameraPose::tilt, &CameraPose::roll, &CameraPose::focal_mm};

CameraPose pose_in(const CameraSegment& segment, double time_s) {
    const double t = (time_s - segment.begin_s) / (segment.end_s - segment.begin_s);
    const double s = 1 - t;
    const double b1 = 3 * s * s * t, b2 = 3 * s * t * t, b3 = t * t * t;
    CameraPose pose;
    for (const auto number : kNumbers) {
        const double p0 = segment.p0.*number;
        // Relative to p0, so that four equal control values give exactly that value.
        pose.*number = p0 + b1 * (segment.p1.*number - p0) + b2 * (segment.p2.*number - p0) +
                       b3 * (segment.p3.*number - p0);
    }
    return pose;
}

}  // namespace

CameraPose pose_at(const CameraPath& path, double time_s) {
    if (path.segments.empty()) return {};
    const auto next = std::upper_bound(path.segments.begin(), path.segments.end(), time_s,
                                       [](double t, const CameraSegment& s) { return t < s.begin_s; });
    if (next == path.segments.begin()) return path.segments.front().p0;
    const CameraSegment& segment = *(next - 1);
    return time_s >= segment.end_s ? segment.p3 : pose_in(segment, time_s);
}

bool is_still(const CameraPath& path) {
    if (path.shake.degrees != 0 || path.shake.travel != 0) return false;
    return std::all_of(path.segments.begin(), path.segments.end(), [&](const CameraSegment& s) {
        const CameraPose& first = path.segments.front().p0;
        return s.p0 == first && s.p1 == first && s.p2 == first && s.p3 == first;
    });
}

}  // namespace stillreel::prompt
