#include "animatic/lamp_light.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "animatic/placement.h"
#include "animatic/shading.h"
#include "base/random.h"

namespace stillreel::animatic {
namespace {

/// Light around a frame point that falls with the square of the distance.
void wash(FrameGrid& grid, float x, float y, float reach_px, float power, Rgb gain, Rgb add) {
    std::vector<float> amount(grid.columns);
    const float inverse = 1 / (reach_px * reach_px);
    for (int row = 0; row < grid.rows; ++row) {
        const std::size_t begin = static_cast<std::size_t>(row) * grid.columns;
        const float dy = static_cast<float>(row * kTilePx) - y;
        for (int i = 0; i < grid.columns; ++i) {
            const float dx = static_cast<float>(i * kTilePx) - x;
            const float spread = 1 + (dx * dx + dy * dy) * inverse;
            amount[i] = power / (spread * spread);
        }
        for (LayerGrid& layer : grid.layers) light_row(layer, begin, grid.columns, amount.data(), gain, add);
    }
}

class Candle : public Effect {
  public:
    Candle(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t seed)
        : setting_(setting),
          clock_(clock_of(setting, track)),
          intensity_(0.5f + 0.6f * static_cast<float>(std::clamp(track.intensity, 0.0, 1.0))),
          seed_(seed) {}

    // Flames waver over many time scales, each faster one by less.
    float flicker(double time_s) const {
        return 0.55f * clock_.wander(seed_, 1.7, time_s) + 0.3f * clock_.wander(seed_ + 1, 4.3, time_s) +
               0.2f * clock_.wander(seed_ + 2, 9, time_s);
    }

    void shade(FrameGrid& grid, const Moment& moment) const override {
        const float strength = intensity_ * clock_.strength(moment.time_s);
        if (strength <= 0) return;
        const Projected at = where(moment);
        const auto height = static_cast<float>(setting_.options.frame.height_px);
        const float power = strength * (1 + 0.8f * flicker(moment.time_s));
        const Rgb warm{1, 0.66f, 0.3f};
        wash(grid, at.x, at.y, 0.5f * height, power, warm * 0.32f + Rgb{-0.03f, -0.06f, -0.1f}, warm * 20);
        wash(grid, at.x, at.y, 0.15f * height, power, warm * 0.15f, warm * 26);
    }

    void illuminate(const Moment& moment, Lights& lights) const override {
        const Projected at = where(moment);
        const float power = intensity_ * clock_.strength(moment.time_s) * (1 + 0.8f * flicker(moment.time_s));
        if (power <= 0) return;
        const auto height = static_cast<float>(setting_.options.frame.height_px);
        lights.points.push_back({at.x, at.y, 0.2f * height, Rgb{255, 150, 60} * (0.4f * power)});
    }

  private:
    /// At the warmest bright spot of the picture: most likely the flame itself.
    Projected where(const Moment& moment) const {
        const Scene& scene = setting_.scene;
        Place place{setting_.ambience.lamp_x * static_cast<double>(scene.size.width_px),
                    setting_.ambience.lamp_y * static_cast<double>(scene.size.height_px), 1};
        place.w = front_depth(scene, place.u, place.v);
        return appearance(place, moment);
    }

    EffectSetting setting_;
    EffectClock clock_;
    float intensity_;
    std::uint64_t seed_;
};

constexpr std::array<Rgb, 2> kTubes{{{255, 40, 160}, {30, 190, 255}}};

class Neon : public Effect {
  public:
    Neon(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t seed)
        : setting_(setting),
          clock_(clock_of(setting, track)),
          intensity_(0.4f + 0.6f * static_cast<float>(std::clamp(track.intensity, 0.0, 1.0))),
          seed_(seed) {}

    void shade(FrameGrid& grid, const Moment& moment) const override {
        const auto width = static_cast<float>(setting_.options.frame.width_px);
        const auto height = static_cast<float>(setting_.options.frame.height_px);
        for (int k = 0; k < 2; ++k) {
            const float power = glow(k, moment.time_s);
            if (power <= 0) continue;
            const Rgb tint = kTubes[k] * (1 / 255.0f);
            // From both sides, a little out of the frame, where signs hang.
            wash(grid, (k == 0 ? -0.06f : 1.06f) * width, (k == 0 ? 0.3f : 0.42f) * height, 0.75f * height,
                 power, tint * 0.75f + Rgb{-0.22f, -0.22f, -0.22f}, kTubes[k] * 0.17f);
        }
    }

    void illuminate(const Moment& moment, Lights& lights) const override {
        const auto width = static_cast<float>(setting_.options.frame.width_px);
        const auto height = static_cast<float>(setting_.options.frame.height_px);
        for (int k = 0; k < 2; ++k) {
            const float power = glow(k, moment.time_s);
            if (power <= 0) continue;
            lights.points.push_back({(k == 0 ? 0.0f : 1.0f) * width, (k == 0 ? 0.3f : 0.42f) * height,
                                     0.3f * height, kTubes[k] * (0.5f * power)});
        }
    }

  private:
    /// Steady, with a hum, and about every second one of the two tubes fails for a moment: never both,
    /// so that most of the frame keeps its light.
    float glow(int tube, double time_s) const {
        const float hum = 0.08f * clock_.wander(seed_ + tube, 7, time_s);
        const double slots = clock_.cycles_at_most(setting_.options.allow_flashing ? 2.0 : 0.9, time_s);
        const auto total =
            static_cast<std::int64_t>(std::max(1.0, std::floor(0.9 * clock_.duration_s() + 1e-6)));
        auto slot = static_cast<std::int64_t>(std::floor(slots));
        if (clock_.seamless() && !setting_.options.allow_flashing) slot %= total;
        const auto key = static_cast<std::uint64_t>(slot);
        const bool mine = (hash_bits(seed_, key, 1) & 1) == static_cast<std::uint64_t>(tube);
        const float at = 0.2f + 0.6f * hash_unit(seed_, key, 2);
        const auto from_dip = static_cast<float>(std::abs(slots - std::floor(slots) - at));
        const float dip = mine ? 0.75f * (1 - smoothstep(0.02f, 0.1f, from_dip)) : 0.0f;
        return intensity_ * clock_.strength(time_s) * (1 + hum) * (1 - dip);
    }

    EffectSetting setting_;
    EffectClock clock_;
    float intensity_;
    std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<Effect> make_candle(const EffectSetting& setting, const prompt::EffectTrack& track,
                                    std::uint64_t seed) {
    return std::make_unique<Candle>(setting, track, seed);
}

std::unique_ptr<Effect> make_neon(const EffectSetting& setting, const prompt::EffectTrack& track,
                                  std::uint64_t seed) {
    return std::make_unique<Neon>(setting, track, seed);
}

}  // namespace stillreel::animatic
