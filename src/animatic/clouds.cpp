#include "animatic/clouds.h"

#include <algorithm>
#include <cmath>

#include "animatic/surface_mask.h"
#include "animatic/surface_motion.h"

namespace stillreel::animatic {
namespace {

// The way of one cycle as a fraction of the picture's width. The mask's border must be wider, or the sky
// would fold over itself there.
constexpr float kWay = 0.034f;
constexpr double kHertz = 0.32;

class Clouds : public Effect {
  public:
    Clouds(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t)
        : setting_(setting),
          clock_(setting.options.duration_s, setting.options.seamless, setting.time_scale * track.speed,
                 track.when),
          mask_(setting.scene.regions.sky,
                std::max(3, static_cast<int>(1.6f * kWay *
                                             static_cast<float>(setting.scene.regions.sky.width_px)))) {
        const auto amount = static_cast<float>(std::clamp(track.intensity, 0.0, 1.0));
        way_ = kWay * static_cast<float>(setting.scene.size.width_px) * (0.6f + 0.5f * amount) *
               static_cast<float>(setting.wind.direction < 0 ? -1 : 1);
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
        const auto cycle = static_cast<float>(std::fmod(clock_.cycles(kHertz, moment.time_s), 1.0));
        for (LayerGrid& layer : grid.layers) {
            for (std::size_t i = 0; i < layer.u.size(); ++i) {
                const float x = layer.u[i] / width, y = layer.v[i] / height;
                const float weight = strength * mask_.at(x, y);
                if (weight <= 0) continue;
                begin_flow(layer);
                const float overhead = std::clamp((horizon - y) / horizon, 0.0f, 1.3f);
                const float pace = weight * (0.4f + 0.6f * overhead);
                // Parts of the sky change copies at different moments, or all of it would breathe together.
                const float own = setting_.noise.at(1.1f * x, 1.1f * y);
                flow(layer, i, way_ * pace, 0.08f * std::abs(way_) * pace, cycle + own, setting_.scene.size);
            }
        }
    }

  private:
    EffectSetting setting_;
    EffectClock clock_;
    SurfaceMask mask_;
    float way_;
};

}  // namespace

std::unique_ptr<Effect> make_clouds(const EffectSetting& setting, const prompt::EffectTrack& track,
                                    std::uint64_t seed) {
    return std::make_unique<Clouds>(setting, track, seed);
}

}  // namespace stillreel::animatic
