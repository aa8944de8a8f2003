#include "animatic/drift_field.h"

#include <cmath>

#include "animatic/noise.h"
#include "base/random.h"

namespace stillreel::animatic {

DriftField::DriftField(const Scene& scene, const Drift& drift, image::Size frame, std::uint64_t seed)
    : drift_(drift), frame_(frame), scale_(field_scale(scene).scale) {
    Random random(seed);
    for (int i = 0; i < drift.count; ++i) {
        motes_.push_back({random.unit(), random.unit(), random.unit(), random.between(0.6f, 1.4f),
                          random.between(0.75f, 1.25f), random.unit(), random.unit()});
    }
}

Vec3 DriftField::place(const Mote& mote, const Vec3& period, float near_depth, const EffectClock& clock,
                       double time_s) const {
    const double way = clock.way(drift_.fall * mote.speed * scale_, period.y, time_s);
    const auto fallen = static_cast<float>(std::fmod(way, period.y));
    const auto swing =
        static_cast<float>(std::fmod(clock.cycles(drift_.sway_hertz * mote.speed, time_s), 1.0));
    const auto slow = static_cast<float>(std::fmod(clock.cycles(drift_.sway_hertz * 0.5, time_s), 1.0));
    const float sway = drift_.sway * scale_;
    return {mote.x * period.x + drift_.lean * fallen +
                sway * (0.7f * fast_sin(swing + mote.phase) + 0.5f * fast_sin(slow + 3 * mote.kind)),
            mote.y * period.y - fallen + 0.35f * sway * fast_sin(slow + 5 * mote.phase),
            mote.z * period.z + near_depth + 0.5f * sway * fast_sin(swing + 7 * mote.kind)};
}

}  // namespace stillreel::animatic
