#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "prompt/camera_path.h"

namespace stillreel::prompt {
namespace {

constexpr double kDiagonalMm = 43.2666;  // of a 36 x 24 mm frame
constexpr double kShiftPerSecond = 0.05;
constexpr double kScalePerSecond = 1.04;
constexpr double kRollPerSecond = 3.0;
constexpr double kEase = 0.12;  // of a span, at either end
constexpr double kWhipEase = 0.04;
constexpr double kWhipSpeed = 5.0;    // from here on a move is meant to start and stop hard
constexpr double kMaxLogScale = 3.0;  // a scale of 20: nobody's picture has more, and focal lengths stay sane
constexpr double kDegrees = 180.0 / std::numbers::pi;

struct Progress {
    double value = 0;  // 0 to 1
    double rate = 0;   // a second
};

/// One track's way from 0 to 1: speed rises linearly, cruises, falls linearly. The cruise is faster by 1 / (1
/// - ease) so that the whole way is exactly 1.
struct Ease {
    double begin_s, end_s, share;

    Progress at(double time_s) const {
        const double span = end_s - begin_s;
        const double u = std::clamp((time_s - begin_s) / span, 0.0, 1.0);
        const double cruise = 1 / (1 - share);
        if (u < share) return {cruise * u * u / (2 * share), cruise * u / share / span};
        if (u > 1 - share) {
            const double left = 1 - u;
            return {1 - cruise * left * left / (2 * share), cruise * left / share / span};
        }
        return {cruise * (u - share / 2), cruise / span};
    }

    void add_joins(std::set<double>& joins) const {
        const double ramp = share * (end_s - begin_s);
        joins.insert({begin_s, begin_s + ramp, end_s - ramp, end_s});
    }
};

/// What adds up over the tracks: logarithms of scale for zoom and dolly, angles, travel, the angle of the
/// orbit.
struct Sum {
    double pan = 0, tilt = 0, roll = 0, x = 0, y = 0, log_zoom = 0, log_dolly = 0, orbit = 0;

    void add(const Sum& o, double factor) {
        pan += o.pan * factor;
        tilt += o.tilt * factor;
        roll += o.roll * factor;
        x += o.x * factor;
        y += o.y * factor;
        log_zoom += o.log_zoom * factor;
        log_dolly += o.log_dolly * factor;
        orbit += o.orbit * factor;
    }
};

struct Part {
    Ease ease;
    Sum total;
};

/// The frame's width and height at the focus plane, in focus distances.
struct FrameAtFocus {
    double width, height;
};

FrameAtFocus frame_at_focus(const PathTiming& timing) {
    const double diagonal = std::hypot(timing.aspect, 1.0);
    const double scale = kDiagonalMm / timing.focal_mm / diagonal;
    return {timing.aspect * scale, scale};
}

double log_scale(const CameraTrack& track, double seconds) {
    if (track.amount) return track.direction * std::log(std::max(*track.amount, 1e-3));
    return track.direction * track.speed * seconds * std::log(kScalePerSecond);
}

double degrees_of_shift(double frame_size) { return std::atan(kShiftPerSecond * frame_size) * kDegrees; }

/// The whole way of a track that takes `seconds`.
Sum total_of(const CameraTrack& track, double seconds, const FrameAtFocus& frame) {
    const double way = track.direction * track.speed * seconds;
    const double said = track.direction * track.amount.value_or(0);
    const auto total = [&](double per_second, double per_amount) {
        return track.amount ? said * per_amount : way * per_second;
    };
    Sum sum;
    switch (track.move) {
        case CameraMove::pan:
            sum.pan = total(degrees_of_shift(frame.width), 1);
            break;
        case CameraMove::tilt:
            sum.tilt = total(degrees_of_shift(frame.height), 1);
            break;
        case CameraMove::roll:
            sum.roll = total(kRollPerSecond, 1);
            break;
        case CameraMove::truck:
            sum.x = total(kShiftPerSecond * frame.width, frame.width);
            break;
        case CameraMove::pedestal:
            sum.y = total(kShiftPerSecond * frame.height, frame.height);
            break;
        case CameraMove::zoom:
            sum.log_zoom = log_scale(track, seconds);
            break;
        case CameraMove::dolly:
            sum.log_dolly = log_scale(track, seconds);
            break;
        case CameraMove::orbit:
            sum.orbit = total(kShiftPerSecond * frame.width, 1 / kDegrees);
            break;
        case CameraMove::hold:
        case CameraMove::handheld:
            break;
    }
    return sum;
}

/// A pose and how fast each of its numbers changes.
struct Moving {
    CameraPose pose, rate;
};

struct Move {
    std::vector<Part> parts;
    double focal_mm = kDefaultFocalMm;

