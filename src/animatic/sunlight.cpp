#include "animatic/sunlight.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "animatic/placement.h"
#include "animatic/shading.h"

namespace stillreel::animatic {
namespace {

/// One of the waves around the sun that beams are made of: how many there are in a full turn, cycles a
/// second.
struct Gap {
    int count;
    float weight, drift;
};
// No more than the vertex grid can draw near the source: waves that only came in further out would break a
// beam in two.
constexpr std::array<Gap, 4> kGaps{
    {{5, 0.34f, 0.021f}, {9, 0.38f, -0.034f}, {14, 0.38f, 0.047f}, {21, 0.36f, -0.06f}}};

class SunRays : public Effect {
  public:
    SunRays(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t seed)
        : setting_(setting),
          clock_(clock_of(setting, track)),
          intensity_(0.35f + 0.65f * static_cast<float>(std::clamp(track.intensity, 0.0, 1.0))),
          offset_(static_cast<float>(seed % 997) / 997.0f) {
        colour_ = lerp(setting.ambience.bright, {255, 240, 206}, 0.8f);
    }

    void veil(FrameGrid& grid, const Moment& moment, const Lights&) const override {
        const float strength = intensity_ * clock_.strength(moment.time_s);
        if (strength <= 0) return;
        const Projected sun = source(moment);
        const auto height = static_cast<float>(setting_.options.frame.height_px);
        const EffectClock::TwoTimes times = clock_.two_times(moment.time_s);
        const float reach = 1 / (1.15f * height);
        std::vector<float> shaft(grid.columns), shade(grid.columns), amount(grid.columns);
        for (int row = 0; row < grid.rows; ++row) {
            const std::size_t begin = static_cast<std::size_t>(row) * grid.columns;
            const float dy = static_cast<float>(row * kTilePx) - sun.y;
            for (int i = 0; i < grid.columns; ++i) {
                const float dx = static_cast<float>(i * kTilePx) - sun.x;
                const float far = std::sqrt(dx * dx + dy * dy) + 1;
                const float turn = std::atan2(dy, dx) * (0.5f / 3.14159265f);
                float n = beams(turn, far, static_cast<float>(times.first_s));
                if (times.mix > 0) {
                    n += (beams(turn, far, static_cast<float>(times.second_s)) - n) * times.mix;
                }
                const float d = far * reach;
                const float fall = smoothstep(0.0f, 0.12f, d) / (1 + 1.6f * d * d);
                shaft[i] = 1.3f * strength * n * fall;
                // Between the shafts lies shade: without it a bright picture would not show them.
                shade[i] = -strength * (1 - n) * fall;
                shaft[i] += strength * 0.25f / (1 + 40 * d * d);
            }
            for (LayerGrid& layer : grid.layers) {
                const float* w = &layer.w[begin];
                // More lit air lies before what is further away.
                for (int i = 0; i < grid.columns; ++i) {
                    const float air = std::min(1.0f, 0.35f + 0.3f / std::max(w[i], 0.02f));
                    amount[i] = std::min(0.6f, shaft[i] * air);
                }
                light_row(layer, begin, grid.columns, shade.data(), {0.2f, 0.19f, 0.17f}, {});
                haze_row(layer, begin, grid.columns, amount.data(), colour_);
            }
        }
    }

  private:
    /// Brightness of the beam in a direction (in turns) at a distance (px): gaps between leaves or clouds,
    /// that move slowly. Close to the source beams are narrower than the grid can draw, and run together.
    float beams(float turn, float far, float t) const {
        float sum = -0.12f;
        for (const Gap& gap : kGaps) {
            const auto count = static_cast<float>(gap.count);
            const float seen = smoothstep(0.3f * kTilePx * count, 1.1f * kTilePx * count, far);
            sum += seen * gap.weight * fast_sin(count * (turn + offset_) + gap.drift * t);
        }
        return smoothstep(-0.1f, 0.9f, sum);
    }

    Projected source(const Moment& moment) const {
        const Scene& scene = setting_.scene;
        const Ambience& ambience = setting_.ambience;
        // A spot as bright as the sun is the sun; else the light comes from above the frame, on the brighter
        // side.
        const bool sun_in_view = luma(ambience.at(ambience.brightest_x, ambience.brightest_y)) > 240;
        const float y = sun_in_view ? ambience.brightest_y : std::min(ambience.brightest_y - 0.1f, -0.15f);
        return appearance({ambience.brightest_x * static_cast<double>(scene.size.width_px),
                           y * static_cast<double>(scene.size.height_px), static_cast<float>(scene.w_far)},
                          moment);
    }

