// Smoke and steam: plumes that rise, widen and lean with the wind, before what is behind them only.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

std::unique_ptr<Effect> make_smoke(const EffectSetting& setting, const prompt::EffectTrack& track,
                                   std::uint64_t seed);

}  // namespace stillreel::animatic
