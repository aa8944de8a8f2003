// Products of whole numbers of 8 bits: how weights and inputs are stored and the SIMD kernels over that
// layout.
//
// Panels of 32 columns as in panels.h; four steps of the depth lie together: a panel is [K / 4][32][4] bytes,
// K rounded up with zeros, so that one instruction (VNNI) multiplies and adds four at a time. Weights are
// signed, -127 ... 127 times the column's scale. Inputs are unsigned: x = (q - zero point) * scale.
//
// Sums are exact on every processor. Jacob et al. 2018 (quantisation); Dettmers et al. 2022 (scales by token
// and output).
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "tensor/cpu/panels.h"

namespace stillreel::tensor {

inline constexpr std::int64_t kInt8Step = kStepOf<std::int8_t>;

struct Int8Panels final : Panels {
    HugeArrayOf<std::int8_t> weights;       // [phases][panels][steps][32][4]
    HugeArray scales;                       // [phases][panels][32]
    HugeArrayOf<std::int32_t> column_sums;  // [phases][panels][32], of the weights

    std::vector<std::span<std::byte>> arrays() override {
        return {bias.raw(), weights.raw(), scales.raw(), column_sums.raw()};
    }
};

using Int8PanelArgs = PanelProduct<std::uint8_t, std::int8_t, std::int32_t>;
void multiply_panel(const Int8PanelArgs& args);

/// What numbers that are quantised together span; 0 is always among them.
struct Range {
    float least = 0, greatest = 0;
    float poison = 0;  // NaN when one of them is no finite number

    void include(const Range& other);
};
void widen(Range& range, const float* x, std::int64_t count);

/// x = (q - zero_point) * scale. NaN where the range was poisoned: results are then NaN, too, as they would
/// be in floating point.
struct Quantisation {
    float scale = 0;
    float per_scale = 0;  // 1 / scale; 0 when all is 0
    std::int32_t zero_point = 0;

    Quantisation() = default;
    explicit Quantisation(const Range& range) {
        constexpr float kLevels = 255;
        // Below this the scale's inverse would not be a finite number.
        constexpr float kLeastSpan = 1e-30f;
        // Added to a number of few digits it takes the fraction away.
        constexpr float kLarge = 12582912;  // 1.5 * 2^23
        // Divided first: the difference of two large numbers might overflow.
        const float span = range.greatest / kLevels - range.least / kLevels;
        if (std::isnan(range.poison)) {
            scale = std::numeric_limits<float>::quiet_NaN();
        } else if (span * kLevels >= kLeastSpan) {
            scale = span;
            per_scale = 1 / span;
            const float zero = -range.least * per_scale;
            zero_point = static_cast<std::int32_t>(zero + kLarge - kLarge);
        }
    }
};
/// Rounded to the nearest, ties to even.
void quantise(const Quantisation& quantisation, const float* x, std::int64_t count, std::uint8_t* q);

/// Rows that are quantised each by itself.
struct RowsToQuantise {
    const float* x = nullptr;  // [rows][depth]
    std::int64_t rows = 0, depth = 0;
    std::uint8_t* q = nullptr;  // [rows][q_stride]
    std::int64_t q_stride = 0;
    float* scales = nullptr;              // [rows]
    std::int32_t* zero_points = nullptr;  // [rows]
};
void quantise_rows(const RowsToQuantise& rows);

}  // namespace stillreel::tensor
