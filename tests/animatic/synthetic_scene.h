// Scenes with known geometry: flat sheets at known inverse depths, textures of known content.
#pragma once

#include <cmath>
#include <functional>

#include "animatic/frame_grid.h"
#include "animatic/scene.h"
#include "animatic/warp.h"
#include "base/random.h"

namespace stillreel::testing {

using animatic::FrameGrid;
using animatic::Framing;
using animatic::Layer;
using animatic::Scene;
using animatic::View;

/// Opaque noise without black, smooth enough to be followed.
inline image::Image noise_texture(image::Size size, std::uint64_t seed) {
    image::Image texture(size.width_px, size.height_px, 4);
    for (int y = 0; y < size.height_px; ++y)
        for (int x = 0; x < size.width_px; ++x)
            for (int c = 0; c < 4; ++c)
                texture.at(x, y)[c] =
                    c == 3 ? 255 : static_cast<std::uint8_t>(40 + 200 * hash_unit(seed + c, x / 6, y / 6));
    return texture;
}

/// Premultiplies: what is outside of `inside` becomes clear.
inline void cut_out(image::Image& texture, const std::function<bool(int, int)>& inside) {
    for (int y = 0; y < texture.height_px; ++y)
        for (int x = 0; x < texture.width_px; ++x)
            if (!inside(x, y))
                for (int c = 0; c < 4; ++c) texture.at(x, y)[c] = 0;
}

/// A background at inverse depth 0.4 and a disc in the middle at 1.2.
inline Scene two_sheets(image::Size size) {
    Scene scene;
    scene.size = size;
    scene.layers.resize(2);
    scene.layers[0].texture = noise_texture(size, 1);
    scene.layers[0].inverse_depth = image::Plane(32, 18, 0.4f);
    scene.layers[1].texture = noise_texture(size, 2);
    scene.layers[1].inverse_depth = image::Plane(32, 18, 1.2f);
    scene.layers[1].is_subject = true;
    const double radius = size.height_px * 0.2;
    cut_out(scene.layers[1].texture, [&](int x, int y) {
        return std::hypot(x - size.width_px / 2.0, y - size.height_px / 2.0) < radius;
    });
    scene.has_subject = true;
    scene.subject_left = 0.5 - radius / size.width_px, scene.subject_right = 0.5 + radius / size.width_px;
    scene.subject_top = 0.3, scene.subject_bottom = 0.7;
    for (image::Plane* plane :
         {&scene.regions.subject, &scene.regions.sky, &scene.regions.water, &scene.regions.foliage})
        *plane = image::Plane(32, 18);
    scene.ambient = image::Image(32, 18, 3);
    return scene;
}

/// The grid of an empty frame: no light, no flow, coordinates still 0.
inline FrameGrid blank_grid(const Scene& scene, image::Size frame) {
    FrameGrid grid;
    grid.columns = (frame.width_px + animatic::kTilePx - 1) / animatic::kTilePx + 1;
    grid.rows = (frame.height_px + animatic::kTilePx - 1) / animatic::kTilePx + 1;
    grid.layers.resize(scene.layers.size());
    for (animatic::LayerGrid& layer : grid.layers) {
        for (auto* field : {&layer.u, &layer.v, &layer.w, &layer.add_r, &layer.add_g, &layer.add_b})
            field->assign(grid.count(), 0.0f);
        for (auto* field : {&layer.gain_r, &layer.gain_g, &layer.gain_b}) field->assign(grid.count(), 1.0f);
    }
    grid.front_w.assign(grid.count(), 0.0f);
    return grid;
}

inline FrameGrid warped_grid(const Scene& scene, const Framing& framing, const View& view,
                             image::Size frame) {
    FrameGrid grid = blank_grid(scene, frame);
    for (std::size_t i = 0; i < scene.layers.size(); ++i)
        animatic::warp_rows({&scene.layers[i].inverse_depth, scene.size}, framing, view, grid.columns, 0,
                            grid.rows, grid.layers[i]);
    return grid;
}

}  // namespace stillreel::testing
