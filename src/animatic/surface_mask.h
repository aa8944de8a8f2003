// A region of the scene as a weight for displacement: 1 well inside, 0 at its border and outside, smooth
// between, so that nothing tears where moving and resting parts meet.
#pragma once

#include "image/image.h"

namespace stillreel::animatic {

/// Bilinear, at fractions of the plane's width and height, clamped to its edge. Not for an empty plane.
float weight_at(const image::Plane& plane, float x, float y);

class SurfaceMask {
  public:
    SurfaceMask() = default;
    /// `border` is the width of the rise from 0 to 1, in pixels of `region`. The picture's own edge is no
    /// border.
    SurfaceMask(const image::Plane& region, int border);

    /// True where less than a thousandth of the picture is left.
    bool empty() const { return weights_.empty(); }

    float at(float x, float y) const { return weight_at(weights_, x, y); }

    const image::Plane& weights() const { return weights_; }

  private:
    image::Plane weights_;
};

}  // namespace stillreel::animatic
