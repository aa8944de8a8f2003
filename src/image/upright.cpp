#include "image/upright.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace stillreel::image {
namespace {

/// Where the upright picture's pixel (0, 0) lies in the stored one, and the steps to its neighbours, in
/// pixels.
struct Walk {
    std::ptrdiff_t origin, step_x, step_y;
};

Walk walk_of(Size stored, int orientation) {
    const std::ptrdiff_t w = stored.width_px, h = stored.height_px;
    switch (orientation) {
        case 2:
            return {w - 1, -1, w};
        case 3:
            return {w * h - 1, -1, -w};
        case 4:
            return {w * (h - 1), 1, -w};
        case 5:
            return {0, w, 1};
        case 6:
            return {w * (h - 1), -w, 1};
        case 7:
            return {w * h - 1, -w, -1};
        case 8:
            return {w - 1, w, -1};
        default:
            return {0, 1, w};
    }
}

/// In tiles, so that a turned picture does not touch a new cache line with every pixel.
template <int channels, class T>
void turn(const T* stored, const Walk& walk, Size to, T* out) {
    constexpr int kTile = 32;
    for (int tile_y = 0; tile_y < to.height_px; tile_y += kTile)
        for (int tile_x = 0; tile_x < to.width_px; tile_x += kTile)
            for (int y = tile_y; y < std::min(tile_y + kTile, to.height_px); ++y)
                for (int x = tile_x; x < std::min(tile_x + kTile, to.width_px); ++x) {
                    const T* from = stored + (walk.origin + x * walk.step_x + y * walk.step_y) * channels;
                    T* into = out + (static_cast<std::ptrdiff_t>(y) * to.width_px + x) * channels;
                    for (int c = 0; c < channels; ++c) into[c] = from[c];
                }
}

}  // namespace

Size upright_size(Size stored, int orientation) {
    return orientation >= 5 ? Size{stored.height_px, stored.width_px} : stored;
}

Image upright(Image picture, int orientation) {
    if (orientation == 1) return picture;
    const Size to = upright_size(picture.size(), orientation);
    const Walk walk = walk_of(picture.size(), orientation);
    Image turned(to.width_px, to.height_px, picture.channels);
    switch (picture.channels) {
        case 1:
            turn<1>(picture.pixels.data(), walk, to, turned.pixels.data());
            break;
        case 3:
            turn<3>(picture.pixels.data(), walk, to, turned.pixels.data());
            break;
        default:
            turn<4>(picture.pixels.data(), walk, to, turned.pixels.data());
            break;
    }
    return turned;
}

Plane upright(Plane plane, int orientation) {
    if (orientation == 1) return plane;
    const Size to = upright_size(plane.size(), orientation);
    Plane turned(to.width_px, to.height_px);
    turn<1>(plane.values.data(), walk_of(plane.size(), orientation), to, turned.values.data());
    return turned;
}

}  // namespace stillreel::image
