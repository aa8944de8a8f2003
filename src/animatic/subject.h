// The one thing that the picture is about, if there is one: saliency, then a cut-out that is kept only when
// plausible.
#pragma once

#include "animatic/analysis_features.h"
#include "animatic/analysis_filters.h"
#include "image/image.h"

namespace stillreel::animatic {

struct Subject {
    bool found = false;
    image::Plane mask;  // soft; all 0 when not found
    image::Rect box;    // pixels of the analysis, when found
    double focus_x = 0.5, focus_y = 0.5;
};

/// How much each pixel draws the eye, 0 to 1: set apart from the picture's borders, sharp, near the middle.
/// `bottom_share` of the bottom edge at either corner counts as border: people and things stand in between.
image::Plane saliency_of(const Features& features, const image::Plane& sky, double bottom_share = 0.125);

/// Cuts the subject out. `found` is false when the cut-out would be implausible: too small or large, touching
/// three sides, ragged, or hardly different from what is around it.
Subject find_subject(const Features& features, const image::Plane& saliency, const image::Plane& sky,
                     const GuidedFilter& edges);

/// For a mask from outside (analysis size).
Subject given_subject(image::Plane mask);

/// Where to look when there is no subject: the middle of what stands out most and is sharp.
void focus_on_saliency(const Features& f, const image::Plane& saliency, Subject& subject);

}  // namespace stillreel::animatic
