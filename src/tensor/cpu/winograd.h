// Winograd's convolutions F(2x2, 3x3) and F(4x4, 3x3): a tile of 2x2 neighbouring results of a 3x3 window in
// 16 products of a channel instead of 36, one of 4x4 in 36 instead of 144. Inputs, the 4x4 or 6x6 pixels that
// a tile sees, and weights are brought to as many places, multiplied place by place, and the sums brought
// back. Winograd 1980; Lavin and Gray 2016. The larger tile's points are 0, +-3/4, +-3/2 and infinity: of all
// with few bits those that lose least (compare Barabasz et al. 2020), half as much as the usual 0, +-1, +-2.
#pragma once

#include <cstdint>

#include "tensor/pack_method.h"

namespace stillreel::tensor {

/// kernels [count][3][3], or [count][3] for tiles of one column, -> [count][places], in double precision on
/// the way.
void winograd_weights(const WinogradTile& tile, const float* kernels, std::int64_t count, float* places);

struct WinogradInputs {
    WinogradTile tile;
    const float* const* pixels = nullptr;  // [tiles][places]: what a tile sees, `channels` numbers each
    std::int64_t tiles = 0, channels = 0;
    float* places = nullptr;  // planes of [tiles][stride], aligned, room for whole vectors in a row
    std::int64_t plane = 0, stride = 0;
};
void winograd_inputs(const WinogradInputs& args);

/// Of some neighbouring tiles of one row.
struct WinogradSums {
    WinogradTile tile;
    const float* sums = nullptr;  // at the first tile: planes of [panels][panel floats], a tile is [32]
    std::int64_t plane = 0, panel = 0;
    std::int64_t panels = 0, tiles = 0;
    std::int64_t pixels = 0;  // of a line: a tile's columns * tiles, or less where the map ends
    float* lines = nullptr;   // [a tile's rows][panels][pixels][32]
};
void winograd_sums(const WinogradSums& args);

}  // namespace stillreel::tensor
