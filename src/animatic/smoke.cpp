#include "animatic/smoke.h"

#include <algorithm>
#include <cmath>

#include "animatic/placement.h"
#include "animatic/shading.h"
#include "base/random.h"

namespace stillreel::animatic {
namespace {

/// Where a plume stands, as fractions of the unmoved frame, and its height as a fraction of the frame's.
struct Plume {
    float x, y, height, width;
    float noise;  // its own piece of the noise
};

class Smoke : public Effect {
  public:
    Smoke(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t seed)
        : setting_(setting),
          clock_(clock_of(setting, track)),
          steam_(track.style == "steam"),
          distant_(track.distant),
          thick_(0.55f + 0.4f * static_cast<float>(std::clamp(track.intensity, 0.0, 1.0))) {
        const Ambience& ambience = setting.ambience;
        const Rgb pale = lerp(saturated(ambience.bright, 0.3f), {240, 243, 248}, 0.5f);
        steam_colour_ = pale * (0.55f + 0.45f * ambience.daylight);
        Random random(seed);
        if (steam_ && setting.scene.has_subject) {
            subject_top_ = true;
            plumes_ = {{0, 0, 0.5f, 0.16f, random.unit()}};
        } else if (distant_) {
            plumes_ = {{0, 0, 0.36f, 0.13f, random.unit()}};
        } else {
            for (const float x : {0.2f, 0.56f, 0.86f}) {
                plumes_.push_back({x + random.between(-0.06f, 0.06f), random.between(0.74f, 0.9f),
                                   steam_ ? 0.5f : 0.95f, steam_ ? 0.2f : 0.42f, random.unit()});
            }
        }
    }

    void veil(FrameGrid& grid, const Moment& moment, const Lights& lights) const override {
        const float strength = thick_ * clock_.strength(moment.time_s);
        if (strength <= 0) return;
        std::vector<float> amount(grid.columns);
        for (const Plume& plume : plumes_) {
            const Place foot = place(plume, moment);
            const Projected at = appearance(foot, moment);
            const Rgb colour =
                (colour_before(foot) + light_at(lights, at.x, at.y) * 0.35f) * (1 + 0.6f * lights.flash);
            for (LayerGrid& layer : grid.layers) {
                for (int row = 0; row < grid.rows; ++row) {
                    const std::size_t begin = static_cast<std::size_t>(row) * grid.columns;
                    if (!cover_row(grid, layer, begin, plume, foot, moment, strength, amount)) continue;
                    haze_row(layer, begin, grid.columns, amount.data(), colour);
                }
            }
        }
    }

  private:
    /// Steam is white. Smoke shows dark before a bright sky and pale before a dark one.
    Rgb colour_before(const Place& foot) const {
        if (steam_) return steam_colour_;
        const image::Size size = setting_.scene.size;
        const Rgb behind = setting_.ambience.at(static_cast<float>(foot.u / size.width_px),
                                                static_cast<float>(foot.v / size.height_px) - 0.2f);
        const float grey = luma(behind) > 115 ? 0.42f * luma(behind) : luma(behind) + 84;
        return lerp({grey, grey, grey}, saturated(behind, 0.5f), 0.25f);
    }

    Place place(const Plume& plume, const Moment& moment) const {
        const Framing& framing = moment.framing;
        const image::Size frame = setting_.options.frame;
        if (subject_top_) {
            const Scene& scene = setting_.scene;
            const double tall = scene.subject_bottom - scene.subject_top;
            // A cup that fills the picture is seen from above: the steam needs room over its foot.
            const double foot =
                std::clamp(0.45, scene.subject_top + 0.12 * tall, scene.subject_top + 0.45 * tall);
            return {0.5 * (scene.subject_left + scene.subject_right) * scene.size.width_px,
                    foot * scene.size.height_px, static_cast<float>(scene.w_near)};
        }
        if (distant_) return distant_place(setting_.scene, framing, frame, plume.noise > 0.5f);
        Place foot{framing.centre_u + (plume.x - 0.5) * frame.width_px * framing.texel_per_px,
                   framing.centre_v + (plume.y - 0.5) * frame.height_px * framing.texel_per_px, 1};
        foot.w = 1.02f * front_depth(setting_.scene, foot.u, foot.v);
        return foot;
    }

