// Water where the picture has water: waves that roll in, ripples, or a stream that flows.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

std::unique_ptr<Effect> make_water(const EffectSetting& setting, const prompt::EffectTrack& track,
                                   std::uint64_t seed);

}  // namespace stillreel::animatic
