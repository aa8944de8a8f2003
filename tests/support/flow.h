// What moved between two frames, measured as a viewer would see it: dense optical flow, and the few numbers
// that tell one camera word from another.
#pragma once

#include <vector>

#include "image/image.h"

namespace stillreel::testing {

/// Per pixel of the first frame: how far its content has gone in the second, in px (x right, y down).
/// `texture` is 1 where the first frame has enough detail to tell, else 0.
struct Flow {
    int width_px = 0;
    int height_px = 0;
    std::vector<float> x, y, texture;
};

/// Frames of one size, RGB or RGBA. DIS flow (Kroeger et al. 2016) at its finest preset; good to a few
/// hundredths of a pixel for moves of up to a few tens of pixels.
Flow flow_between(const image::Image& first, const image::Image& second);

struct Motion {
    double x = 0, y = 0;      // px: median of the flow
    double expansion = 0;     // divergence / 2: 0.04 means that things are 4 % larger
    double turn_degrees = 0;  // curl / 2: + clockwise on the screen, about the frame's centre
    double speed = 0;         // px: median length of the flow
    double residual = 0;      // px: median distance from the best similarity
};

/// The similarity (shift, expansion, turn about the frame's centre) that most of the textured pixels agree
/// on. With a mask, of the pixels where it is above 0.5; the mask may have any resolution.
Motion motion_of(const Flow& flow);
Motion motion_of(const Flow& flow, const image::Plane& mask);

/// How unsteady a way is, given the position at each frame: the root mean square of its third differences, in
/// the unit of the positions. A path eased by parabolas and lines gives nearly 0; jitter of amplitude a gives
/// about 4 a.
double jerk(const std::vector<double>& positions);

/// Mean absolute difference of the samples of two pictures of one size (0 to 255); with a mask, of the pixels
/// where it is above 0.5. Alpha does not count.
double mean_difference(const image::Image& a, const image::Image& b);
double mean_difference(const image::Image& a, const image::Image& b, const image::Plane& mask);

struct MeanColour {
    double r = 0, g = 0, b = 0;
    double luma() const { return 0.2126 * r + 0.7152 * g + 0.0722 * b; }
};
MeanColour mean_colour(const image::Image& picture);
MeanColour mean_colour(const image::Image& picture, const image::Plane& mask);

/// Mask value at a pixel of a frame of another size.
float mask_at(const image::Plane& mask, int x, int y, image::Size frame);

}  // namespace stillreel::testing