    /// Density at (x, y) of the plume: x across, in its widths; y up, 0 at its foot and 1 where it is gone.
    float density(const Plume& plume, float x, float y, float t) const {
        const auto wind = static_cast<float>(setting_.wind.direction * setting_.wind.strength);
        const float bend = setting_.noise.at(0.21f * y - 0.05f * t + plume.noise, 0.13f * t) - 0.5f;
        const float side = x - 1.6f * wind * y * y - 0.9f * bend * y;
        const float half = 0.1f + 0.6f * y;
        const float across = side / half;
        if (across > 1.6f || across < -1.6f) return 0;
        // Billows: noise bent by noise, both carried upwards, the coarse one slower than the fine one.
        const float rise = 0.2f * t;
        const float warp_x = setting_.noise.at(0.6f * side + plume.noise, 0.9f * (y - 0.8f * rise)) - 0.5f;
        const float warp_y =
            setting_.noise.at(0.6f * side + 0.47f, 0.9f * (y - 0.8f * rise) + plume.noise) - 0.5f;
        const float n = setting_.noise.at(0.5f * side + 0.45f * warp_x + 2 * plume.noise,
                                          0.95f * (y - rise) + 0.45f * warp_y);
        const float body = smoothstep(0.22f, 0.54f, n + 0.3f * (1 - y) * (1 - y));
        const float ends = smoothstep(0.0f, 0.16f, y) * (1 - smoothstep(0.4f, 1.0f, y));
        return ends * body * std::max(0.0f, 1 - across * across / 2.56f);
    }

    bool cover_row(const FrameGrid& grid, const LayerGrid& layer, std::size_t begin, const Plume& plume,
                   const Place& foot, const Moment& moment, float strength,
                   std::vector<float>& amount) const {
        const double frame_texels = setting_.options.frame.height_px * moment.framing.texel_per_px;
        const auto inverse_height = static_cast<float>(1 / (plume.height * frame_texels));
        const auto inverse_width = static_cast<float>(1 / (plume.width * frame_texels));
        const auto foot_u = static_cast<float>(foot.u), foot_v = static_cast<float>(foot.v);
        const EffectClock::TwoTimes times = clock_.two_times(moment.time_s);
        bool any = false;
        for (int i = 0; i < grid.columns; ++i) {
            const std::size_t k = begin + i;
            amount[i] = 0;
            const float y = (foot_v - layer.v[k]) * inverse_height;
            if (y <= 0 || y >= 1) continue;
            const float behind = std::clamp((1.12f * foot.w - layer.w[k]) / (0.12f * foot.w), 0.0f, 1.0f);
            if (behind <= 0) continue;
            const float x = (layer.u[k] - foot_u) * inverse_width;
            float d = density(plume, x, y, static_cast<float>(times.first_s));
            if (times.mix > 0)
                d += (density(plume, x, y, static_cast<float>(times.second_s)) - d) * times.mix;
            amount[i] = std::min(0.92f, strength * d * behind);
            any = any || amount[i] > 0;
        }
        return any;
    }

    EffectSetting setting_;
    EffectClock clock_;
    bool steam_, distant_, subject_top_ = false;
    float thick_;
    Rgb steam_colour_;
    std::vector<Plume> plumes_;
};

}  // namespace

std::unique_ptr<Effect> make_smoke(const EffectSetting& setting, const prompt::EffectTrack& track,
                                   std::uint64_t seed) {
    return std::make_unique<Smoke>(setting, track, seed);
}

}  // namespace stillreel::animatic
