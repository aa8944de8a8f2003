// What every part of the analysis looks at: the picture at about 256 px as colour, edges and detail.
#pragma once

#include "image/image.h"

namespace stillreel::animatic {

constexpr int kAnalysisPx = 256;  // longer side

struct Features {
    image::Image rgb;
    image::Plane lightness;       // CIE L*, 0 to 100
    image::Plane a, b;            // CIE a*, b*
    image::Plane chroma;          // length of (a*, b*)
    image::Plane edge_x, edge_y;  // |change of L*| per pixel, across and down
    image::Plane edge;            // length of the colour gradient, L*a*b* units per pixel
    image::Plane texture;         // mean of edge over 7 x 7
    image::Plane detail;          // 0 blurred ... 1 sharp, from twice this resolution
    image::Plane greenness;       // excess green of chromaticity: about 0 for grey, 0.1 and more for leaves

    int width() const { return rgb.width_px; }
    int height() const { return rgb.height_px; }
};

/// `picture` is RGB; never enlarged.
Features features_of(const image::Image& picture);

}  // namespace stillreel::animatic
