// Where each vertex of the frame's grid looks into a layer: the inverse of what the moved camera does to it.
#pragma once

#include "animatic/frame_grid.h"
#include "animatic/scene.h"
#include "animatic/view.h"

namespace stillreel::animatic {

/// What a warp needs to know of a layer: its inverse depth (low resolution) over a texture of `texture` px.
struct WarpSource {
    const image::Plane* inverse_depth = nullptr;
    image::Size texture;
};

/// Texture points and inverse depth seen at frame points (x[i], y[i]), i < count. u and v may lie outside of
/// the texture; inverse depth there is that of its edge. The surface is found by fixed-point iteration to
/// 0.02 texel.
void warp_points(const WarpSource& source, const Framing& framing, const View& view, const float* x,
                 const float* y, int count, float* u, float* v, float* w);

/// u, v and w of `grid` for vertex rows [row_begin, row_end), `columns` vertices each.
void warp_rows(const WarpSource& source, const Framing& framing, const View& view, int columns, int row_begin,
               int row_end, LayerGrid& grid);

}  // namespace stillreel::animatic
