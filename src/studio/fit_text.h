// What a clip needs and what would fit instead, in words that can be typed.
#pragma once

#include <string>
#include <vector>

#include "diffusion/fit_ladder.h"
#include "studio/clip_spec.h"

namespace stillreel::studio {

/// The options that make `rung` of the clip `wanted`: "--low-memory --frames 8"; empty for `wanted` itself.
std::string options_of(const diffusion::Rung& rung, const diffusion::Rung& wanted);

/// One line for each rung of the ladder, and the one about fewer steps: its options, size and frames, memory
/// and time, and whether it fits.
std::vector<std::string> ladder_lines(const diffusion::Fit& fit);

/// What the clip needs and what is free, as a clause.
std::string shortage(const diffusion::Fit& fit);

/// Why the clip is refused, and the ladder, as one sentence.
std::string refusal(const diffusion::Fit& fit);

/// Makes `spec` ask for exactly what the rung is, whatever memory is free next time.
void pin(ClipSpec& spec, const diffusion::Rung& rung);

}  // namespace stillreel::studio
