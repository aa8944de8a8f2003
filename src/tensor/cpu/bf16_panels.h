// Products of bfloat16 (the upper half of a float32): how weights and inputs are stored and the SIMD kernels
// over that layout.
//
// Panels of 32 columns as in panels.h; two steps of the depth lie together: a panel is [K / 2][32][2], K
// rounded up with zeros, so that one instruction (AVX512-BF16) multiplies and adds two at a time. Elsewhere
// floats do, in the same order: a product of two is exact in them.
#pragma once

#include <cstdint>

#include "tensor/cpu/panels.h"

namespace stillreel::tensor {

struct Bf16Panels final : Panels {
    using Number = std::uint16_t;
    HugeArrayOf<std::uint16_t> weights;  // [phases][panels][steps][32][2]

    std::vector<std::span<std::byte>> arrays() override { return {bias.raw(), weights.raw()}; }
};

using Bf16PanelArgs = PanelProduct<std::uint16_t, std::uint16_t, float>;
/// Every sum adds its products in the order of the depth, of each two the second first, and is rounded after
/// each: how rows and columns are divided changes no bit. The instruction takes numbers below 2^-126 for 0.
void multiply_panel(const Bf16PanelArgs& args);

/// To the nearest, ties to even; NaN stays NaN.
void round_to_bf16(const float* x, std::int64_t count, std::uint16_t* rounded);

/// Whether this processor has the instruction: where not, products of bfloat16 are no faster than of floats.
bool multiplies_bf16();

}  // namespace stillreel::tensor
