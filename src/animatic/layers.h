// The steps from depth to layers: which pixel belongs to which layer, crisp edges at full size, smooth depth.
#pragma once

#include <cstdint>
#include <vector>

#include "animatic/scene.h"
#include "base/threads.h"
#include "image/image.h"

namespace stillreel::animatic {

/// What belongs to which layer, at the analysis' size.
struct LayerPlan {
    int count = 1;
    int subject_layer = -1;
    std::vector<std::uint8_t> label;  // height * width: the layer that is seen there
    // Per layer: 1 where it is. Behind nearer layers it goes on as its surroundings do. The rearmost is
    // everywhere.
    std::vector<image::Plane> extent;
};

/// Cuts along depth edges: thresholds that many strong edges cross and few smooth slopes, and the subject's
/// outline.
LayerPlan split_into_layers(const image::Plane& w, const Regions& regions, bool has_subject);

/// Greatest change of a layer's inverse depth along x or y, per texture width. A camera that moves less than
/// 1 / kMaxSlope texture widths (on the focus plane) can therefore never fold a layer over itself.
constexpr float kMaxSlope = 6.0f;

/// Smooth inverse depth of layer `k` over the whole picture: its own where it is seen, continued elsewhere.
image::Plane layer_depth(const image::Plane& w, const LayerPlan& plan, int k);

/// Lowers peaks and lifts pits until the slope bound holds.
void limit_slope(image::Plane& w, float max_step_per_px);

/// The cells of a full-size picture that the pixels of a small one stand for.
struct CellMap {
    image::Size cells, pixels;
    int left(int cell_x) const {
        return static_cast<int>(static_cast<long>(cell_x) * pixels.width_px / cells.width_px);
    }
    int top(int cell_y) const {
        return static_cast<int>(static_cast<long>(cell_y) * pixels.height_px / cells.height_px);
    }
};

/// The value of `plane` at a pixel of the full-size picture, bilinear.
float sample(const image::Plane& plane, float cell_x, float cell_y);

/// Writes the alpha of layer `k` (>= 1) into `texture` (RGBA): `soft` lifted to full size, its edges moved
/// onto those of the picture by comparing each pixel's colour with the small picture's on both sides. Where
/// `crisp` is 0 the edge lies on a continuous surface and is a wide cross-fade instead.
void lift_alpha(const image::Image& picture, const image::Image& small, const image::Plane& soft,
                const image::Plane& crisp, image::Image& texture, ThreadPool& pool);

}  // namespace stillreel::animatic
