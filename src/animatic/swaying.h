// Things that the wind moves and that stay where they are: leaves and grass, cloth.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

std::unique_ptr<Effect> make_foliage(const EffectSetting& setting, const prompt::EffectTrack& track,
                                     std::uint64_t seed);
std::unique_ptr<Effect> make_cloth(const EffectSetting& setting, const prompt::EffectTrack& track,
                                   std::uint64_t seed);

}  // namespace stillreel::animatic
