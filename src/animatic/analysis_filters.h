// Small-picture filters that the analysis is made of. They run on planes of some 40,000 pixels, one thread,
// and give the same numbers every time.
#pragma once

#include <vector>

#include "image/image.h"

namespace cv {
class Mat;
}

namespace stillreel::animatic {

/// The plane's own memory as a CV_32F matrix; valid as long as the plane is.
cv::Mat mat_of(image::Plane& plane);
const cv::Mat mat_of(const image::Plane& plane);
/// The picture's own memory as CV_8UC1, C3 or C4.
const cv::Mat mat_of(const image::Image& picture);
/// A copy of a CV_32F matrix.
image::Plane plane_of(const cv::Mat& matrix);

/// Sets OpenCV's process-wide state (threads, random generator) so that what follows is repeatable.
void make_opencv_repeatable();

/// Mean over a square of 2 * radius + 1 pixels.
image::Plane box_mean(const image::Plane& plane, int radius_px);
image::Plane gaussian(const image::Plane& plane, double sigma_px);
/// Area mean when shrinking, bilinear when growing.
image::Plane resized(const image::Plane& plane, image::Size size);
image::Image resized(const image::Image& picture, image::Size size);

double mean_of(const image::Plane& plane);
/// The value below which `fraction` of the plane lies.
float percentile(const image::Plane& plane, double fraction);
/// Linear, 0 at `low`, 1 at `high`, clamped; low may be above high.
float ramp(float value, float low, float high);

/// Clears connected parts of `mask` (> 0.5) smaller than `area_px`.
void remove_small_parts(image::Plane& mask, int area_px);

/// Guided filter with a colour guide (He, Sun, Tang 2013): smooths a plane except across edges of the guide.
class GuidedFilter {
  public:
    /// `epsilon` is on colours in [0, 1]: 1e-4 keeps faint edges, 1e-2 only strong ones.
    GuidedFilter(const image::Image& rgb, int radius_px, float epsilon);
    image::Plane operator()(const image::Plane& plane) const;

  private:
    int radius_px_;
    image::Plane r_, g_, b_;
    image::Plane mean_r_, mean_g_, mean_b_;
    image::Plane inverse_[6];  // of the local colour covariance: rr rg rb gg gb bb
};

}  // namespace stillreel::animatic
