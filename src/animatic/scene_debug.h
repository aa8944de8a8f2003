// What the engine saw in a picture, as pictures.
#pragma once

#include <filesystem>

#include "animatic/scene.h"

namespace stillreel::animatic {

/// Writes depth.png (16 bit, white near), subject.png, sky.png, water.png, foliage.png and layer_0.png ...
/// (RGBA, not premultiplied) into `folder`, which exists. Throws io.
void write_debug(const Analysis& analysis, const Scene& scene, const std::filesystem::path& folder);

}  // namespace stillreel::animatic
