// Token merging for images (Bolya & Hoffman 2023, "Token Merging for Fast Stable Diffusion"): one token of
// every square of 2x2 is a destination, the others are sources. The sources that are most like a destination,
// by the cosine of their features, are merged into it. What is worked out for fewer tokens is then handed to
// all of them.
#pragma once

#include <cstdint>
#include <vector>

namespace stillreel::tensor {

/// One for every whole square; tokens of an odd last row or column are all sources.
std::int64_t count_destinations(std::int64_t height, std::int64_t width);

/// Tokens (row * width + column), square by square. Which one of a square it is looks random, since what lies
/// in straight lines shows in the picture, but it is the same in all images, layers and steps: frames do not
/// flicker, both halves of a guided pair agree, and a clip can be resumed at any step.
std::vector<std::int64_t> destinations_of(std::int64_t height, std::int64_t width);

/// All other tokens in their order.
std::vector<std::int64_t> sources_of(std::int64_t height, std::int64_t width);

/// How many sources to merge for this share (0 to 0.75) of all tokens.
std::int64_t count_merged(std::int64_t height, std::int64_t width, double share);

}  // namespace stillreel::tensor
