// How the rows and columns of a panel are cut into tiles whose sums stay in registers, and what each of them
// fetches for the next panel.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "tensor/cpu/panels.h"

namespace stillreel::tensor {

/// Steps of the depth between two fetches.
inline constexpr std::int64_t kGroup = 8;
/// Of the cache, in bytes; also what one step of a panel's weights takes 2 of.
inline constexpr std::int64_t kLine = 64;
inline constexpr std::int64_t kLinesOfStep = 2;

/// Hands out a panel's Soon, a part every group of its tiles.
class Ahead {
  public:
    Ahead(const Soon& soon, std::int64_t groups)
        : from_(static_cast<const char*>(soon.from)),
          lines_(soon.from ? lines_of(soon.bytes) : 0),
          then_(static_cast<const char*>(soon.then)),
          then_lines_(soon.then ? lines_of(soon.then_bytes) : 0),
          lines_each_((lines_ + then_lines_ + groups - 1) / groups),
          to_(static_cast<char*>(soon.to)),
          also_(static_cast<const char*>(soon.also)),
          rows_(soon.to ? soon.rows : 0),
          rows_each_((rows_ + groups - 1) / groups),
          stride_(soon.stride) {}

    void fetch() {
        const std::int64_t lines = std::min(lines_, lines_each_);
        for (std::int64_t line = 0; line < lines; ++line, from_ += kLine) __builtin_prefetch(from_, 0, 2);
        lines_ -= lines;
        if (lines_ == 0) from_ = then_, lines_ = std::exchange(then_lines_, 0);
        const std::int64_t rows = std::min(rows_, rows_each_);
        for (std::int64_t row = 0; row < rows; ++row, to_ += stride_) {
            for (int line = 0; line < kLinesOfStep; ++line) __builtin_prefetch(to_ + line * kLine, 1, 2);
            if (!also_) continue;
            for (int line = 0; line < kLinesOfStep; ++line) __builtin_prefetch(also_ + line * kLine, 0, 2);
            also_ += stride_;
        }
        rows_ -= rows;
    }

  private:
    static std::int64_t lines_of(std::int64_t bytes) { return (bytes + kLine - 1) / kLine; }

    const char* from_;
    std::int64_t lines_;
    const char* then_;
    std::int64_t then_lines_, lines_each_;
    char* to_;
    const char* also_;
    std::int64_t rows_, rows_each_, stride_;
};

struct TileCuts {
    std::int64_t rows;
    std::int64_t tile_rows;     // at most
    std::int64_t tile_columns;  // divides a panel
    std::int64_t steps;         // of the depth; a step is two lines of weights
};

/// tile(rows, first row, first column, ahead) for all of a panel.
template <class Tile>
void for_each_tile(const TileCuts& cuts, const Soon& soon, const Tile& tile) {
    // Tiles of about equal height: a last one of one row would run at a fraction of the speed.
    const std::int64_t count = (cuts.rows + cuts.tile_rows - 1) / cuts.tile_rows;
    const std::int64_t height = (cuts.rows + count - 1) / std::max<std::int64_t>(1, count);
    const std::int64_t groups = (cuts.steps + kGroup - 1) / kGroup;
    Ahead ahead(soon, std::max<std::int64_t>(1, groups * count));
    for (std::int64_t column = 0; column < kPanel; column += cuts.tile_columns)
        for (std::int64_t row = 0; row < cuts.rows; row += height)
            tile(std::min(height, cuts.rows - row), row, column, ahead);
}

}  // namespace stillreel::tensor
