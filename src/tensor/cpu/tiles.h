// How the rows and columns of a panel are cut into tiles whose sums stay in registers, and what each of them
// fetches for the next panel.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tensor/cpu/panels.h"

namespace stillreel::tensor {

/// Steps of the depth between two fetches.
inline constexpr std::int64_t kGroup = 8;
/// Of the cache, in bytes; also what one step of a panel's weights takes 2 of.
inline constexpr std::int64_t kLine = 64;
inline constexpr std::int64_t kLinesOfStep = 2;

/// What a tile fetches into the second cache for later, so many lines every group.
struct Ahead {
    const char* from = nullptr;
    int lines = 0;

    void fetch() {
        for (int line = 0; line < lines; ++line, from += kLine) __builtin_prefetch(from, 0, 2);
    }
};

struct TileCuts {
    std::int64_t rows;
    std::int64_t tile_rows;     // at most
    std::int64_t tile_columns;  // divides a panel
    std::int64_t steps;         // of the depth; a step is two lines of weights
};

/// tile(rows, first row, first column, ahead) for all of a panel. `next`: as many weights as the panel has
/// that will be needed soon, or null.
template <class Tile>
void for_each_tile(const TileCuts& cuts, const void* next, const Tile& tile) {
    // Tiles of about equal height: a last one of one row would run at a fraction of the speed.
    const std::int64_t count = (cuts.rows + cuts.tile_rows - 1) / cuts.tile_rows;
    const std::int64_t height = (cuts.rows + count - 1) / std::max<std::int64_t>(1, count);
    const std::int64_t groups = (cuts.steps + kGroup - 1) / kGroup;
    const std::int64_t lines = cuts.steps * kLinesOfStep;
    const std::int64_t lines_each = (lines + groups * count - 1) / (groups * count);
    std::int64_t fetched = next ? 0 : lines;
    for (std::int64_t column = 0; column < kPanel; column += cuts.tile_columns)
        for (std::int64_t row = 0; row < cuts.rows; row += height) {
            Ahead ahead;
            if (fetched < lines)
                ahead = {static_cast<const char*>(next) + fetched * kLine, static_cast<int>(lines_each)};
            fetched += groups * lines_each;
            tile(std::min(height, cuts.rows - row), row, column, ahead);
        }
}

}  // namespace stillreel::tensor
