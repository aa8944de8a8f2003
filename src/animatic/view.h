// The camera at one moment, and where things of the scene appear in the frame.
#pragma once

#include <array>

#include "animatic/scene.h"
#include "prompt/camera_path.h"

namespace stillreel::animatic {

/// Focus distances; x right, y up, z into the picture. The camera starts at the origin and looks along z.
struct Vec3 {
    float x = 0, y = 0, z = 0;
};

/// How the unmoved camera sees the texture: the frame's centre and scale on the focus plane.
struct Framing {
    double centre_u = 0, centre_v = 0;  // texture px under the frame's centre
    double texel_per_px = 1;            // texture px per frame px at the base focal length
    double focal_px = 1000;             // base focal length in frame px
};

struct Projected {
    float x = 0, y = 0;  // frame px, continuous
    float w = 0;         // inverse depth along the view axis; <= 0: behind the camera
};

/// A pinhole camera at one frame.
struct View {
    std::array<float, 9> rotation{1, 0, 0, 0, 1, 0, 0, 0, 1};  // world to camera, row by row
    Vec3 position;
    float focal_px = 1000;
    float centre_x = 0, centre_y = 0;  // frame px of the view axis

    Projected project(const Vec3& world) const;
    /// The point on the view ray of a frame pixel at view-axis depth `depth` (> 0).
    Vec3 unproject(float x, float y, float depth) const;
};

/// The view for a pose; `framing.focal_px` belongs to `base_focal_mm`.
View view_of(const prompt::CameraPose& pose, const Framing& framing, double base_focal_mm, image::Size frame);

/// The world position of texture point (u, v) at inverse depth w.
Vec3 world_of(const Framing& framing, double u, double v, double w);

}  // namespace stillreel::animatic
