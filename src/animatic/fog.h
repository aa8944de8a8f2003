// Fog and mist: thicker with distance and towards the ground, drifting.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

std::unique_ptr<Effect> make_fog(const EffectSetting& setting, const prompt::EffectTrack& track,
                                 std::uint64_t seed);

}  // namespace stillreel::animatic
