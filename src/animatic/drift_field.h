// Slow things in the air, of which each one matters: flakes, motes, leaves. A box of them around the camera
// that repeats without end (particle_field.h), with wind, sway and a phase of their own.
#pragma once

#include <vector>

#include "animatic/effect_clock.h"
#include "animatic/effects.h"
#include "animatic/particle_field.h"

namespace stillreel::animatic {

struct Mote {
    float x, y, z;      // in its box, [0, 1)
    float size, speed;  // factors around 1
    float phase;        // [0, 1)
    float kind;         // [0, 1), free for colours and the like
};

/// Lengths in focus distances of a scene five of them deep (FieldScale), per second.
struct Drift {
    float near_depth = 0.4f, far_depth = 2.5f;
    int count = 100;     // in view
    float fall = 0.3f;   // negative: rises
    float lean = 0;      // x for each unit of fall: the wind
    float sway = 0.02f;  // how far it swings to the sides
    float sway_hertz = 0.4f;
};

/// One mote where it appears.
struct Seen {
    const Mote& mote;
    Projected at;
    float fade;         // 0 at the ends of its range of depths
    float px_per_unit;  // frame px for a unit at its depth
};

class DriftField {
  public:
    DriftField(const Scene& scene, const Drift& drift, image::Size frame, std::uint64_t seed);

    template <class Visit>
    void visit(const Moment& moment, const EffectClock& clock, const Visit& visit_one) const {
        const float near_depth = drift_.near_depth * scale_, far_depth = drift_.far_depth * scale_;
        const Vec3 period = field_period(moment.framing, frame_, near_depth, far_depth);
        const ViewBounds bounds = bounds_of(moment.view, frame_, near_depth, far_depth);
        for (const Mote& mote : motes_) {
            repeat_in(place(mote, period, near_depth, clock, moment.time_s), period, drift_.lean, bounds,
                      [&](const Vec3& world) {
                          const Projected at = moment.view.project(world);
                          if (at.w <= 0) return;
                          const float fade = depth_fade(1 / at.w, near_depth, far_depth);
                          if (fade > 0) visit_one(Seen{mote, at, fade, moment.view.focal_px * at.w * scale_});
                      });
        }
    }

  private:
    Vec3 place(const Mote& mote, const Vec3& period, float near_depth, const EffectClock& clock,
               double time_s) const;

    Drift drift_;
    image::Size frame_;
    float scale_;
    std::vector<Mote> motes_;
};

}  // namespace stillreel::animatic
