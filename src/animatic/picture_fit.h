// The picture brought to the size and shape that a frame needs, before it is taken apart.
#pragma once

#include <optional>

#include "animatic/scene.h"
#include "image/image.h"
#include "image/picture_file.h"

namespace stillreel::animatic {

/// Where a picture lies in a frame that shows all of it.
image::Rect contained_in(image::Size picture, image::Size frame);

/// The part of a very wide (or tall) picture that a move can reach: the crop of the frame's aspect around the
/// focus (fractions) and as much again on each side. The whole picture when it is no longer than that.
image::Rect reachable_part(image::Size picture, image::Size frame, double focus_x, double focus_y);

/// The analysis of that part alone. `part` in px of a picture of `picture` px.
Analysis part_of(const Analysis& analysis, image::Size picture, const image::Rect& part);

/// `picture` at about `wanted` px, with a filter that suits the direction; as it is when it is less than a
/// tenth larger.
image::Image at_size(image::Image picture, image::Size wanted);

/// What lies around a contained picture: a colour, or a blurred, darkened copy of the picture that fills the
/// frame. RGBA, alpha 255.
image::Image surround_of(const image::Image& picture, image::Size frame,
                         const std::optional<image::Colour>& colour);

}  // namespace stillreel::animatic
