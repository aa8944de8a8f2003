#include "animatic/rain.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "animatic/particle_field.h"
#include "animatic/shading.h"
#include "base/random.h"

namespace stillreel::animatic {
namespace {

// Lengths are in focus distances of a scene that is 5 of them deep (FieldScale); px at a frame 1080 px high.
constexpr double kFall = 1.7;  // a second: 8 m/s with the subject 5 m away
constexpr double kExposure_s = 1.0 / 32;
constexpr float kSlantPerWind = 0.62f;

struct Range {
    float near_depth, far_depth;
    float count;       // drops in view in the heaviest rain
    float half_width;  // px at 1080
    float alpha;
};
// Near drops are out of focus: wide and faint. Far ones are many and fine.
constexpr std::array<Range, 4> kRanges{{
    {0.30f, 0.62f, 240, 2.3f, 0.17f},
    {0.62f, 1.3f, 1000, 1.3f, 0.32f},
    {1.3f, 2.6f, 2200, 0.95f, 0.36f},
    {2.6f, 5.0f, 3800, 0.8f, 0.34f},
}};

struct Drop {
    float x, y, z;  // in its box, [0, 1)
    float speed;    // factor
    float alpha;
    float lean;  // deviation from the common slant
};

class Rain : public Effect {
  public:
    Rain(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t seed)
        : setting_(setting),
          clock_(clock_of(setting, track)),
          intensity_(static_cast<float>(std::clamp(track.intensity, 0.05, 1.0))),
          distant_(track.distant),
          scale_(field_scale(setting.scene)) {
        for (std::size_t r = 0; r < kRanges.size(); ++r) {
            Random random(hash_bits(seed, r, 0x7261696e));
            // Light rain has fewer drops, and those that it has are finer: the power is above 1.
            const auto count = static_cast<int>(kRanges[r].count * std::pow(intensity_, 1.25f));
            for (int i = 0; i < count; ++i) {
                drops_[r].push_back({random.unit(), random.unit(), random.unit(),
                                     random.between(0.85f, 1.15f), random.between(0.45f, 1.0f),
                                     random.between(-0.035f, 0.035f)});
            }
        }
    }

    void veil(FrameGrid& grid, const Moment& moment, const Lights& lights) const override;
    void emit(const Moment& moment, const Lights& lights, std::vector<Particle>& particles) const override;

  private:
    void emit_range(std::size_t index, const Moment& moment, const Lights& lights,
                    std::vector<Particle>& particles) const;
    Rgb drop_colour(float fx, float fy, Rgb light) const;

