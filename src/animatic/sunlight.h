// The sun: shafts of light through leaves or haze, and the change of light of its rise and fall.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

std::unique_ptr<Effect> make_sun_rays(const EffectSetting& setting, const prompt::EffectTrack& track,
                                      std::uint64_t seed);

/// For sunrise and sunset.
std::unique_ptr<Effect> make_time_of_day(const EffectSetting& setting, const prompt::EffectTrack& track,
                                         std::uint64_t seed);

}  // namespace stillreel::animatic
