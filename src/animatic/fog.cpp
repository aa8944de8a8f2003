#include "animatic/fog.h"

#include <algorithm>
#include <cmath>

#include "animatic/particle_field.h"
#include "animatic/shading.h"

namespace stillreel::animatic {
namespace {

class Fog : public Effect {
  public:
    Fog(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t seed)
        : setting_(setting),
          clock_(clock_of(setting, track)),
          density_(0.14f + 1.25f * static_cast<float>(std::pow(std::clamp(track.intensity, 0.0, 1.0), 1.5))),
          begin_(track.distant ? 0.9f : 0.3f),
          offset_x_(static_cast<float>(seed % 1000) * 0.001f) {
        const Ambience& ambience = setting.ambience;
        // Fog takes the colour of the sky's light: that of the horizon, a little paler and never brighter
        // than the picture's own brightest parts.
        colour_ = lerp(saturated(ambience.horizon, 0.7f), saturated(ambience.bright, 0.4f),
                       0.25f + 0.2f * ambience.daylight);
        colour_ = colour_ + Rgb{10, 12, 15};
    }

    void veil(FrameGrid& grid, const Moment& moment, const Lights& lights) const override;

  private:
    void haze_of_row(const FrameGrid& grid, const LayerGrid& layer, std::size_t begin, float strength,
                     const EffectClock::TwoTimes& times, std::vector<float>& haze) const;
    float billows(float x, float y, float t) const;

    EffectSetting setting_;
    EffectClock clock_;
    float density_, begin_, offset_x_;
    Rgb colour_;
};

// Two sheets of noise that drift at different speeds: their product boils as well as drifts.
float Fog::billows(float x, float y, float t) const {
    const float wind = static_cast<float>(setting_.wind.direction * (0.02 + 0.09 * setting_.wind.strength));
    const float a = setting_.noise.at(x - wind * t, y + 0.006f * t);
    const float b = setting_.noise.at(1.9f * x - 1.7f * wind * t + 0.37f, 1.7f * y - 0.013f * t);
    return 0.55f * a + 0.45f * b;
}

void Fog::haze_of_row(const FrameGrid& grid, const LayerGrid& layer, std::size_t begin, float strength,
                      const EffectClock::TwoTimes& times, std::vector<float>& haze) const {
    const auto height = static_cast<float>(setting_.scene.size.height_px);
    const float per_texel = 0.55f / height, inverse_height = 1 / height;
    const auto horizon = static_cast<float>(setting_.scene.horizon);
    const float inverse_scale = 1 / field_scale(setting_.scene).scale;
    const float *u = &layer.u[begin], *v = &layer.v[begin], *w = &layer.w[begin];
    constexpr int kStep = 4;  // billows are far wider than a tile: look them up at every fourth vertex
    float left = 0, right = 0;
    for (int i = 0; i < grid.columns; ++i) {
        if (i % kStep == 0) {
            const auto at = [&](int k) {
                k = std::min(k, grid.columns - 1);
                // Each depth has its own piece of the noise, flatter the further away it is.
                const float x = u[k] * per_texel + offset_x_ + 0.31f * w[k], y = 2.2f * v[k] * per_texel;
                const float n = billows(x, y, static_cast<float>(times.first_s));
                if (times.mix <= 0) return n;
                return n + (billows(x, y, static_cast<float>(times.second_s)) - n) * times.mix;
            };
            left = i == 0 ? at(0) : right;
            right = at(i + kStep);
        }
        haze[i] = left + (right - left) * static_cast<float>(i % kStep) / kStep;
    }
    for (int i = 0; i < grid.columns; ++i) {
        const float depth = inverse_scale / std::max(w[i], 0.02f) - begin_;
        const float below = v[i] * inverse_height - horizon;  // 0 at the horizon
        const float above = below < 0 ? -below : 0.35f * below;
        const float ground = 0.3f + 0.85f / (1 + 14 * above * above);
        const float thick = density_ * std::max(depth, 0.0f) * ground * (0.25f + 1.5f * haze[i]);
        haze[i] = strength * std::min(0.97f, 1 - fast_exp(-0.55f * thick));
    }
}

void Fog::veil(FrameGrid& grid, const Moment& moment, const Lights& lights) const {
    const float strength = clock_.strength(moment.time_s);
    if (strength <= 0) return;
    const EffectClock::TwoTimes times = clock_.two_times(moment.time_s);
    std::vector<float> haze(grid.columns), lit(grid.columns);
    const Rgb colour = colour_ * (1 + 0.6f * lights.flash);
    for (LayerGrid& layer : grid.layers) {
        for (int row = 0; row < grid.rows; ++row) {
            const std::size_t begin = static_cast<std::size_t>(row) * grid.columns;
            haze_of_row(grid, layer, begin, strength, times, haze);
            haze_row(layer, begin, grid.columns, haze.data(), colour);
            // Fog around a lamp glows in the lamp's colour.
            for (const PointLight& light : lights.points) {
                const float dy = static_cast<float>(row * kTilePx) - light.y;
                const float inverse = 1 / (light.reach_px * light.reach_px);
                for (int i = 0; i < grid.columns; ++i) {
                    const float dx = static_cast<float>(i * kTilePx) - light.x;
                    const float fall = 1 / (1 + (dx * dx + dy * dy) * inverse);
                    lit[i] = haze[i] * fall * fall;
                }
                light_row(layer, begin, grid.columns, lit.data(), {}, light.colour * 0.45f);
            }
        }
    }
}

}  // namespace

std::unique_ptr<Effect> make_fog(const EffectSetting& setting, const prompt::EffectTrack& track,
                                 std::uint64_t seed) {
    return std::make_unique<Fog>(setting, track, seed);
}

}  // namespace stillreel::animatic
