// Kinds of things that move of themselves: sky, water, foliage; and where the horizon is.
#pragma once

#include "animatic/analysis_features.h"
#include "animatic/analysis_filters.h"
#include "image/image.h"

namespace stillreel::animatic {

struct Horizon {
    double row = 0.45;      // fraction of the height
    bool seen = false;      // false: a guess
    bool straight = false;  // a line across; false where mountains, trees or houses stand before the sky
};

/// Soft mask, all 0 where no sky is seen (indoors, close-ups).
image::Plane find_sky(const Features& features, const GuidedFilter& edges);

/// From the lower edge of the sky, else from a line across the picture, else 0.45.
Horizon find_horizon(const Features& features, const image::Plane& sky);

/// Green growth: trees, bushes, grass. Soft mask.
image::Plane find_foliage(const Features& features, const GuidedFilter& edges);

/// Smooth or horizontally streaked areas below the horizon that are bluish or show the sky's colour; where no
/// sky is seen, white water as well. Soft mask.
image::Plane find_water(const Features& features, const image::Plane& sky, const image::Plane& foliage,
                        const Horizon& horizon, const GuidedFilter& edges);

/// Foaming, bluish white water between darker banks. Hard mask, all 0 where there is none.
image::Plane white_water(const Features& features);

}  // namespace stillreel::animatic
