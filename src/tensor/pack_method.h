// In which form a product's weights are kept: known before anything is packed.
#pragma once

#include "tensor/backend.h"

namespace stillreel::tensor {

enum class Method { direct, winograd_2x2, winograd_4x4, winograd_4x1 };

/// Neighbouring results that Winograd's methods work out together.
struct WinogradTile {
    std::int64_t rows = 0, columns = 0;

    /// Inputs in a direction that so many results look at.
    static constexpr std::int64_t side(std::int64_t results) { return results == 1 ? 1 : results + 2; }
    /// Products of a channel.
    constexpr std::int64_t places() const { return side(rows) * side(columns); }
    friend bool operator==(const WinogradTile&, const WinogradTile&) = default;
};
/// Of no results for the direct method.
WinogradTile winograd_tile(Method method);

/// Winograd's for same3x3() and temporal3() windows of floats that are wide enough. Where the weights are
/// few: F(4x4, 3x3), four times their memory for a quarter of the products, or over time F(4, 3), twice for
/// half. Up to where it would be felt: F(2x2, 3x3), 16/9 for 16/36. The weights alone decide, so that results
/// depend on nothing else.
Method method_of(const PackRequest& request);

/// Numbers that are packed for a channel in and a channel out: all phases of upsampled3x3() together.
std::int64_t packed_taps(const PackRequest& request);

}  // namespace stillreel::tensor
