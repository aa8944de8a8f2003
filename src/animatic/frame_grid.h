// What the rasteriser draws: for each layer a grid of vertices over the frame, kTilePx apart. Everything smooth (the
// warp, swaying leaves, fog, coloured light) is worked out at the vertices and interpolated inside of each tile.
#pragma once

#include <vector>

#include "image/image.h"

namespace stillreel::animatic {

constexpr int kTilePx = 8;

/// Vertex (column, row) is frame point (column * kTilePx, row * kTilePx); index = row * columns + column.
struct LayerGrid {
    std::vector<float> u, v;        // texture px seen there
    std::vector<float> w;           // inverse depth of the layer there, seen from the moved camera
    std::vector<float> gain_r, gain_g, gain_b;  // colour = sample * gain + add * alpha, samples 0 to 255
    std::vector<float> add_r, add_g, add_b;
    // A second look at the texture for things that flow without end (clouds, water): two drifting copies fade into
    // each other. colour = lerp(sample(u, v), sample(u2, v2), mix). Empty when nothing flows in the layer.
    std::vector<float> u2, v2, mix;

    bool flows() const { return !mix.empty(); }
};

struct FrameGrid {
    int columns = 0;
    int rows = 0;
    std::vector<LayerGrid> layers;  // as in the scene: back to front
    std::vector<float> front_w;     // inverse depth of the nearest opaque thing at each vertex: occludes particles

    int count() const { return columns * rows; }
};

/// 8-bit RGBA, owned by the caller, rows without padding.
using FrameBuffer = image::Image;

}  // namespace stillreel::animatic
