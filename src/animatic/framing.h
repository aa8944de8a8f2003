// Finds how the frame sits on the picture so that a whole camera move stays inside of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "animatic/camera_run.h"
#include "animatic/scene.h"
#include "animatic/view.h"

namespace stillreel::animatic {

struct FramingRequest {
    image::Size frame;
    double focus_u = 0.5, focus_v = 0.5;  // what the crop keeps, as fractions of the texture
    double base_focal_mm = prompt::kDefaultFocalMm;
    std::vector<double> times_s;  // the moments that will be drawn
    bool compound = false;        // several moves at once or in turn: each keeps at least half of its way
};

struct FittedFraming {
    Framing framing;
    double overscan = 1;                // how much tighter than the whole crop
    double share = 1;                   // of each part's way (CameraRun::share)
    std::optional<double> stop_s = {};  // path time at which the move must come to rest
    bool hold_still = false;  // no part of the path fits: the framing is the whole crop, for a camera at rest
    double move_fraction = 1;
    std::vector<std::string> notes = {};
};

/// The crop of the frame's aspect around the focus, whole, as an unmoved camera sees it.
Framing crop_framing(image::Size texture, const FramingRequest& request);

/// The widest framing that keeps every frame of `run` at least a texel inside of the picture: first the crop
/// is shifted, then tightened up to 1.35 (compound moves and moves outwards: 1.6), then a compound move's way
/// is shortened to no less than half, and at last the move stops early.
FittedFraming fit_framing(const Scene& scene, const CameraRun& run, const FramingRequest& request);

/// How far the frame's border reaches beyond the picture's usable area at a view, in texels; at most 0 when
/// all of it is inside. Nearer layers count where they are not clear.
struct Overhang {
    double left = 0, right = 0, top = 0, bottom = 0;
    bool none() const { return left <= 0 && right <= 0 && top <= 0 && bottom <= 0; }
};
Overhang overhang_of(const Scene& scene, const Framing& framing, const View& view, image::Size frame);

}  // namespace stillreel::animatic
