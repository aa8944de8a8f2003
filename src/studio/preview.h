// The answer in a second: the move of a clip, small, drawn by the animatic engine whichever engine makes the
// clip.
#pragma once

#include "image/image.h"
#include "studio/clip_spec.h"
#include "studio/generator.h"

namespace stillreel::studio {

constexpr int kPreviewSidePx = 256;

/// What to draw for a preview of `spec` on a picture of this size (px, upright): the clip's shape with a long
/// side of 256 px, its length, at a lower rate where there would be more than about 100 frames. Knows the
/// numbers of engines that cannot run here. Throws as resolve(), and invalid_argument for an engine that
/// nobody knows.
ClipSpec preview_of(const ClipSpec& spec, image::Size picture, const EngineRegistry& engines);

}  // namespace stillreel::studio
