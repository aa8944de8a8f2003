// The colours of the layers: the picture where they are seen, a continuation of their own where they are not.
#pragma once

#include <vector>

#include "animatic/layers.h"

namespace stillreel::animatic {

/// Layers in the making, back to front.
struct LayerSheets {
    std::vector<image::Image> textures;  // RGBA; alpha is there already (of the rearmost: not yet)
    std::vector<image::Plane> steps;  // per layer, small: 1 where it stands clearly before what is behind it
};

/// Fills in red, green and blue (premultiplied), and the rearmost layer's alpha of 255. Soft edges are
/// unmixed: the nearer layer keeps none of the colour behind it, and the further ones none of its.
void paint_layers(const image::Image& picture, const image::Image& small, const LayerPlan& plan,
                  LayerSheets& sheets, ThreadPool& pool);

}  // namespace stillreel::animatic
