// The rotating beacons of a police car, somewhere far behind the subject: two bulbs that take turns, the glow
// around them, and their light on everything else.
//
// Flashing pictures can cause seizures. Unless flashing is allowed: the bulbs of all tracks together give at
// most 3 pulses a second (EffectSetting::beacon_rate_hz is the share of one track), each pulse rises and
// falls over the whole of its turn, and only the small glow changes luminance strongly: the wash over the
// rest of the frame is coloured light, worth a few per cent of luminance.
#pragma once

#include "animatic/effect.h"

namespace stillreel::animatic {

std::unique_ptr<Effect> make_police_lights(const EffectSetting& setting, const prompt::EffectTrack& track,
                                           std::uint64_t seed);

}  // namespace stillreel::animatic
