#include "animatic/camera_run.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"

namespace stillreel::animatic {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr double kEaseOut_s = 0.4;

// Ratios without a common period, so that the sum does not repeat within a clip. Their weights have root mean
// square 1 as a sum of independent sines: sum of weight^2 / 2 = 1.
struct Partial {
    double frequency, weight;
};
constexpr Partial kPartials[] = {{0.37, 0.90}, {0.71, 0.75}, {1.13, 0.62}, {1.67, 0.38}, {2.39, 0.23}};

/// Smooth noise of root mean square 1, one independent curve per channel; periodic over `period_s` when that
/// is > 0.
double unrest(std::uint64_t seed, std::uint64_t channel, double hertz, double time_s, double period_s) {
    double sum = 0;
    std::uint64_t i = 0;
    for (const Partial& partial : kPartials) {
        double frequency = hertz * partial.frequency;
        if (period_s > 0) frequency = std::max(1.0, std::round(frequency * period_s)) / period_s;
        sum += partial.weight * std::sin(kTurn * (frequency * time_s + hash_unit(seed, channel, ++i)));
    }
    return sum;
}

double part_of_way(double from, double to, double share) { return from + (to - from) * share; }

}  // namespace

double CameraRun::path_length_s() const {
    return path.segments.empty() ? 0 : std::min(duration_s, path.segments.back().end_s);
}

double CameraRun::playing_rate() const {
    return playing == Playing::there_and_back ? path_length_s() / (duration_s / 2) : 1;
}

double CameraRun::path_time(double time_s) const {
    if (playing == Playing::eased_there_and_back)
        return std::min(path_length_s(), stop_s) / 2 * (1 - std::cos(kTurn * time_s / duration_s));
    const double slowing_from = stop_s - kEaseOut_s / 2;
    const double linear = time_s * playing_rate();
    if (linear <= slowing_from) return linear;
    const double since = std::min(linear - slowing_from, kEaseOut_s);
    return std::max(0.0, std::min(slowing_from, linear) + since - since * since / (2 * kEaseOut_s));
}

prompt::CameraPose CameraRun::pose(double time_s) const {
    prompt::CameraPose pose = prompt::pose_at(path, path_time(time_s));
    if (share < 1) {
        const prompt::CameraPose start = prompt::pose_at(path, 0);
        for (double prompt::CameraPose::*part :
             {&prompt::CameraPose::x, &prompt::CameraPose::y, &prompt::CameraPose::z,
              &prompt::CameraPose::pan, &prompt::CameraPose::tilt, &prompt::CameraPose::roll})
            pose.*part = part_of_way(start.*part, pose.*part, share);
        pose.focal_mm = start.focal_mm * std::pow(pose.focal_mm / start.focal_mm, share);
    }
    if (path.shake.degrees == 0 && path.shake.travel == 0) return pose;
    const double period_s = playing == Playing::eased_there_and_back ? duration_s : 0;
    const auto noise = [&](std::uint64_t channel) {
        return unrest(seed, channel, path.shake.hertz, time_s, period_s);
    };
    pose.pan += path.shake.degrees * noise(1);
    pose.tilt += path.shake.degrees * noise(2);
    pose.roll += path.shake.degrees * 0.5 * noise(3);
    pose.x += path.shake.travel * noise(4);
    pose.y += path.shake.travel * noise(5);
    pose.z += path.shake.travel * 0.5 * noise(6);
    return pose;
}

}  // namespace stillreel::animatic
