// What one effect of the plan is to the rest: five things that it may do to a frame, each a pure function of
// the moment. Effects (effects.h) makes them from the plan's tracks and calls them in order.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "animatic/ambience.h"
#include "animatic/effect_clock.h"
#include "animatic/effects.h"
#include "animatic/noise.h"
#include "animatic/particle_drawing.h"

namespace stillreel::animatic {

/// A light that shines at a moment, where it appears in the frame.
struct PointLight {
    float x = 0, y = 0;    // frame px
    float reach_px = 100;  // at this distance its colour is half as strong
    Rgb colour;            // 0 to 255 at the light
};

struct Lights {
    std::vector<PointLight> points;
    float flash = 0;  // lightning: 0 none, 1 at its brightest
};

/// What all effects of a clip share. References outlive the effects.
struct EffectSetting {
    const Scene& scene;
    const EffectOptions& options;
    const Ambience& ambience;
    const NoiseTile& noise;
    prompt::Wind wind;
    double time_scale = 1;
    bool raining = false;       // wet ground mirrors lights
    double beacon_rate_hz = 3;  // pulses a second that one police_lights track may give
};

/// The clock of one track: over its span, at its own speed times the plan's.
inline EffectClock clock_of(const EffectSetting& setting, const prompt::EffectTrack& track) {
    return {setting.options.duration_s, setting.options.seamless, setting.time_scale * track.speed,
            track.when};
}

class Effect {
  public:
    virtual ~Effect() = default;

    /// Moves u, v (fills u2, v2, mix).
    virtual void displace(FrameGrid&, const Moment&) const {}
    /// Adds the lights that it is.
    virtual void illuminate(const Moment&, Lights&) const {}
    /// Light on things: multiplies gain, adds to add.
    virtual void shade(FrameGrid&, const Moment&) const {}
    /// What hangs in the air in front of things: fog, veils, halos. After every shade().
    virtual void veil(FrameGrid&, const Moment&, const Lights&) const {}
    /// What flies.
    virtual void emit(const Moment&, const Lights&, std::vector<Particle>&) const {}
    /// A sentence for the user when the picture lacks what the effect needs; else empty.
    virtual std::string note() const { return {}; }
};

using EffectMaker = std::unique_ptr<Effect> (*)(const EffectSetting&, const prompt::EffectTrack&,
                                                std::uint64_t seed);

/// The light of all point lights together at a frame point.
inline Rgb light_at(const Lights& lights, float x, float y) {
    Rgb sum;
    for (const PointLight& light : lights.points) {
        const float dx = x - light.x, dy = y - light.y;
        const float fall = 1 / (1 + (dx * dx + dy * dy) / (light.reach_px * light.reach_px));
        sum = sum + light.colour * fall;
    }
    return sum;
}

}  // namespace stillreel::animatic
