// How surfaces write into a grid: small displacements, and flows without end.
#pragma once

#include <cmath>

#include "animatic/frame_grid.h"
#include "image/image.h"

namespace stillreel::animatic {

/// Folds a texture coordinate back into the picture: what flows in over the edge is the picture mirrored.
inline float mirrored(float x, float end) {
    x = x < 0 ? -x : x;
    return x > end ? 2 * end - x : x;
}

/// Shifts what vertex i shows by (du, dv) texture px.
inline void shift(LayerGrid& layer, std::size_t i, float du, float dv, image::Size texture) {
    const auto width = static_cast<float>(texture.width_px), height = static_cast<float>(texture.height_px);
    layer.u[i] = mirrored(layer.u[i] + du, width);
    layer.v[i] = mirrored(layer.v[i] + dv, height);
    if (!layer.flows()) return;
    layer.u2[i] = mirrored(layer.u2[i] + du, width);
    layer.v2[i] = mirrored(layer.v2[i] + dv, height);
}

/// Makes the layer one that flows, so far standing still.
inline void begin_flow(LayerGrid& layer) {
    if (layer.flows()) return;
    layer.u2 = layer.u;
    layer.v2 = layer.v;
    layer.mix.assign(layer.u.size(), 0.0f);
}

/// Lets vertex i move by (along_u, along_v) texture px each cycle, for ever: two copies half a cycle apart,
/// each of which jumps back while the other one alone is seen. `cycle` counts cycles.
inline void flow(LayerGrid& layer, std::size_t i, float along_u, float along_v, float cycle,
                 image::Size texture) {
    const auto width = static_cast<float>(texture.width_px), height = static_cast<float>(texture.height_px);
    const float first = cycle - std::floor(cycle) - 0.5f;
    const float second = first < 0 ? first + 0.5f : first - 0.5f;
    const float u = layer.u[i], v = layer.v[i];
    layer.u[i] = mirrored(u - first * along_u, width);
    layer.v[i] = mirrored(v - first * along_v, height);
    layer.u2[i] = mirrored(u - second * along_u, width);
    layer.v2[i] = mirrored(v - second * along_v, height);
    layer.mix[i] = 2 * std::abs(first);
}

}  // namespace stillreel::animatic
