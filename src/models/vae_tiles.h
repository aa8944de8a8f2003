// A picture treated in overlapping tiles that are blended where they overlap.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tensor/ops.h"

namespace stillreel::models {

/// Where tiles of `tile` begin along `length`: every tile - overlap, the last one at the end. At least one.
std::vector<std::int64_t> tile_begins(std::int64_t length, std::int64_t tile, std::int64_t overlap);

/// layer(part) of every tile of x [1, H, W, C], put together: [1, f H, f W, .] when layer makes everything f
/// times as large; f may be a fraction that divides H, W, tile and overlap. Along an overlap the weights go
/// linearly from one tile to the next.
tensor::Tensor in_tiles(tensor::Ops& ops, const tensor::Tensor& x, std::int64_t tile, std::int64_t overlap,
                        const std::function<tensor::Tensor(tensor::Tensor)>& layer);

}  // namespace stillreel::models
