#include "animatic/drifting.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "animatic/drift_field.h"
#include "base/random.h"

namespace stillreel::animatic {
namespace {

using prompt::EffectKind;

constexpr std::array<Rgb, 4> kAutumn{{{196, 92, 28}, {214, 142, 38}, {150, 52, 26}, {128, 98, 40}}};
constexpr std::array<Rgb, 3> kPetals{{{255, 190, 208}, {255, 220, 228}, {246, 160, 190}}};

Drift drift_of(EffectKind kind, const prompt::Wind& wind) {
    const auto blow = static_cast<float>(wind.direction * wind.strength);
    Drift drift;
    switch (kind) {
        case EffectKind::embers:
            drift = {0.4f, 2.6f, 1100, -0.34f, -1.4f * blow, 0.06f, 0.7f};
            break;
        case EffectKind::leaves:
            drift = {0.4f, 2.8f, 480, 0.26f + 0.25f * std::abs(blow), 1.9f * blow, 0.07f, 0.35f};
            break;
        case EffectKind::petals:
            drift = {0.4f, 2.6f, 520, 0.17f + 0.15f * std::abs(blow), 2.2f * blow, 0.07f, 0.3f};
            break;
        case EffectKind::fireflies:
            drift = {0.5f, 2.8f, 420, 0.012f, 0, 0.09f, 0.16f};
            break;
        default:
            drift = {0.35f, 2.4f, 2200, 0.016f, 4 * blow, 0.05f, 0.12f};
            break;
    }
    return drift;
}

class Drifting : public Effect {
  public:
    Drifting(const EffectSetting& setting, const prompt::EffectTrack& track, std::uint64_t seed)
        : setting_(setting),
          kind_(track.kind),
          clock_(clock_of(setting, track)),
          light_(0.4f + 0.6f * setting.ambience.daylight),
          field_(setting.scene, sized(drift_of(track.kind, setting.wind), track), setting.options.frame,
                 seed) {}

    void emit(const Moment& moment, const Lights& lights, std::vector<Particle>& particles) const override {
        const float strength = clock_.strength(moment.time_s);
        if (strength <= 0) return;
        field_.visit(moment, clock_, [&](const Seen& seen) {
            Particle particle;
            particle.x = seen.at.x;
            particle.y = seen.at.y;
            particle.w = seen.at.w;
            particle.alpha = strength * seen.fade;
            switch (kind_) {
                case EffectKind::embers:
                    put_ember(particle, seen, moment, particles);
                    break;
                case EffectKind::leaves:
                case EffectKind::petals:
                    put_leaf(particle, seen, moment, lights, particles);
                    break;
                case EffectKind::fireflies:
                    put_firefly(particle, seen, moment, particles);
                    break;
                default:
                    put_dust(particle, seen, moment, particles);
                    break;
            }
        });
    }

  private:
    static Drift sized(Drift drift, const prompt::EffectTrack& track) {
        const double amount = std::clamp(track.intensity, 0.05, 1.0);
        drift.count = std::max(4, static_cast<int>(drift.count * (0.25 + 1.1 * amount)));
        if (track.distant) drift.near_depth = std::max(drift.near_depth, 1.1f);
        return drift;
    }

    float turn(double hertz, const Moment& moment) const {
        return static_cast<float>(std::fmod(clock_.cycles(hertz, moment.time_s), 1.0));
    }

    /// px for lengths that should not vanish in small frames.
    float px() const { return std::sqrt(static_cast<float>(setting_.options.frame.height_px) / 1080); }

    void put_dust(Particle p, const Seen& seen, const Moment& moment, std::vector<Particle>& out) const {
        const float twinkle = 0.6f + 0.4f * fast_sin(turn(0.5, moment) + seen.mote.phase);
        p.cover = 0;
        p.radius = std::max(0.85f, px() * seen.mote.size * (1.1f + 1.5f * seen.at.w));
        p.alpha *= 0.75f * twinkle / std::max(1.0f, 0.6f * seen.at.w);
        // Motes show where light falls on them: brighter parts of the picture carry more of them.
        const auto width = static_cast<float>(setting_.options.frame.width_px);
        const auto height = static_cast<float>(setting_.options.frame.height_px);
        const Rgb behind = setting_.ambience.at(p.x / width, p.y / height);
        p.colour = lerp(saturated(setting_.ambience.bright, 0.6f), {255, 238, 206}, 0.5f);
        p.alpha *= 0.45f + 0.55f * smoothstep(10, 120, luma(behind));
        out.push_back(p);
    }

