// A still picture taken apart: depth, regions, and layers that can be moved against each other.
//
//   Analysis   what is where, at about 256 px: estimated from the picture or given by the user
//   Scene      full-resolution layers built from it, back to front, without holes
//
// Inverse depth w is 1 at the focus plane (the subject, or the middle of the picture), smaller further away, larger
// nearer; always > 0. Texture coordinates (u, v) are continuous pixels: the centre of the first pixel is (0.5, 0.5).
#pragma once

#include <optional>
#include <vector>

#include "image/image.h"

namespace stillreel::animatic {

/// Soft masks in [0, 1] at the analysis' size. Where a kind of thing is not in the picture its plane is all 0.
struct Regions {
    image::Plane subject;
    image::Plane sky;
    image::Plane water;
    image::Plane foliage;  // trees, bushes, grass
};

struct Analysis {
    image::Plane disparity;  // 0 far ... 1 near
    Regions regions;         // all of the disparity's size
    double horizon = 0.5;    // row as a fraction of the height, may lie outside of [0, 1]
    bool has_subject = false;
    image::Rect subject_box;    // in analysis pixels, when has_subject
    double focus_x = 0.5;    // what a crop should keep in view, as fractions of the picture
    double focus_y = 0.5;
};

struct AnalysisInputs {
    std::optional<image::Plane> depth;    // white (1) near; any resolution of the picture's aspect
    std::optional<image::Plane> subject;  // 1 = subject
};

/// Estimates what was not given. `picture` is RGB of any size. Deterministic. Throws invalid_argument when a given map's
/// aspect differs from the picture's by more than 2 %.
Analysis analyse(const image::Image& picture, const AnalysisInputs& inputs);

/// One sheet of the picture with smooth depth. The rearmost is opaque everywhere; a nearer one is opaque on its own
/// things and clear elsewhere, its colours continued a little beyond its edge so that no fringe shows; each further
/// one continues behind the nearer ones as far as parallax can uncover it (filled in), and so does its depth.
struct Layer {
    image::Image texture;         // RGBA, alpha premultiplied, of the scene's size
    image::Plane inverse_depth;   // w at low resolution over the whole texture, smooth: sample it bilinearly
    bool is_subject = false;
};

struct Scene {
    image::Size size;             // of the textures, px
    std::vector<Layer> layers;    // back to front, 1 to 4
    Regions regions;              // low resolution, over the whole texture
    double horizon = 0.5;
    bool has_subject = false;
    double subject_left = 0, subject_top = 0, subject_right = 1, subject_bottom = 1;  // fractions, when has_subject
    double w_far = 0.2;           // range of inverse depth in the scene
    double w_near = 1.6;
    image::Image ambient;         // the picture at about 32 px: where light comes from, what colours there are
};

/// Takes `picture` (RGB, already at the wanted texture size) apart along the depth edges of `analysis`.
/// Needs at most about 0.25 s at 1080p on one core of the machines of 2024.
Scene build_scene(image::Image picture, const Analysis& analysis, int threads);

}  // namespace stillreel::animatic
