// Classifier-free guidance (Ho and Salimans 2022): away from what the negative prompt says, towards the
// prompt.
#pragma once

#include <span>
#include <vector>

namespace stillreel::diffusion {

/// What the model said about one clip under both prompts.
struct GuidedPair {
    std::span<const float> negative;
    std::span<const float> positive;
};

/// negative + scale * (positive - negative). With `rescale` above 0 the result is drawn towards the standard
/// deviation of `positive`, by that share (Lin et al. 2023, section 3.4), which keeps strong guidance from
/// overexposing.
std::vector<float> guided(const GuidedPair& pair, double scale, double rescale);

/// positive - negative, element by element.
std::vector<float> difference_of(const GuidedPair& pair);

/// The negative half whose difference to `positive` is `difference`.
std::vector<float> negative_from(std::span<const float> positive, std::span<const float> difference);

}  // namespace stillreel::diffusion
