// Depth from one picture without a network: where things stand on the ground, haze, focus, the subject.
#pragma once

#include "animatic/analysis_features.h"
#include "animatic/analysis_filters.h"
#include "animatic/regions.h"
#include "animatic/subject.h"
#include "image/image.h"

namespace stillreel::animatic {

/// Disparity, 0 far ... 1 near, from cues; edges follow the picture's.
image::Plane estimate_disparity(const Features& features, const image::Plane& sky, const Horizon& horizon,
                                const Subject& subject, const GuidedFilter& edges);

/// A given depth map as disparity: as it is, or stretched to 0 ... 1 when it uses less than half of the
/// range.
image::Plane given_disparity(image::Plane depth);

}  // namespace stillreel::animatic
