// Resampling with the numbers of Pillow (Image.resize), 8 bits in and out, and plain float resampling for masks.
#pragma once

#include "image/image.h"

namespace stillreel::image {

/// Support of the filters in source pixels at scale 1: box 0.5, bilinear 1, lanczos 3; they widen when shrinking.
enum class Filter { box, bilinear, lanczos };

/// `picture` at `size`, any channel count, the two passes and the rounding of Pillow 8-bit resampling: equal bytes
/// for box and bilinear. RGBA is resampled as it is: premultiply first where alpha matters.
/// Sizes must be positive.
Image resize(const Image& picture, Size size, Filter filter);

/// The same filters on floats.
Plane resize(const Plane& plane, Size size, Filter filter);

/// The part of `picture` under `area`; pixels outside of the picture are 0 (black, transparent).
Image crop(const Image& picture, const Rect& area);
Plane crop(const Plane& plane, const Rect& area);

}  // namespace stillreel::image
