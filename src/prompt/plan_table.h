// The plan for a terminal: what `stillreel plan -p "..."` prints.
#pragma once

#include <string>

#include "prompt/motion_plan.h"

namespace stillreel::prompt {

/// Phrases with reading and meaning, then the tracks, what is not rendered, notes and advice. Lines end with
/// \n and are at most 100 columns wide, Chinese characters counted as two.
std::string to_table(const MotionPlan& plan);

}  // namespace stillreel::prompt
