// SIMD kernels of the matching of tokens.
#pragma once

#include <array>
#include <cstdint>

#include "tensor/cpu/product_rows.h"

namespace stillreel::tensor {

/// y [channels] = x / |x|, or zeros where x is all zeros. y may be x.
void normalise(const float* x, std::int64_t channels, float* y);

/// Of every row the greatest sum so far, column by column, and the panel that it was in.
struct Greatest {
    static constexpr std::size_t kSums = static_cast<std::size_t>(kMostRows * kPanel);
    alignas(64) std::array<float, kSums> sums;
    alignas(64) std::array<std::int32_t, kSums> panels;
};
void reset(Greatest& greatest, std::int64_t rows);
/// `sums` [rows][kPanel] of one panel, aligned to 64 bytes. What is no number is never the greatest.
void take(Greatest& greatest, const float* sums, std::int64_t rows, std::int32_t panel);

}  // namespace stillreel::tensor
