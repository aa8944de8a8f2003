#include "models/vae_tiles.h"

#include <algorithm>

namespace stillreel::models {
namespace {

using tensor::Ops;
using tensor::Shape;
using tensor::Tensor;

struct Place {
    std::int64_t top = 0;
    std::int64_t left = 0;
};

/// Rows and columns of x [1, H, W, C] from `place` on, at most `tile` of each.
Tensor cut(Ops& ops, const Tensor& x, Place place, std::int64_t tile) {
    const Shape& shape = x.shape();
    const std::int64_t rows = std::min(tile, shape[1] - place.top);
    const std::int64_t columns = std::min(tile, shape[2] - place.left);
    const Tensor band = x.reshaped({shape[1], shape[2], shape[3]}).slice(place.top, rows);
    return ops.copy_tokens(band, place.left, columns).reshaped({1, rows, columns, shape[3]});
}

/// How much of a tile shows at its row or column i: all of it where nothing was before.
float share(std::int64_t i, std::int64_t begin, std::int64_t overlap) {
    if (begin == 0 || i >= overlap) return 1;
    return (static_cast<float>(i) + 0.5f) / static_cast<float>(overlap);
}

void blend(Tensor& canvas, const Tensor& part, Place place, std::int64_t overlap) {
    const std::int64_t width = canvas.shape()[2], channels = canvas.shape()[3];
    const std::int64_t rows = part.shape()[1], columns = part.shape()[2];
    float* to = canvas.mutable_data();
    for (std::int64_t y = 0; y < rows; ++y) {
        const float row_share = share(y, place.top, overlap);
        for (std::int64_t x = 0; x < columns; ++x) {
            const float weight = row_share * share(x, place.left, overlap);
            const float* from = part.data() + (y * columns + x) * channels;
            float* pixel = to + ((place.top + y) * width + place.left + x) * channels;
            for (std::int64_t c = 0; c < channels; ++c)
                pixel[c] = weight == 1 ? from[c] : pixel[c] + weight * (from[c] - pixel[c]);
        }
    }
}

}  // namespace

std::vector<std::int64_t> tile_begins(std::int64_t length, std::int64_t tile, std::int64_t overlap) {
    STILLREEL_CHECK(0 <= overlap && overlap < tile);
    std::vector<std::int64_t> begins;
    for (std::int64_t begin = 0; begin + tile < length; begin += tile - overlap) begins.push_back(begin);
    begins.push_back(std::max<std::int64_t>(0, length - tile));
    return begins;
}

Tensor in_tiles(Ops& ops, const Tensor& x, std::int64_t tile, std::int64_t overlap,
                const std::function<Tensor(Tensor)>& layer) {
    STILLREEL_CHECK_EQ(x.shape()[0], 1);
    Tensor canvas;
    for (const std::int64_t top : tile_begins(x.shape()[1], tile, overlap)) {
        for (const std::int64_t left : tile_begins(x.shape()[2], tile, overlap)) {
            Tensor piece = cut(ops, x, {top, left}, tile);
            const std::int64_t rows = piece.shape()[1];
            const Tensor part = layer(std::move(piece));
            const auto scaled = [&](std::int64_t length) { return length * part.shape()[1] / rows; };
            if (canvas.empty())
                canvas = ops.empty({1, scaled(x.shape()[1]), scaled(x.shape()[2]), part.shape()[3]});
            if (ops.computes()) blend(canvas, part, {scaled(top), scaled(left)}, scaled(overlap));
        }
    }
    return canvas;
}

}  // namespace stillreel::models
