// What there is to choose from, and what a sentence means, as JSON: one wording for the command line and for
// the service.
#pragma once

#include <string>
#include <string_view>

#include "studio/generator.h"

namespace stillreel::studio {

/// An array: name, purpose, size, frames, fps, duration, steps, guidance.
std::string presets_json();

/// An array: name, purpose, available, reason (empty, or why it is not and what helps), limits.
std::string engines_json(const EngineRegistry& engines);

/// docs/motion-plan.md, with the camera's path. `aspect`: width over height.
std::string prompt_plan_json(std::string_view prompt, double duration_s, double aspect);

}  // namespace stillreel::studio
