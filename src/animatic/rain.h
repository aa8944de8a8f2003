// Rain: streaks of drops at all depths, and the grey veil of those too far away to be seen one by one.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

std::unique_ptr<Effect> make_rain(const EffectSetting& setting, const prompt::EffectTrack& track,
                                  std::uint64_t seed);

}  // namespace stillreel::animatic
