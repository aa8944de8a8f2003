// What the engine made of a picture, as files to look at.
#pragma once

#include <filesystem>

#include "animatic/framing.h"
#include "animatic/scene.h"

namespace stillreel::animatic {

/// Writes depth.png, subject.png, sky.png, water.png, foliage.png, layer_<i>.png (RGBA, back to front),
/// layer_<i>_depth.png (inverse depth, white nearest) and framing.json. Throws io.
void write_debug_pictures(const std::filesystem::path& folder, const Analysis& analysis, const Scene& scene,
                          const FittedFraming& fitted);

}  // namespace stillreel::animatic
