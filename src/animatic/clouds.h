// Clouds that drift with the wind, faster overhead than at the horizon, where the picture has sky.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

std::unique_ptr<Effect> make_clouds(const EffectSetting& setting, const prompt::EffectTrack& track,
                                    std::uint64_t seed);

}  // namespace stillreel::animatic
