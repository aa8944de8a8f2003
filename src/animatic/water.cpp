#include "animatic/water.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "animatic/shading.h"
#include "animatic/surface_mask.h"
#include "animatic/surface_motion.h"

namespace stillreel::animatic {
namespace {

/// A train of waves on the water's plane: cycles a unit across and into the picture, cycles a second, height.
struct Train {
    float across, into;
    double hertz;
    float height;
};
constexpr std::array<Train, 4> kTrains{{
    {0.3f, 1.6f, 0.42, 1.0f},
    {-0.9f, 2.7f, 0.63, 0.55f},
    {1.9f, 3.9f, 0.87, 0.38f},
    {-2.8f, 1.2f, 0.7, 0.3f},
}};

/// Displacement and slope of the surface at a vertex.
struct Swell {
    float up = 0, side = 0, slope = 0;
};

class Water : public Effect {
  public:
    Water(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t)
        : setting_(setting),
          clock_(clock_of(setting, track)),
          mask_(setting.scene.regions.water, 6),
          flows_(track.style == "flow"),
          waves_(track.style == "waves") {
        const auto height = static_cast<float>(setting.scene.size.height_px);
        const auto amount = static_cast<float>(std::clamp(track.intensity, 0.0, 1.0));
        amplitude_ = height * (waves_ ? 0.0085f : flows_ ? 0.0022f : 0.0042f) * (0.4f + amount);
        stream_ = height * (0.05f + 0.07f * amount);
    }

    std::string note() const override {
        return mask_.empty() ? "the words ask for water, but none was found in the picture" : "";
    }

    void displace(FrameGrid& grid, const Moment& moment) const override {
        const float strength = clock_.strength(moment.time_s);
        if (mask_.empty() || strength <= 0) return;
        const Phases phases = phases_at(moment.time_s);
        const image::Size size = setting_.scene.size;
        for (LayerGrid& layer : grid.layers) {
            for (std::size_t i = 0; i < layer.u.size(); ++i) {
                const float weight = strength * weight_at(layer, i);
                if (weight <= 0) continue;
                const float near = nearness(layer.v[i]);
                const Swell swell = swell_at(layer.u[i], layer.v[i], near, phases);
                if (flows_) {
                    begin_flow(layer);
                    const float u = layer.u[i], v = layer.v[i];
                    const float uneven = setting_.noise.at(u * wide_, v * wide_);
                    const float way = stream_ * weight * (0.35f + 0.65f * near);
                    flow(layer, i, way * 0.6f * (uneven - 0.5f), way, phases.stream + uneven, size);
                }
                const float reach = amplitude_ * weight * (0.25f + 0.75f * near);
                shift(layer, i, reach * swell.side, reach * swell.up, size);
            }
        }
    }

    // Slopes that face us mirror the sky: brightness moves with the waves.
    void shade(FrameGrid& grid, const Moment& moment) const override {
        const float strength = clock_.strength(moment.time_s);
        if (mask_.empty() || strength <= 0) return;
        const Phases phases = phases_at(moment.time_s);
        const float glint = waves_ ? 0.16f : 0.08f;
        for (LayerGrid& layer : grid.layers) {
            for (std::size_t i = 0; i < layer.u.size(); ++i) {
                const float weight = strength * weight_at(layer, i);
                if (weight <= 0) continue;
                const float gain =
                    1 + glint * weight * swell_at(layer.u[i], layer.v[i], nearness(layer.v[i]), phases).slope;
                layer.gain_r[i] *= gain;
                layer.gain_g[i] *= gain;
                layer.gain_b[i] *= gain;
            }
        }
    }

  private:
    struct Phases {
        std::array<float, kTrains.size()> train;
        float shimmer, stream;
    };

    Phases phases_at(double time_s) const {
        const auto fraction = [](double cycles) { return static_cast<float>(std::fmod(cycles, 1.0)); };
        Phases phases{};
        for (std::size_t k = 0; k < kTrains.size(); ++k)
            phases.train[k] = fraction(clock_.cycles(kTrains[k].hertz, time_s));
        phases.shimmer = fraction(clock_.cycles(0.8, time_s));
        phases.stream = fraction(clock_.cycles(0.75, time_s));
        return phases;
    }

    float weight_at(const LayerGrid& layer, std::size_t i) const {
        return mask_.at(layer.u[i] / static_cast<float>(setting_.scene.size.width_px),
                        layer.v[i] / static_cast<float>(setting_.scene.size.height_px));
    }

    /// 0 at the horizon, 1 at the picture's lower edge: inverse distance on the water's plane.
    float nearness(float v) const {
        const auto horizon = static_cast<float>(std::clamp(setting_.scene.horizon, -0.5, 0.9));
        const float p = (v / static_cast<float>(setting_.scene.size.height_px) - horizon) / (1 - horizon);
        return std::clamp(p, 0.03f, 1.0f);
    }

    Swell swell_at(float u, float v, float near, const Phases& phases) const {
        const auto width = static_cast<float>(setting_.scene.size.width_px);
        const auto height = static_cast<float>(setting_.scene.size.height_px);
        const float x = (u / width - 0.5f) / near * 1.3f, z = 1 / near;
        Swell swell;
        for (std::size_t k = 0; k < kTrains.size(); ++k) {
            const Train& train = kTrains[k];
            // Waves that the grid is too coarse for would turn into noise: they fade out with distance.
            const float wave_px = 0.5f * height * near * near / train.into;
            const float seen = smoothstep(3.0f * kTilePx, 9.0f * kTilePx, wave_px) * train.height;
            if (seen <= 0) continue;
            const float phase = train.across * x + train.into * z + phases.train[k];
            const float crest = fast_sin(phase), steep = fast_sin(phase + 0.25f);
            // Crests are sharper than troughs.
            swell.up += seen * (crest + 0.3f * crest * crest - 0.15f);
            swell.side += seen * 0.4f * steep;
            swell.slope += seen * steep;
        }
        // Far away only a shimmer is left.
        const float wobble = setting_.noise.at(u * wide_ * 0.7f, v * wide_ * 2);
        const float shimmer = fast_sin(v * (1.0f / 44) + 3 * wobble + phases.shimmer);
        swell.side += 0.5f * shimmer;
        swell.slope += 0.25f * shimmer;
        return swell;
    }

    EffectSetting setting_;
    EffectClock clock_;
    SurfaceMask mask_;
    bool flows_, waves_;
    float amplitude_ = 0, stream_ = 0;
    float wide_ = 1.0f / 700;  // noise per texture px
};

}  // namespace

std::unique_ptr<Effect> make_water(const EffectSetting& setting, const prompt::EffectTrack& track,
                                   std::uint64_t seed) {
    return std::make_unique<Water>(setting, track, seed);
}

}  // namespace stillreel::animatic
