// Depth from one picture without a network: where things stand on the ground, haze, focus, the subject.
#pragma once

#include <optional>

#include "animatic/analysis_features.h"
#include "animatic/analysis_filters.h"
#include "animatic/depth_corridor.h"
#include "animatic/regions.h"
#include "animatic/subject.h"
#include "image/image.h"

namespace stillreel::animatic {

/// Disparity, 0 far ... 1 near, from cues; edges follow the picture's. In a corridor, whose vanishing point
/// is on the horizon, walls come nearer towards the picture's sides and stand upright.
image::Plane estimate_disparity(const Features& features, const image::Plane& sky, const Horizon& horizon,
                                const Subject& subject, const std::optional<VanishingPoint>& corridor,
                                const GuidedFilter& edges);

/// A given depth map as disparity: as it is, or stretched to 0 ... 1 when it uses less than half of the
/// range.
image::Plane given_disparity(image::Plane depth);

}  // namespace stillreel::animatic
