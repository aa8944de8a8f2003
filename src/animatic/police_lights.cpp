#include "animatic/police_lights.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "animatic/placement.h"
#include "animatic/shading.h"

namespace stillreel::animatic {
namespace {

constexpr Rgb kRed{255, 26, 18};
constexpr Rgb kBlue{38, 70, 255};

class PoliceLights : public Effect {
  public:
    PoliceLights(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t seed)
        : setting_(setting),
          clock_(clock_of(setting, track)),
          intensity_(static_cast<float>(std::clamp(track.intensity, 0.2, 1.0))),
          size_(track.distant ? 1.0f : 1.7f),
          right_((seed & 1) != 0) {
        const Rgb first = track.colours == "blue" ? kBlue : kRed;
        const Rgb second = track.colours == "red" ? kRed : kBlue;
        colours_ = {first, track.colours.empty() ? kBlue : second};
        if (setting.scene.has_subject) {
            right_ = (setting.scene.subject_left + setting.scene.subject_right) / 2 < 0.5;
        }
    }

    void illuminate(const Moment& moment, Lights& lights) const override;
    void shade(FrameGrid& grid, const Moment& moment) const override;
    void veil(FrameGrid& grid, const Moment& moment, const Lights& lights) const override;
    void emit(const Moment& moment, const Lights& lights, std::vector<Particle>& particles) const override;

  private:
    struct Bulb {
        float x, y, w;
        float power;  // 0 to 1
        Rgb colour;
    };
    std::array<Bulb, 2> bulbs(const Moment& moment) const;
    double turns(double time_s) const;
    float px() const { return static_cast<float>(setting_.options.frame.height_px) / 1080; }

