#include "animatic/clouds.h"

#include <algorithm>
#include <cmath>

#include "animatic/noise.h"
#include "animatic/surface_mask.h"
#include "animatic/surface_motion.h"

namespace stillreel::animatic {
namespace {

// Fractions of the picture's width. A copy that travels further shows too much of what does not belong there.
constexpr double kPace_s = 0.017;
constexpr double kLongestWay = 0.12;
constexpr double kSlowestHertz = 0.3;

/// A bird or a star in the sky goes with it.
image::Plane without_specks(const image::Plane& sky) {
    image::Plane closed = sky;
    constexpr int kReach = 4;
    for (int y = kReach; y + kReach < sky.height_px; ++y) {
        for (int x = kReach; x + kReach < sky.width_px; ++x) {
            if (sky.at(x, y) > 0.99f) continue;
            float sum = 0;
            for (int dy = -kReach; dy <= kReach; ++dy)
                for (int dx = -kReach; dx <= kReach; ++dx) sum += sky.at(x + dx, y + dy);
            if (sum > 0.8f * (2 * kReach + 1) * (2 * kReach + 1)) closed.at(x, y) = 1;
        }
    }
    return closed;
}

/// How far to either side the sky goes on around each point of it, at most `most`, as a fraction of the
/// width: clouds may be taken from there. It falls no faster than the way to the sky's end does, so that
/// nothing folds.
image::Plane open_sky(const image::Plane& sky, float most) {
    image::Plane room(sky.width_px, sky.height_px);
    const int width = sky.width_px, height = sky.height_px;
    const float step = 0.8f / static_cast<float>(width);
    for (int y = 0; y < height; ++y) {
        const auto reach = [&](int x, float before) {
            return sky.at(x, y) > 0.5f ? std::min(before + step, most) : 0.0f;
        };
        float run = most;
        for (int x = 0; x < width; ++x) room.at(x, y) = run = reach(x, run);
        run = most;
        for (int x = width - 1; x >= 0; --x) {
            run = reach(x, run);
            room.at(x, y) = std::min(room.at(x, y), run);
        }
    }
    // Rows that pass a peak move less than those above it: even that out.
    image::Plane even = room;
    constexpr int kReach = 5;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            float sum = 0;
            for (int k = -kReach; k <= kReach; ++k) sum += room.at(x, std::clamp(y + k, 0, height - 1));
            even.at(x, y) = std::min(sum / (2 * kReach + 1), 1.2f * room.at(x, y));
        }
    }
    return even;
}

class Clouds : public Effect {
  public:
    Clouds(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t)
        : setting_(setting),
          clock_(clock_of(setting, track)),
          mask_(without_specks(setting.scene.regions.sky), 4) {
        const double rate = std::max(0.05, setting.time_scale * track.speed);
        const double pace = kPace_s * rate * (0.6 + 0.8 * std::clamp(track.intensity, 0.0, 1.0));
        // Quick clouds travel further before they start again, or a time-lapse would pulse.
        const double hertz = std::max(kSlowestHertz, pace / kLongestWay);
        const double way = std::min(kLongestWay, pace / hertz);
        clock_hertz_ = hertz / rate;
        way_ = static_cast<float>(way * setting.scene.size.width_px) *
               static_cast<float>(setting.wind.direction < 0 ? -1 : 1);
        if (mask_.empty()) return;
        room_ = open_sky(mask_.weights(), 0.5f * static_cast<float>(way));
    }

    std::string note() const override {
        return mask_.empty() ? "the words ask for clouds, but no sky was found in the picture" : "";
    }

    void displace(FrameGrid& grid, const Moment& moment) const override {
        const float strength = clock_.strength(moment.time_s);
        if (mask_.empty() || strength <= 0) return;
        const auto width = static_cast<float>(setting_.scene.size.width_px);
        const auto height = static_cast<float>(setting_.scene.size.height_px);
        const auto horizon = static_cast<float>(std::max(setting_.scene.horizon, 0.1));
        const auto cycle = static_cast<float>(std::fmod(clock_.cycles(clock_hertz_, moment.time_s), 1.0));
        for (LayerGrid& layer : grid.layers) {
            for (std::size_t i = 0; i < layer.u.size(); ++i) {
                const float x = layer.u[i] / width, y = layer.v[i] / height;
                const float weight = strength * mask_.at(x, y);
                if (weight <= 0) continue;
                begin_flow(layer);
                const float overhead = std::clamp((horizon - y) / horizon, 0.0f, 1.3f);
                const float most = 2 * width * weight_at(room_, x, y);
                const float way = std::min(std::abs(way_) * (0.5f + 0.5f * overhead), most) * weight;
                // Parts of the sky change copies at different moments, or all of it would breathe together.
                const float own =
                    0.3f * fast_sin(0.6f * x + 0.35f * y) + 0.2f * fast_sin(0.9f * y - 0.5f * x);
                flow(layer, i, std::copysign(way, way_), 0.06f * way, cycle + own, setting_.scene.size);
            }
        }
    }

  private:
    EffectSetting setting_;
    EffectClock clock_;
    SurfaceMask mask_;
    image::Plane room_;
    double clock_hertz_;
    float way_;
};

}  // namespace

std::unique_ptr<Effect> make_clouds(const EffectSetting& setting, const prompt::EffectTrack& track,
                                    std::uint64_t seed) {
    return std::make_unique<Clouds>(setting, track, seed);
}

}  // namespace stillreel::animatic
