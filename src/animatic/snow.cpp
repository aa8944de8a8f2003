#include "animatic/snow.h"

#include <algorithm>
#include <cmath>

#include "animatic/drift_field.h"
#include "animatic/shading.h"
#include "base/random.h"

namespace stillreel::animatic {
namespace {

struct Range {
    float near_depth, far_depth;
    int count;     // in the heaviest snow
    float radius;  // px at 1080
    float hardness, alpha;
};
constexpr Range kRanges[] = {
    {0.3f, 0.6f, 150, 11.0f, 1.0f, 0.32f},
    {0.6f, 1.2f, 1000, 5.0f, 1.0f, 0.8f},
    {1.2f, 2.5f, 3000, 3.4f, 1.05f, 0.85f},
    {2.5f, 5.0f, 5600, 2.5f, 1.1f, 0.8f},
};

class Snow : public Effect {
  public:
    Snow(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t seed)
        : setting_(setting),
          clock_(clock_of(setting, track)),
          intensity_(static_cast<float>(std::clamp(track.intensity, 0.05, 1.0))) {
        const Rgb white{244, 247, 255};
        colour_ = lerp(setting.ambience.bright, white, 0.45f + 0.3f * setting.ambience.daylight);
        if (luma(colour_) < 130) colour_ = colour_ + Rgb{1, 1, 1} * (130 - luma(colour_));
        std::uint64_t number = 0;
        for (const Range& range : kRanges) {
            ++number;
            if (track.distant && range.near_depth < 1) continue;
            Drift drift;
            drift.near_depth = range.near_depth;
            drift.far_depth = range.far_depth;
            drift.count = static_cast<int>(static_cast<float>(range.count) * std::pow(intensity_, 1.2f));
            drift.fall = 0.3f;
            drift.lean = static_cast<float>(setting.wind.direction * setting.wind.strength) * 1.9f;
            drift.sway = 0.035f;
            drift.sway_hertz = 0.45f;
            fields_.emplace_back(setting.scene, drift, setting.options.frame, hash_bits(seed, number));
            ranges_.push_back(range);
        }
    }

    void veil(FrameGrid& grid, const Moment& moment, const Lights& lights) const override {
        const float amount = intensity_ * intensity_ * clock_.strength(moment.time_s);
        if (amount <= 0) return;
        const Rgb haze = lerp(setting_.ambience.horizon, colour_, 0.35f) * (1 + 0.5f * lights.flash);
        std::vector<float> thick(grid.columns);
        for (LayerGrid& layer : grid.layers) {
            for (int row = 0; row < grid.rows; ++row) {
                const std::size_t begin = static_cast<std::size_t>(row) * grid.columns;
                const float* w = &layer.w[begin];
                for (int i = 0; i < grid.columns; ++i) {
                    thick[i] = 0.32f * amount * (1 - fast_exp(-0.5f / std::max(w[i], 0.02f)));
                }
                haze_row(layer, begin, grid.columns, thick.data(), haze);
            }
        }
    }

    void emit(const Moment& moment, const Lights& lights, std::vector<Particle>& particles) const override {
        const float strength = clock_.strength(moment.time_s);
        if (strength <= 0) return;
        const float px = std::sqrt(static_cast<float>(setting_.options.frame.height_px) / 1080);
        for (std::size_t r = 0; r < fields_.size(); ++r) {
            const Range& range = ranges_[r];
            fields_[r].visit(moment, clock_, [&](const Seen& seen) {
                Particle flake;
                flake.x = seen.at.x;
                flake.y = seen.at.y;
                flake.w = seen.at.w;
                flake.radius = std::max(range.radius * px * seen.mote.size * seen.mote.size, 1.0f);
                flake.hardness = range.hardness;
                flake.alpha = range.alpha * strength * seen.fade * (0.6f + 0.4f * seen.mote.kind);
                flake.colour =
                    (colour_ + light_at(lights, flake.x, flake.y) * 0.5f) * (1 + 0.5f * lights.flash);
                particles.push_back(flake);
            });
        }
    }

  private:
    EffectSetting setting_;
    EffectClock clock_;
    float intensity_;
    Rgb colour_;
    std::vector<Range> ranges_;
    std::vector<DriftField> fields_;
};

}  // namespace

std::unique_ptr<Effect> make_snow(const EffectSetting& setting, const prompt::EffectTrack& track,
                                  std::uint64_t seed) {
    return std::make_unique<Snow>(setting, track, seed);
}

}  // namespace stillreel::animatic
