// EXIF orientation applied: the eight ways in which a camera can be held.
#pragma once

#include "image/image.h"

namespace stillreel::image {

/// Size of an upright picture that is stored as `stored`: sides swapped for orientations 5 to 8. Its own
/// inverse.
Size upright_size(Size stored, int orientation);

/// `picture` as stored, turned so that it is upright. orientation: 1 to 8.
Image upright(Image picture, int orientation);
Plane upright(Plane plane, int orientation);

}  // namespace stillreel::image
