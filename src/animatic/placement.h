// Where in the picture a thing may stand that the words ask for.
#pragma once

#include "animatic/effects.h"

namespace stillreel::animatic {

/// A point of the picture: texture px and inverse depth.
struct Place {
    double u = 0, v = 0;
    float w = 1;
};

/// Inverse depth of the nearest opaque layer at texture point (u, v).
float front_depth(const Scene& scene, double u, double v);

/// Near the horizon, off the middle, on the side `prefer_right` if both are as open: where the view reaches
/// furthest within the frame. For lights "in the distance". The same for the whole clip.
Place distant_place(const Scene& scene, const Framing& framing, image::Size frame, bool prefer_right);

/// Where `place` appears at the moment.
inline Projected appearance(const Place& place, const Moment& moment) {
    return moment.view.project(world_of(moment.framing, place.u, place.v, place.w));
}

}  // namespace stillreel::animatic
