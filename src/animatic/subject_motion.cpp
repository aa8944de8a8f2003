#include "animatic/subject_motion.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace stillreel::animatic {
namespace {

using prompt::SubjectMove;
using prompt::SubjectTrack;

constexpr double kTurn = 2 * std::numbers::pi;
constexpr double kBreathHertz = 0.25, kBreathSwell = 0.008;
constexpr double kSwayHertz = 0.3, kSwayOfHeight = 0.015;
constexpr double kTurntableHertz = 0.2, kTurntableDegrees = 18;
constexpr double kSlowTurnDegrees = 14;
// How far the middle of the subject bulges towards the camera, of its half width; and how much nearer parts
// grow.
constexpr double kRelief = 0.5;
constexpr double kPerspective = 0.06;
// A thing on a turntable is taken for round: its front bulges by this much of its half width at each height.
constexpr double kRoundness = 0.8;
constexpr int kOutlineRows = 64;
constexpr int kOutlineReach = 4;  // rows on each side that are averaged
constexpr double kEdge_s = 0.5;

double smooth(double x) {
    x = std::clamp(x, 0.0, 1.0);
    return x * x * (3 - 2 * x);
}

struct Point {
    double u, v;
};

/// Where the relief's front was before it turned by `angle`. `across` runs from -1 to 1 over the subject,
/// `below` is the height over its foot. The relief is z = kRelief (1 - across^2); turned, it appears at
/// across cos + z sin.
Point unturned(double across, double above, double angle) {
    const double c = std::cos(angle), s = std::sin(angle);
    double x = across;
    for (int step = 0; step < 5; ++step) {
        const double seen = x * c + kRelief * (1 - x * x) * s;
        x -= (seen - across) / (c - 2 * kRelief * x * s);
    }
    const double relief = kRelief * (1 - x * x);
    const double nearer = relief * c - x * s - relief;
    return {x, above / (1 + kPerspective * nearer)};
}

/// What was at the place that `across` shows after a round thing turned by `angle`: its outline (-1 and 1)
/// stays.
double unrolled(double across, double angle) {
    const double slide = kRoundness * std::sin(angle);
    double x = across;
    for (int step = 0; step < 5; ++step) x -= (x + slide * (1 - x * x) - across) / (1 - 2 * slide * x);
    return x;
}

}  // namespace

SubjectMotion::SubjectMotion(const Scene& scene, const prompt::MotionPlan& plan, double duration_s,
                             bool seamless)
    : duration_s_(duration_s), time_scale_(plan.time_scale), seamless_(seamless) {
    if (plan.subject.empty()) return;
    const auto layer = std::find_if(scene.layers.begin(), scene.layers.end(),
                                    [](const Layer& candidate) { return candidate.is_subject; });
    if (!scene.has_subject || layer == scene.layers.end()) {
        notes_.push_back("no subject stands out in the picture, so none moves: a mask (--mask) can name it");
        return;
    }
    tracks_ = plan.subject;
    const double width = scene.size.width_px, height = scene.size.height_px;
    box_ = {scene.subject_left * width, scene.subject_top * height,
            std::max(1.0, (scene.subject_right - scene.subject_left) * width),
            std::max(1.0, (scene.subject_bottom - scene.subject_top) * height)};
    trace_outline(layer->texture);
}

void SubjectMotion::trace_outline(const image::Image& texture) {
    std::vector<Span> rough;
    for (int row = 0; row < kOutlineRows; ++row) {
        const int y = std::clamp(static_cast<int>(box_.top + box_.height * row / (kOutlineRows - 1)), 0,
                                 texture.height_px - 1);
        int first = texture.width_px, last = -1;
        for (int x = 0; x < texture.width_px; ++x)
            if (texture.at(x, y)[3] > 127) first = std::min(first, x), last = x;
        rough.push_back({(first + last + 1) / 2.0, (last + 1 - first) / 2.0});
    }
    // A row without the subject takes the outline of the one below it, or above.
    for (int row = kOutlineRows - 2; row >= 0; --row)
        if (rough[row].half <= 0) rough[row] = rough[row + 1];
    for (int row = 1; row < kOutlineRows; ++row)
        if (rough[row].half <= 0) rough[row] = rough[row - 1];
    if (rough[0].half <= 0) rough.assign(kOutlineRows, {box_.left + box_.width / 2, box_.width / 2});
    for (int row = 0; row < kOutlineRows; ++row) {
        Span sum{0, 0};
        for (int k = row - kOutlineReach; k <= row + kOutlineReach; ++k) {
            const Span& span = rough[std::clamp(k, 0, kOutlineRows - 1)];
            sum.middle += span.middle / (2 * kOutlineReach + 1),
                sum.half += span.half / (2 * kOutlineReach + 1);
        }
        outline_.push_back(sum);
    }
}

