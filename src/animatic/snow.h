// Snow: soft flakes at all depths, those close to the lens large and out of focus.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

std::unique_ptr<Effect> make_snow(const EffectSetting& setting, const prompt::EffectTrack& track,
                                  std::uint64_t seed);

}  // namespace stillreel::animatic
