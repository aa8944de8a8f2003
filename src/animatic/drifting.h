// Dust in the light, embers, falling leaves and petals, fireflies: few enough that each has a face.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

/// For dust, embers, leaves, petals and fireflies.
std::unique_ptr<Effect> make_drifting(const EffectSetting& setting, const prompt::EffectTrack& track,
                                      std::uint64_t seed);

}  // namespace stillreel::animatic
