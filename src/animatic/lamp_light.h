// Light that lives in the picture: candles and fires that flicker, neon signs that glow and now and then
// fail.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

std::unique_ptr<Effect> make_candle(const EffectSetting& setting, const prompt::EffectTrack& track,
                                    std::uint64_t seed);
std::unique_ptr<Effect> make_neon(const EffectSetting& setting, const prompt::EffectTrack& track,
                                  std::uint64_t seed);

}  // namespace stillreel::animatic
