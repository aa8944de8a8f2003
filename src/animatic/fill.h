// What is behind things: colours and depth continued into places that the picture does not show.
#pragma once

#include "image/image.h"

namespace stillreel::animatic {

/// Smooth continuation of `values` from where `weights` > 0 (pull-push pyramid). Known places keep their
/// value as far as their weight is 1.
image::Plane pull_push(const image::Plane& values, const image::Plane& weights);

}  // namespace stillreel::animatic