SubjectMotion::Span SubjectMotion::span_at(double v) const {
    const double at = std::clamp((v - box_.top) / box_.height, 0.0, 1.0) * (kOutlineRows - 1);
    const int row = std::min(static_cast<int>(at), kOutlineRows - 2);
    const Span &a = outline_[row], &b = outline_[row + 1];
    const double share = at - row;
    return {a.middle + (b.middle - a.middle) * share, std::max(1.0, a.half + (b.half - a.half) * share)};
}

double SubjectMotion::cycles(double hertz, double time_s) const {
    if (seamless_) hertz = std::max(1.0, std::round(hertz * duration_s_)) / duration_s_;
    return hertz * time_s;
}

double SubjectMotion::presence(const SubjectTrack& track, double time_s) const {
    const double begin = track.when.begin * duration_s_, end = track.when.end * duration_s_;
    const double in = track.when.begin <= 0 ? 1 : smooth((time_s - begin) / kEdge_s);
    const double out = track.when.end >= 1 ? 1 : smooth((end - time_s) / kEdge_s);
    return in * out;
}

double SubjectMotion::turn_radians(const SubjectTrack& track, double time_s) const {
    const double speed = track.speed * time_scale_;
    double degrees = 0;
    if (track.move == SubjectMove::turntable) {
        degrees = kTurntableDegrees * std::sin(kTurn * cycles(kTurntableHertz * speed, time_s)) *
                  presence(track, time_s);
    } else {
        const double span = std::max(1e-3, track.when.end - track.when.begin);
        double progress = (time_s / duration_s_ - track.when.begin) / span;
        if (seamless_) progress = 0.5 - 0.5 * std::cos(kTurn * time_s / duration_s_);
        degrees = kSlowTurnDegrees * std::min(1.0, speed) * smooth(progress * std::max(1.0, speed));
    }
    return track.direction * degrees * std::numbers::pi / 180;
}

void SubjectMotion::move(LayerGrid& grid, int begin, int end, double time_s) const {
    const double middle = box_.left + box_.width / 2, foot = box_.top + box_.height;
    for (const SubjectTrack& track : tracks_) {
        const double speed = track.speed * time_scale_, here = presence(track, time_s);
        const double breath =
            kBreathSwell * here * (0.5 - 0.5 * std::cos(kTurn * cycles(kBreathHertz * speed, time_s)));
        const double sway = track.direction * kSwayOfHeight * box_.height * here *
                            std::sin(kTurn * cycles(kSwayHertz * speed, time_s));
        const double angle = turn_radians(track, time_s);
        for (int i = begin; i < end; ++i) {
            double u = grid.u[i], v = grid.v[i];
            if (track.move == SubjectMove::breathing) {
                const double dx = (u - middle) / (0.45 * box_.width),
                             dy = (v - box_.top - 0.42 * box_.height) / (0.3 * box_.height);
                const double swell = breath * std::exp(-dx * dx - dy * dy);
                u -= (u - middle) * 2 * swell;
                // Shoulders and head ride up on the breath, the hips do not.
                v += 0.5 * breath * box_.height *
                     smooth((box_.top + 0.6 * box_.height - v) / (0.4 * box_.height));
            } else if (track.move == SubjectMove::sway) {
                const double up = std::clamp((foot - v) / box_.height, 0.0, 1.3);
                u -= sway * up * std::sqrt(up);
            } else if (track.move == SubjectMove::turntable) {
                const Span span = span_at(v);
                const double across = std::clamp((u - span.middle) / span.half, -1.0, 1.0);
                u += (unrolled(across, angle) - across) * span.half;
            } else {
                const double across = (u - middle) / (box_.width / 2), above = (foot - v) / box_.height;
                const double inside = std::clamp(across, -1.2, 1.2);
                const Point was = unturned(inside, above, angle);
                u += (was.u - inside) * box_.width / 2;
                v = foot - was.v * box_.height;
            }
            grid.u[i] = static_cast<float>(u);
            grid.v[i] = static_cast<float>(v);
        }
    }
}

}  // namespace stillreel::animatic