    EffectSetting setting_;
    EffectClock clock_;
    float intensity_, offset_;
    Rgb colour_;
};

/// Light at one moment of the day: factors on the picture, and the glow along the horizon.
struct Hour {
    Rgb gain;
    Rgb haze;  // added everywhere
    Rgb glow;  // added at the horizon, most in the sky
};
constexpr std::array<Hour, 3> kSunrise{{
    {{0.50f, 0.60f, 0.86f}, {2, 4, 14}, {14, 8, 10}},
    {{0.88f, 0.76f, 0.76f}, {10, 4, 4}, {92, 40, 8}},
    {{1.14f, 1.02f, 0.86f}, {10, 5, 0}, {62, 34, 4}},
}};
constexpr std::array<Hour, 3> kSunset{{
    {{1.08f, 1.00f, 0.88f}, {8, 4, 0}, {40, 22, 4}},
    {{1.06f, 0.82f, 0.64f}, {14, 4, 2}, {100, 42, 4}},
    {{0.56f, 0.52f, 0.72f}, {6, 3, 16}, {54, 18, 24}},
}};

class TimeOfDay : public Effect {
  public:
    TimeOfDay(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t)
        : setting_(setting),
          // Once the sun has risen it stays up: the light of the span's end holds until the clip's.
          presence_(setting.options.duration_s, setting.options.seamless, 1, {track.when.begin, 1.0}),
          course_(setting.options.duration_s, setting.options.seamless, 1, track.when),
          hours_(track.kind == prompt::EffectKind::sunrise ? kSunrise : kSunset),
          intensity_(0.6f + 0.4f * static_cast<float>(std::clamp(track.intensity, 0.0, 1.0))) {}

    void shade(FrameGrid& grid, const Moment& moment) const override {
        const float strength = intensity_ * presence_.strength(moment.time_s);
        if (strength <= 0) return;
        const Hour hour = at(static_cast<float>(course_.progress(moment.time_s)));
        const auto inverse_height = 1 / static_cast<float>(setting_.scene.size.height_px);
        const auto horizon = static_cast<float>(setting_.scene.horizon);
        std::vector<float> even(grid.columns, strength), glow(grid.columns);
        for (LayerGrid& layer : grid.layers) {
            for (int row = 0; row < grid.rows; ++row) {
                const std::size_t begin = static_cast<std::size_t>(row) * grid.columns;
                const float *v = &layer.v[begin], *w = &layer.w[begin];
                for (int i = 0; i < grid.columns; ++i) {
                    const float from = v[i] * inverse_height - horizon;
                    const float steep = from < 0 ? -3.2f * from : 7 * from;
                    glow[i] = strength * fast_exp(-steep) * std::min(1.0f, 0.28f / std::max(w[i], 0.1f));
                }
                light_row(layer, begin, grid.columns, even.data(), hour.gain + Rgb{-1, -1, -1}, hour.haze);
                light_row(layer, begin, grid.columns, glow.data(), {}, hour.glow);
            }
        }
    }

  private:
    Hour at(float progress) const {
        const float place = 2 * progress;
        const int k = place < 1 ? 0 : 1;
        const float mix = smoothstep(0, 1, place - static_cast<float>(k));
        return {lerp(hours_[k].gain, hours_[k + 1].gain, mix), lerp(hours_[k].haze, hours_[k + 1].haze, mix),
                lerp(hours_[k].glow, hours_[k + 1].glow, mix)};
    }

    EffectSetting setting_;
    EffectClock presence_, course_;
    std::array<Hour, 3> hours_;
    float intensity_;
};

}  // namespace

std::unique_ptr<Effect> make_sun_rays(const EffectSetting& setting, const prompt::EffectTrack& track,
                                      std::uint64_t seed) {
    return std::make_unique<SunRays>(setting, track, seed);
}

std::unique_ptr<Effect> make_time_of_day(const EffectSetting& setting, const prompt::EffectTrack& track,
                                         std::uint64_t seed) {
    return std::make_unique<TimeOfDay>(setting, track, seed);
}

}  // namespace stillreel::animatic
