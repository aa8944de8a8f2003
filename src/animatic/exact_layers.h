// Layers for a camera that never leaves its place. Cutting a picture into layers loses a little at soft
// edges: thin twigs, hair, fringes that were painted over so that no outline stays behind when things part.
// Where nothing parts, nothing needs to be lost.
#pragma once

#include "animatic/scene.h"
#include "base/threads.h"
#include "prompt/camera_path.h"

namespace stillreel::animatic {

/// True when the camera only turns and zooms: all layers then move as one.
bool stays_in_place(const prompt::CameraPath& path);

/// Puts the picture's own pixels back wherever the layers on top of each other miss it by more than two
/// levels: into the nearest layer that covers the pixel at least by half. `picture` is RGB of the scene's
/// size.
void show_exactly(const image::Image& picture, Scene& scene, ThreadPool& pool);

}  // namespace stillreel::animatic