    void put_ember(Particle p, const Seen& seen, const Moment& moment, std::vector<Particle>& out) const {
        const float flicker = 0.65f + 0.35f * fast_sin(turn(3.0, moment) + seen.mote.phase);
        const float height = static_cast<float>(setting_.options.frame.height_px);
        p.alpha *= flicker * (0.25f + 0.75f * smoothstep(0.0f, 0.8f, p.y / height));  // cools while it rises
        p.cover = 0;
        p.radius = std::max(1.1f, px() * seen.mote.size * (1.5f + 2.1f * seen.at.w));
        p.hardness = 2;
        p.colour = lerp({255, 84, 14}, {255, 196, 92}, seen.mote.kind * flicker);
        out.push_back(p);
        p.radius *= 4.5f;
        p.hardness = 1;
        p.alpha *= 0.22f;
        p.colour = {255, 82, 10};
        out.push_back(p);
    }

    void put_leaf(Particle p, const Seen& seen, const Moment& moment, const Lights& lights,
                  std::vector<Particle>& out) const {
        const bool petal = kind_ == EffectKind::petals;
        const Mote& mote = seen.mote;
        const float half = (petal ? 0.010f : 0.018f) * mote.size * seen.px_per_unit;
        if (half < 0.7f) return;
        const float spin = turn(0.25 * mote.speed, moment) * (mote.kind > 0.5f ? 1.0f : -1.0f) + mote.phase;
        const float tilt = turn(0.6 * mote.speed, moment) + 3 * mote.phase;
        const float c = fast_sin(spin + 0.25f), s = fast_sin(spin);
        const float open = fast_sin(tilt);  // seen from the side it is a line
        const float broad = (petal ? 0.8f : 0.55f) * std::max(0.18f, std::abs(open));
        p.shape = Shape::leaf;
        p.ax = half * c;
        p.ay = half * s;
        p.bx = -half * broad * s;
        p.by = half * broad * c;
        const std::size_t pick =
            static_cast<std::size_t>(mote.kind * 97) % (petal ? kPetals.size() : kAutumn.size());
        Rgb colour =
            petal ? kPetals[pick] : lerp(kAutumn[pick], setting_.ambience.foliage, 0.3f * mote.phase);
        colour = colour * (light_ * (0.78f + 0.3f * open * fast_sin(spin)));
        p.colour = colour + light_at(lights, p.x, p.y) * 0.35f;
        // Close to the lens it is out of focus: here that is to be more transparent.
        p.alpha *= seen.at.w > 1.4f ? 0.75f : 0.95f;
        out.push_back(p);
    }

    void put_firefly(Particle p, const Seen& seen, const Moment& moment, std::vector<Particle>& out) const {
        const float blink = fast_sin(turn(0.33 * seen.mote.speed, moment) + seen.mote.phase);
        if (blink <= 0) return;
        const float height = static_cast<float>(setting_.options.frame.height_px);
        p.alpha *= blink * blink * smoothstep(0.15f, 0.45f, p.y / height);  // they keep near the ground
        p.cover = 0;
        p.radius = std::max(1.4f, px() * (2.6f + 2.0f * seen.at.w));
        p.hardness = 2;
        p.colour = {232, 255, 150};
        out.push_back(p);
        p.radius *= 7;
        p.hardness = 1;
        p.alpha *= 0.4f;
        p.colour = {160, 220, 60};
        out.push_back(p);
    }

    EffectSetting setting_;
    EffectKind kind_;
    EffectClock clock_;
    float light_;
    DriftField field_;
};

}  // namespace

std::unique_ptr<Effect> make_drifting(const EffectSetting& setting, const prompt::EffectTrack& track,
                                      std::uint64_t seed) {
    return std::make_unique<Drifting>(setting, track, seed);
}

}  // namespace stillreel::animatic
