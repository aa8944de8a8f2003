// Brooks, rapids, falls: water that foams is neither smooth nor of the sky's colour.
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "animatic/regions.h"

namespace stillreel::animatic {

using image::Plane;

namespace {

/// Bright, faintly blue, rough: foam and the light on a current. Blue paint and cloth are more colourful.
float foam(const Features& f, std::size_t i) {
    return ramp(f.b.values[i], -3, -8) * ramp(f.chroma.values[i], 24, 18) * ramp(f.a.values[i], 10, 7) *
           ramp(f.lightness.values[i], 25, 38) * ramp(f.texture.values[i], 4, 7);
}

}  // namespace

Plane white_water(const Features& f) {
    const int width = f.width(), height = f.height();
    Plane white(width, height);
    for (int y = height * 35 / 100; y < height; ++y)
        for (int x = 0; x < width; ++x) white.at(x, y) = foam(f, static_cast<std::size_t>(y * width + x));

    // A current is where foam lies close together, here and there among what it runs over.
    const int near_px = std::max(2, width / 50);
    const Plane density = box_mean(white, near_px), around = box_mean(f.lightness, width / 8);
    Plane mask(width, height);
    double foam_sum = 0, contrast = 0;
    for (std::size_t i = 0; i < mask.values.size(); ++i) {
        mask.values[i] = density.values[i] > 0.26f ? 1.0f : 0.0f;
        const float weight = white.values[i] * mask.values[i];
        foam_sum += weight, contrast += weight * (f.lightness.values[i] - around.values[i]);
    }
    // Between darker banks, or it is a wall or a snowfield.
    if (foam_sum < 1 || contrast / foam_sum < 5) return {width, height};
    cv::Mat joined = mat_of(mask);
    const cv::Mat disc =
        cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(2 * near_px + 1, 2 * near_px + 1));
    cv::morphologyEx(joined, joined, cv::MORPH_CLOSE, disc);
    remove_small_parts(mask, width * height / 250);
    return mask;
}

}  // namespace stillreel::animatic