    /// The dolly shortens the orbit's radius, so a spiral keeps the subject in the middle, too.
    Moving at(double time_s) const {
        Sum value, rate;
        for (const Part& part : parts) {
            const Progress progress = part.ease.at(time_s);
            value.add(part.total, progress.value);
            rate.add(part.total, progress.rate);
        }
        Moving m;
        const double zoom = std::clamp(value.log_zoom, -kMaxLogScale, kMaxLogScale);
        const double zoom_rate = zoom == value.log_zoom ? rate.log_zoom : 0;
        const double in = std::clamp(value.log_dolly, -kMaxLogScale, kMaxLogScale);
        const double in_rate = in == value.log_dolly ? rate.log_dolly : 0;
        const double radius = std::exp(-in), radius_rate = -in_rate * radius;
        const double sine = std::sin(value.orbit), cosine = std::cos(value.orbit);
        const double focal = std::clamp(focal_mm * std::exp(zoom), kMinFocalMm, kMaxFocalMm);
        m.pose = {value.x + radius * sine,
                  value.y,
                  1 - radius * cosine,
                  value.pan - value.orbit * kDegrees,
                  value.tilt,
                  value.roll,
                  focal};
        m.rate = {rate.x + radius_rate * sine + radius * cosine * rate.orbit,
                  rate.y,
                  -radius_rate * cosine + radius * sine * rate.orbit,
                  rate.pan - rate.orbit * kDegrees,
                  rate.tilt,
                  rate.roll,
                  focal == focal_mm * std::exp(zoom) ? focal * zoom_rate : 0};
        return m;
    }

    /// How many Beziers an interval needs: the circle and the exponentials bend, all else is exact in one.
    int pieces(double begin_s, double end_s, int most) const {
        double orbit = 0, scale = 0;
        for (const Part& part : parts) {
            const double share = part.ease.at(end_s).value - part.ease.at(begin_s).value;
            orbit += std::abs(part.total.orbit) * share;
            scale += (std::abs(part.total.log_zoom) + std::abs(part.total.log_dolly)) * share;
        }
        return std::clamp(static_cast<int>(std::ceil(std::max(orbit / 0.2, scale / 0.2))), 1, most);
    }
};

/// Also at a control value the focal length stays one that exists.
CameraPose offset(const CameraPose& pose, const CameraPose& rate, double seconds) {
    return {pose.x + rate.x * seconds,
            pose.y + rate.y * seconds,
            pose.z + rate.z * seconds,
            pose.pan + rate.pan * seconds,
            pose.tilt + rate.tilt * seconds,
            pose.roll + rate.roll * seconds,
            std::clamp(pose.focal_mm + rate.focal_mm * seconds, kMinFocalMm, kMaxFocalMm)};
}

/// The Bezier with the move's own pose and velocity at both ends.
CameraSegment segment_of(const Move& move, double begin_s, double end_s) {
    const Moving begin = move.at(begin_s), end = move.at(end_s);
    const double third = (end_s - begin_s) / 3;
    return {
        begin_s, end_s, begin.pose, offset(begin.pose, begin.rate, third), offset(end.pose, end.rate, -third),
        end.pose};
}

/// Slight 0.25 degrees, plain 0.5, strong 1: the track's speed is its strength.
void add_shake(Shake& shake, const CameraTrack& track) {
    shake.degrees = std::max(shake.degrees, std::clamp(track.amount.value_or(0.5 * track.speed), 0.05, 2.0));
    shake.travel = 0.008 * shake.degrees;
}

}  // namespace

CameraPath compile_camera(const MotionPlan& plan, const PathTiming& timing) {
    const double duration_s = std::max(timing.duration_s, 1e-3);
    const FrameAtFocus frame = frame_at_focus(timing);
    CameraPath path;
    Move move;
    move.focal_mm = timing.focal_mm;
    std::set<double> joins = {0, duration_s};
    for (const CameraTrack& track : plan.camera) {
        if (track.move == CameraMove::handheld) add_shake(path.shake, track);
        const double begin_s = std::clamp(track.when.begin, 0.0, 1.0) * duration_s;
        const double end_s = std::clamp(track.when.end, 0.0, 1.0) * duration_s;
        if (track.move == CameraMove::hold || track.move == CameraMove::handheld || end_s - begin_s < 1e-6)
            continue;
        const Ease ease = {begin_s, end_s, track.speed >= kWhipSpeed ? kWhipEase : kEase};
        ease.add_joins(joins);
        move.parts.push_back({ease, total_of(track, end_s - begin_s, frame)});
    }
    const int most = std::max(1, static_cast<int>(kMaxCameraSegments / joins.size()));
    double begin_s = 0;
    for (const double end_s : joins) {
        if (end_s - begin_s < 1e-6) continue;
        const int pieces = move.pieces(begin_s, end_s, most);
        for (int i = 0; i < pieces; ++i) {
            const double from = begin_s + (end_s - begin_s) * i / pieces;
            const double to = i + 1 == pieces ? end_s : begin_s + (end_s - begin_s) * (i + 1) / pieces;
            path.segments.push_back(segment_of(move, from, to));
        }
        begin_s = end_s;
    }
    return path;
}

}  // namespace stillreel::prompt