    EffectSetting setting_;
    EffectClock clock_;
    float intensity_, size_;
    bool right_;
    std::array<Rgb, 2> colours_;
};

// Turns of the lamp: each bulb shines once in each of them, so there are two pulses a turn.
double PoliceLights::turns(double time_s) const {
    const double wanted = 1.2 * clock_.pace();
    const double limit = setting_.beacon_rate_hz / 2;
    return clock_.cycles_at_most(setting_.options.allow_flashing ? wanted : std::min(wanted, limit), time_s);
}

std::array<PoliceLights::Bulb, 2> PoliceLights::bulbs(const Moment& moment) const {
    const Place place = distant_place(setting_.scene, moment.framing, setting_.options.frame, right_);
    const Projected at = appearance(place, moment);
    const float strength = intensity_ * clock_.strength(moment.time_s) * (at.w > 0 ? 1.0f : 0.0f);
    const float apart = 9 * px() * size_;
    const float turn = static_cast<float>(turns(moment.time_s) - std::floor(turns(moment.time_s)));
    std::array<Bulb, 2> result;
    for (int k = 0; k < 2; ++k) {
        // A beam that sweeps past: bright while it points here, with a long soft foot on both sides.
        const float facing = 0.5f + 0.5f * fast_sin(turn + 0.25f + 0.5f * static_cast<float>(k));
        const float beam = facing * facing * facing;
        result[k] = {at.x + (k == 0 ? -apart : apart), at.y, at.w, strength * (0.06f + 0.94f * beam),
                     colours_[k]};
    }
    return result;
}

void PoliceLights::illuminate(const Moment& moment, Lights& lights) const {
    const auto pair = bulbs(moment);
    const Rgb colour = pair[0].colour * (0.75f * pair[0].power) + pair[1].colour * (0.75f * pair[1].power);
    if (pair[0].power > 0)
        lights.points.push_back({0.5f * (pair[0].x + pair[1].x), pair[0].y, 300 * px() * size_, colour});
}

// Light on things: what is far away stands next to the lamps and takes on their colour; what is near shows it
// at a lower strength, as it would on its rims.
void PoliceLights::shade(FrameGrid& grid, const Moment& moment) const {
    const auto pair = bulbs(moment);
    const float power = pair[0].power + pair[1].power;
    if (power <= 0) return;
    // From afar the two bulbs are one light.
    const Rgb colour = (pair[0].colour * pair[0].power + pair[1].colour * pair[1].power) * (1 / power);
    const float x = 0.5f * (pair[0].x + pair[1].x), y = pair[0].y;
    const float reach = 620 * px() * std::sqrt(size_), inverse = 1 / (reach * reach),
                inverse_w = 1 / pair[0].w;
    // What the light adds in one colour the eye's adaptation takes from the others: luminance hardly changes,
    // the colour does.
    const Rgb gain = colour * (0.85f / 255) + Rgb{-0.2f, -0.2f, -0.2f};
    std::vector<float> amount(grid.columns);
    for (LayerGrid& layer : grid.layers) {
        for (int row = 0; row < grid.rows; ++row) {
            const std::size_t begin = static_cast<std::size_t>(row) * grid.columns;
            const float dy = static_cast<float>(row * kTilePx) - y;
            const float* w = &layer.w[begin];
            for (int i = 0; i < grid.columns; ++i) {
                const float dx = static_cast<float>(i * kTilePx) - x;
                const float spread = 1 + (dx * dx + dy * dy) * inverse;
                const float nearness =
                    std::max(w[i] * inverse_w, 0.8f);  // 1 beside the lamps, larger before them
                amount[i] = power * 1.25f / (spread * (0.65f + 0.6f * nearness));
            }
            light_row(layer, begin, grid.columns, amount.data(), gain, colour * 0.13f);
        }
    }
}

// The glow in the air around the bulbs, and below them their image in wet ground.
void PoliceLights::veil(FrameGrid& grid, const Moment& moment, const Lights&) const {
    std::vector<float> amount(grid.columns);
    const float wet = setting_.raining ? 0.5f : 0.16f;
    for (const Bulb& bulb : bulbs(moment)) {
        if (bulb.power <= 0) continue;
        const float glow = 62 * px() * size_, inverse_glow = 1 / (glow * glow);
        const float image_x = 1 / (30 * px() * size_), image_y = 1 / (120 * px() * size_);
        const float far = 7 * glow, far_below = 6 / image_y;  // the glow is down to nothing there
        const auto vertex = [](float at, int end) {
            return std::clamp(static_cast<int>(at / kTilePx), 0, end);
        };
        const int row_end = vertex(bulb.y + std::max(far, far_below), grid.rows);
        const int first = vertex(bulb.x - far, grid.columns), last = vertex(bulb.x + far, grid.columns);
        for (LayerGrid& layer : grid.layers) {
            for (int row = vertex(bulb.y - far, grid.rows); row < row_end; ++row) {
                const std::size_t begin = static_cast<std::size_t>(row) * grid.columns + first;
                const float dy = static_cast<float>(row * kTilePx) - bulb.y;
                const float down = dy > 0 ? dy * image_y : 0;
                const float mirrored = wet * down * 2.7f * fast_exp(-down);
                const float* w = &layer.w[begin];
                for (int i = 0; i < last - first; ++i) {
                    const float dx = static_cast<float>((first + i) * kTilePx) - bulb.x;
                    const float spread = 1 + (dx * dx + dy * dy) * inverse_glow;
                    const float side = dx * image_x;
                    // Before a nearer thing there is less lit air.
                    const float open = std::min(1.0f, 1.3f * bulb.w / std::max(w[i], 0.02f));
                    const float halo = 1 / (spread * spread) - 0.0004f;
                    amount[i] =
                        bulb.power * open * std::max(0.0f, halo + mirrored / (1 + side * side * side * side));
                }
                light_row(layer, begin, last - first, amount.data(), {}, bulb.colour * 0.62f);
            }
        }
    }
}

void PoliceLights::emit(const Moment& moment, const Lights&, std::vector<Particle>& particles) const {
    for (const Bulb& bulb : bulbs(moment)) {
        if (bulb.power <= 0) continue;
        Particle core;
        core.x = bulb.x;
        core.y = bulb.y;
        core.w = bulb.w;
        core.cover = 0;
        core.radius = (10 + 12 * bulb.power) * px() * size_;
        core.alpha = bulb.power;
        core.colour = bulb.colour;
        particles.push_back(core);
        core.radius = (4 + 4 * bulb.power) * px() * size_;
        core.colour = lerp(bulb.colour, {255, 255, 255}, 0.65f);
        particles.push_back(core);
        Particle flare;  // the lens draws bright lamps sideways
        flare.shape = Shape::streak;
        flare.ax = 190 * px() * size_ * bulb.power;
        flare.x = bulb.x - flare.ax / 2;
        flare.y = bulb.y;
        flare.radius = 2.2f * px();
        flare.alpha = 0.3f * bulb.power;
        flare.cover = 0;
        flare.colour = bulb.colour;
        flare.w = bulb.w;
        particles.push_back(flare);
    }
}

}  // namespace

std::unique_ptr<Effect> make_police_lights(const EffectSetting& setting, const prompt::EffectTrack& track,
                                           std::uint64_t seed) {
    return std::make_unique<PoliceLights>(setting, track, seed);
}

}  // namespace stillreel::animatic
