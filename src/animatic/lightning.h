// Lightning: at most three strokes in a clip, 0.9 s or more apart; the sky brightens at once and fades, and
// where there is sky a bolt runs through it.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

std::unique_ptr<Effect> make_lightning(const EffectSetting& setting, const prompt::EffectTrack& track,
                                       std::uint64_t seed);

}  // namespace stillreel::animatic
