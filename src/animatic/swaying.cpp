#include "animatic/swaying.h"

#include <algorithm>
#include <cmath>

#include "animatic/noise.h"
#include "animatic/surface_mask.h"
#include "animatic/surface_motion.h"

namespace stillreel::animatic {
namespace {

/// How freely each point of the region moves: little where it is rooted (its lower end), fully at its upper
/// end.
image::Plane freedom_of(const image::Plane& region) {
    image::Plane freedom(region.width_px, region.height_px);
    for (int x = 0; x < region.width_px; ++x) {
        for (int y = 0; y < region.height_px;) {
            int end = y;
            while (end < region.height_px && region.at(x, end) > 0.5f) ++end;
            for (int k = y; k < end; ++k) {
                freedom.at(x, k) = 0.3f + 0.7f * static_cast<float>(end - k) / static_cast<float>(end - y);
            }
            y = std::max(end, y + 1);
        }
    }
    // Neighbouring columns differ: even them out.
    image::Plane even = freedom;
    constexpr int kReach = 6;
    for (int y = 0; y < region.height_px; ++y) {
        for (int x = 0; x < region.width_px; ++x) {
            float sum = 0;
            for (int k = -kReach; k <= kReach; ++k)
                sum += freedom.at(std::clamp(x + k, 0, region.width_px - 1), y);
            even.at(x, y) = sum / (2 * kReach + 1);
        }
    }
    return even;
}

/// The region's soft mask times `factor`.
image::Plane product(const SurfaceMask& mask, const image::Plane& factor) {
    image::Plane result = mask.weights();
    for (std::size_t i = 0; i < result.values.size(); ++i) result.values[i] *= factor.values[i];
    return result;
}

class Foliage : public Effect {
  public:
    Foliage(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t seed)
        : setting_(setting), clock_(clock_of(setting, track)), seed_(seed) {
        const SurfaceMask mask(setting.scene.regions.foliage, 5);
        if (!mask.empty()) weights_ = product(mask, freedom_of(setting.scene.regions.foliage));
        const auto wind = static_cast<float>(std::max(setting.wind.strength, 0.25));
        const auto amount = static_cast<float>(std::clamp(track.intensity, 0.0, 1.0));
        reach_ = static_cast<float>(setting.scene.size.height_px) * 0.012f * wind * (0.5f + amount);
        hertz_ = 0.32 + 0.3 * wind;
    }

    std::string note() const override {
        return weights_.empty()
                   ? "the words ask for moving leaves or grass, but none were found in the picture"
                   : "";
    }

    void displace(FrameGrid& grid, const Moment& moment) const override {
        const float strength = clock_.strength(moment.time_s);
        if (weights_.empty() || strength <= 0) return;
        const auto fraction = [](double cycles) { return static_cast<float>(std::fmod(cycles, 1.0)); };
        const auto width = static_cast<float>(setting_.scene.size.width_px);
        const auto height = static_cast<float>(setting_.scene.size.height_px);
        const float wave = fraction(clock_.cycles(hertz_, moment.time_s));
        const float quick = fraction(clock_.cycles(hertz_ * 2.3, moment.time_s));
        const float flutter = fraction(clock_.cycles(2.2, moment.time_s));
        const float gust = 0.7f + 0.45f * clock_.wander(seed_, 0.5, moment.time_s);
        const auto direction = static_cast<float>(setting_.wind.direction < 0 ? -1 : 1);
        const float lean = 0.3f * static_cast<float>(setting_.wind.strength);
        for (LayerGrid& layer : grid.layers) {
            for (std::size_t i = 0; i < layer.u.size(); ++i) {
                const float x = layer.u[i] / width, y = layer.v[i] / height;
                const float weight = weight_at(weights_, x, y);
                if (weight <= 0) continue;
                // Gusts travel along the wind; each bush answers in its own time.
                const float own = setting_.noise.at(2.1f * x, 2.1f * y);
                const float fine = setting_.noise.at(7.3f * x + 0.5f, 7.3f * y);
                const float sway = 0.62f * fast_sin(wave - 1.7f * direction * x + 1.3f * own) +
                                   0.3f * fast_sin(quick - 3.1f * direction * x + 2.4f * own);
                const float leaf = fast_sin(flutter + 5 * fine);
                const float reach = reach_ * strength * weight * gust;
                shift(layer, i, -reach * (direction * lean + sway + 0.16f * leaf),
                      reach * (0.22f * sway + 0.2f * leaf), setting_.scene.size);
            }
        }
    }

