// The inner loop of resampling: weighted sums of rows. Used inside this room only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stillreel::image {

/// Samples that are worked on side by side.
constexpr int kLanes = 16;

/// Weights of one output position in Pillow's fixed point (22 bits behind the point), for pairs of taps. Each
/// weight is high * 2^12 + low, so that the sums of products of 16-bit numbers are exact.
struct PairedWeights {
    std::int16_t low[2];
    std::int16_t high[2];
};

/// `weights` of `count` taps; an odd one out is paired with 0.
void append_paired(const std::int32_t* weights, int count, std::vector<PairedWeights>& paired);

/// out[i] = clip((2^21 + sum over taps t of weight[t] * first[t * stride + i]) / 2^22), rounding down,
/// i < kLanes. `pairs` = (taps + 1) / 2.
void weighted_sum(const std::uint8_t* first, std::ptrdiff_t stride, int taps, const PairedWeights* weights,
                  std::uint8_t* out);

/// out[16 * c + r] = rows[r * stride + c] for r, c < 16.
void transpose_16x16(const std::uint8_t* rows, std::ptrdiff_t stride, std::uint8_t* out,
                     std::ptrdiff_t out_stride);

}  // namespace stillreel::image
