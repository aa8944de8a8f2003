#include "animatic/lightning.h"

#include <algorithm>
#include <cmath>

#include "animatic/placement.h"
#include "animatic/shading.h"
#include "animatic/surface_mask.h"
#include "base/random.h"

namespace stillreel::animatic {
namespace {

constexpr double kGap_s = 0.9;
constexpr double kRise_s = 0.05, kDecay_s = 0.17;

class Lightning : public Effect {
  public:
    Lightning(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t seed)
        : setting_(setting),
          intensity_(0.6f + 0.4f * static_cast<float>(std::clamp(track.intensity, 0.0, 1.0))),
          seed_(seed),
          sky_(setting.scene.regions.sky, 2) {
        const double begin = std::clamp(track.when.begin, 0.0, 1.0) * setting.options.duration_s;
        const double length = std::clamp(track.when.end, 0.0, 1.0) * setting.options.duration_s - begin;
        const int wanted = static_cast<int>(std::lround(length / 1.7));
        const int fit = static_cast<int>(std::floor(length / kGap_s));
        const int count = std::clamp(wanted, 1, std::max(1, std::min(3, fit)));
        // Each in its own part of the span, in the part's first half: gaps follow from the parts' length. The
        // last one has died away before the span, or a loop, ends.
        const double part = length / count;
        for (int k = 0; k < count; ++k) {
            const double room = std::max(0.0, std::min(0.4 * part, part - kGap_s));
            strokes_.push_back(begin + k * part + 0.08 * part + room * hash_unit(seed, k, 11));
        }
    }

    void illuminate(const Moment& moment, Lights& lights) const override {
        lights.flash += flash(moment.time_s);
    }

    void shade(FrameGrid& grid, const Moment& moment) const override {
        const float power = flash(moment.time_s);
        if (power <= 0) return;
        std::vector<float> amount(grid.columns);
        const auto width = static_cast<float>(setting_.scene.size.width_px);
        const auto height = static_cast<float>(setting_.scene.size.height_px);
        for (LayerGrid& layer : grid.layers) {
            for (int row = 0; row < grid.rows; ++row) {
                const std::size_t begin = static_cast<std::size_t>(row) * grid.columns;
                for (int i = 0; i < grid.columns; ++i) {
                    const std::size_t k = begin + i;
                    const float sky = sky_.empty() ? 0.4f : sky_.at(layer.u[k] / width, layer.v[k] / height);
                    amount[i] = power * (0.35f + 0.65f * sky) / (0.7f + 0.5f * std::max(0.2f, layer.w[k]));
                }
                light_row(layer, begin, grid.columns, amount.data(), {0.42f, 0.46f, 0.58f}, {34, 38, 54});
            }
        }
    }

    void emit(const Moment& moment, const Lights&, std::vector<Particle>& particles) const override {
        if (sky_.empty()) return;
        for (std::size_t k = 0; k < strokes_.size(); ++k) {
            const float power = stroke(moment.time_s - strokes_[k], 0.09);
            if (power > 0.02f) bolt(k, power * intensity_, moment, particles);
        }
    }

  private:
    static float stroke(double since, double decay_s) {
        if (since < -kRise_s || since > 8 * decay_s) return 0;
        if (since < 0) return static_cast<float>(1 + since / kRise_s);
        return static_cast<float>(std::exp(-since / decay_s));
    }

    float flash(double time_s) const {
        float sum = 0;
        for (std::size_t k = 0; k < strokes_.size(); ++k) {
            const double since = time_s - strokes_[k];
            sum += stroke(since, kDecay_s);
            // The return strokes that make real lightning stutter are flashes of their own.
            if (setting_.options.allow_flashing) sum += 0.7f * stroke(since - 0.14, 0.05);
        }
        return intensity_ * std::min(sum, 1.2f);
    }

    /// Where the sky ends below its open part at `x`, a fraction of the height.
    double lowest_sky(double x) const {
        constexpr int kRows = 60;
        int lowest = 0;
        for (int row = 0; row < kRows && row - lowest < kRows / 8; ++row) {
            if (sky_.at(static_cast<float>(x), static_cast<float>(row) / kRows) > 0.5f) lowest = row;
        }
        return std::max(0.12, static_cast<double>(lowest) / kRows);
    }

    /// From above the frame down behind what stands before the sky, in steps that wander, where the picture
    /// has most sky.
    void bolt(std::size_t number, float power, const Moment& moment, std::vector<Particle>& particles) const {
        const Scene& scene = setting_.scene;
        const std::uint64_t key = hash_bits(seed_, number, 0x626f6c74);
        double x = 0.5;
        float best = -1;
        for (int i = 0; i < 12; ++i) {
            const double candidate = 0.12 + 0.76 * hash_unit(key, i);
            float open = 0;
            for (const float y : {0.05f, 0.15f, 0.25f, 0.35f})
                open += sky_.at(static_cast<float>(candidate), y);
            if (open > best) best = open, x = candidate;
        }
        if (best < 0.5f) return;
        const float px = std::sqrt(static_cast<float>(setting_.options.frame.height_px) / 1080);
        const double bottom = lowest_sky(x) + 0.05;
        constexpr int kSteps = 420;
        for (int i = 0; i < kSteps; ++i) {
            const auto along = static_cast<float>(i) / kSteps;
            // Three scales of wandering, straight between their knots: a broken line, not a curve.
            const auto wander = [&](int knots, std::uint64_t salt) {
                const float at = along * static_cast<float>(knots);
                const auto knot = static_cast<std::uint64_t>(at);
                const float mix = at - static_cast<float>(knot);
                return (hash_unit(key, knot, salt) * (1 - mix) + hash_unit(key, knot + 1, salt) * mix) - 0.5f;
            };
            const double fx = x + 0.16 * wander(3, 1) + 0.05 * wander(11, 2) + 0.018 * wander(37, 3);
            const double fy = -0.02 + (bottom + 0.02) * along;
            const auto w = static_cast<float>(scene.w_far) * 1.1f;
            const Projected at = appearance({fx * scene.size.width_px, fy * scene.size.height_px, w}, moment);
            Particle light;
            light.x = at.x;
            light.y = at.y;
            light.w = at.w;
            light.cover = 0;
            light.colour = {225, 228, 255};
            light.radius = (3.2f - 1.6f * along) * px;
            light.hardness = 2;
            light.alpha = std::min(1.0f, power * 0.9f);
            particles.push_back(light);
            if (i % 6 != 0) continue;
            light.radius = 26 * px;
            light.hardness = 1;
            light.alpha = 0.12f * power;
            light.colour = {150, 160, 255};
            particles.push_back(light);
        }
    }

    EffectSetting setting_;
    float intensity_;
    std::uint64_t seed_;
    SurfaceMask sky_;
    std::vector<double> strokes_;  // s
};

}  // namespace

std::unique_ptr<Effect> make_lightning(const EffectSetting& setting, const prompt::EffectTrack& track,
                                       std::uint64_t seed) {
    return std::make_unique<Lightning>(setting, track, seed);
}

}  // namespace stillreel::animatic