    EffectSetting setting_;
    EffectClock clock_;
    float intensity_;
    bool distant_;
    FieldScale scale_;
    std::array<std::vector<Drop>, kRanges.size()> drops_;
};

// A drop shows a wide piece of what is behind and above it, upside down: brighter than dark places, and
// hardly seen against the sky.
Rgb Rain::drop_colour(float fx, float fy, Rgb light) const {
    const Ambience& ambience = setting_.ambience;
    const Rgb behind = ambience.at(fx, fy), above = ambience.at(fx, fy - 0.35f);
    Rgb colour = lerp(lerp(behind, above, 0.5f), saturated(ambience.bright, 0.5f), 0.5f);
    const float least = luma(behind) + 70 + 25 * ambience.daylight;
    if (luma(colour) < least) colour = colour + Rgb{1, 1, 1} * (least - luma(colour));
    return colour + light * 0.8f;
}

void Rain::emit_range(std::size_t index, const Moment& moment, const Lights& lights,
                      std::vector<Particle>& particles) const {
    const Range& range = kRanges[index];
    const float near_depth = range.near_depth * scale_.scale, far_depth = range.far_depth * scale_.scale;
    const Vec3 period = field_period(moment.framing, setting_.options.frame, near_depth, far_depth);
    const ViewBounds bounds = bounds_of(moment.view, setting_.options.frame, near_depth, far_depth);
    const auto width = static_cast<float>(setting_.options.frame.width_px);
    const auto height = static_cast<float>(setting_.options.frame.height_px);
    // Streaks of a small frame would be far thinner than its pixels: they shrink less than the frame does.
    const float px = std::sqrt(height / 1080);
    const float strength = clock_.strength(moment.time_s);
    const auto wind = static_cast<float>(setting_.wind.direction * setting_.wind.strength) * kSlantPerWind;
    const double fall = kFall * scale_.scale;
    const auto exposed = static_cast<float>(fall * std::min(clock_.pace(), 1.6) * kExposure_s);
    const float thin = 0.65f + 0.35f * intensity_;
    for (const Drop& drop : drops_[index]) {
        const double way = clock_.way(fall * drop.speed, period.y, moment.time_s);
        const float slant = wind + drop.lean;
        const auto fallen = static_cast<float>(std::fmod(way, period.y));
        const Vec3 head{drop.x * period.x + slant * fallen, drop.y * period.y - fallen,
                        drop.z * period.z + near_depth};
        repeat_in(head, period, slant, bounds, [&](const Vec3& at) {
            const Projected p = moment.view.project(at);
            if (p.w <= 0) return;
            const float fade = depth_fade(1 / p.w, near_depth, far_depth);
            if (fade <= 0) return;
            const float length = exposed * drop.speed;
            const Projected tail = moment.view.project({at.x - slant * length, at.y + length, at.z});
            if (tail.w <= 0) return;
            Particle streak;
            streak.shape = Shape::streak;
            streak.x = p.x;
            streak.y = p.y;
            streak.ax = tail.x - p.x;
            streak.ay = tail.y - p.y;
            streak.radius = range.half_width * px * thin;
            streak.alpha = range.alpha * drop.alpha * fade * strength * thin;
            streak.w = p.w;
            const Rgb light = light_at(lights, p.x, p.y);
            streak.colour = drop_colour(p.x / width, p.y / height, light) * (1 + lights.flash);
            streak.alpha = std::min(streak.alpha * (1 + luma(light) / 160), 0.42f);
            particles.push_back(streak);
        });
    }
}

void Rain::emit(const Moment& moment, const Lights& lights, std::vector<Particle>& particles) const {
    if (clock_.strength(moment.time_s) <= 0) return;
    for (std::size_t r = distant_ ? 2 : 0; r < kRanges.size(); ++r) emit_range(r, moment, lights, particles);
}

void Rain::veil(FrameGrid& grid, const Moment& moment, const Lights& lights) const {
    const float amount = intensity_ * intensity_ * clock_.strength(moment.time_s);
    if (amount <= 0) return;
    const Rgb grey =
        lerp(saturated(setting_.ambience.horizon, 0.35f), saturated(setting_.ambience.mean, 0.35f), 0.5f);
    const float dim = 1 - 0.1f * amount * (0.4f + 0.6f * setting_.ambience.daylight);
    const float depth_scale = 0.55f / scale_.scale;
    std::vector<float> haze(grid.columns);
    for (LayerGrid& layer : grid.layers) {
        for (int row = 0; row < grid.rows; ++row) {
            const std::size_t begin = static_cast<std::size_t>(row) * grid.columns;
            const float* w = &layer.w[begin];
            for (int i = 0; i < grid.columns; ++i) {
                haze[i] = 0.34f * amount * (1 - fast_exp(-depth_scale / std::max(w[i], 0.02f)));
            }
            haze_row(layer, begin, grid.columns, haze.data(), grey * (1 + lights.flash), dim);
        }
    }
}

}  // namespace

std::unique_ptr<Effect> make_rain(const EffectSetting& setting, const prompt::EffectTrack& track,
                                  std::uint64_t seed) {
    return std::make_unique<Rain>(setting, track, seed);
}

}  // namespace stillreel::animatic