  private:
    EffectSetting setting_;
    EffectClock clock_;
    std::uint64_t seed_;
    image::Plane weights_;
    float reach_ = 0;
    double hertz_ = 0.4;
};

class Cloth : public Effect {
  public:
    Cloth(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t)
        : setting_(setting),
          clock_(clock_of(setting, track)),
          mask_(setting.scene.has_subject ? setting.scene.regions.subject : image::Plane(), 5) {
        const auto amount = static_cast<float>(std::clamp(track.intensity, 0.0, 1.0));
        const auto wind = static_cast<float>(setting.wind.strength);
        reach_ = static_cast<float>(setting.scene.size.height_px) * 0.008f * (0.5f + amount) * (0.7f + wind);
    }

    std::string note() const override {
        return mask_.empty() ? "the words ask for moving cloth, but no subject was found that could be it"
                             : "";
    }

    void displace(FrameGrid& grid, const Moment& moment) const override {
        each_vertex(
            grid, moment, [this](LayerGrid& layer, std::size_t i, float weight, float fold, float steep) {
                shift(layer, i, 0.5f * reach_ * weight * steep, reach_ * weight * fold, setting_.scene.size);
            });
    }

    void shade(FrameGrid& grid, const Moment& moment) const override {
        each_vertex(grid, moment, [](LayerGrid& layer, std::size_t i, float weight, float, float steep) {
            const float gain = 1 + 0.1f * weight * steep;
            layer.gain_r[i] *= gain;
            layer.gain_g[i] *= gain;
            layer.gain_b[i] *= gain;
        });
    }

  private:
    /// What stands upright is someone in clothes, or hangs from its top: the upper part keeps its shape.
    float hanging(float y) const {
        const Scene& scene = setting_.scene;
        const double tall = (scene.subject_bottom - scene.subject_top) * scene.size.height_px;
        if (tall < 1.1 * (scene.subject_right - scene.subject_left) * scene.size.width_px) return 1;
        const auto top = static_cast<float>(scene.subject_top),
                   bottom = static_cast<float>(scene.subject_bottom);
        return smoothstep(0.38f, 0.9f, (y - top) / std::max(bottom - top, 0.02f));
    }

    /// Folds run from where the cloth is held, on the side that the wind comes from, and grow on their way.
    template <class Visit>
    void each_vertex(FrameGrid& grid, const Moment& moment, const Visit& visit) const {
        const float strength = clock_.strength(moment.time_s);
        if (mask_.empty() || strength <= 0) return;
        const Scene& scene = setting_.scene;
        const auto width = static_cast<float>(scene.size.width_px),
                   height = static_cast<float>(scene.size.height_px);
        const auto left = static_cast<float>(scene.subject_left),
                   right = static_cast<float>(scene.subject_right);
        const float span = std::max(right - left, 0.02f);
        const auto first = static_cast<float>(std::fmod(clock_.cycles(0.9, moment.time_s), 1.0));
        const auto second = static_cast<float>(std::fmod(clock_.cycles(1.4, moment.time_s), 1.0));
        for (LayerGrid& layer : grid.layers) {
            for (std::size_t i = 0; i < layer.u.size(); ++i) {
                const float x = layer.u[i] / width, y = layer.v[i] / height;
                const float weight = strength * mask_.at(x, y) * hanging(y);
                if (weight <= 0) continue;
                float along = (x - left) / span;
                if (setting_.wind.direction < 0) along = 1 - along;
                const float grown = 0.3f + 0.7f * std::clamp(along, 0.0f, 1.0f);
                const float a = 1.6f * along + 0.5f * y - first, b = 2.9f * along - 1.1f * y - second;
                visit(layer, i, weight * grown, 0.7f * fast_sin(a) + 0.35f * fast_sin(b),
                      0.7f * fast_sin(a + 0.25f) + 0.35f * fast_sin(b + 0.25f));
            }
        }
    }

    EffectSetting setting_;
    EffectClock clock_;
    SurfaceMask mask_;
    float reach_ = 0;
};

}  // namespace

std::unique_ptr<Effect> make_foliage(const EffectSetting& setting, const prompt::EffectTrack& track,
                                     std::uint64_t seed) {
    return std::make_unique<Foliage>(setting, track, seed);
}

std::unique_ptr<Effect> make_cloth(const EffectSetting& setting, const prompt::EffectTrack& track,
                                   std::uint64_t seed) {
    return std::make_unique<Cloth>(setting, track, seed);
}

}  // namespace stillreel::animatic
