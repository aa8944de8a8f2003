#include "animatic/analysis_features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "animatic/analysis_filters.h"

namespace stillreel::animatic {

using image::Image;
using image::Plane;

namespace {

image::Size fitted(image::Size size, int longer_side_px) {
    const int longer = std::max(size.width_px, size.height_px);
    if (longer <= longer_side_px) return size;
    const auto scaled = [&](int side) {
        return std::max(1,
                        static_cast<int>(std::lround(static_cast<double>(side) * longer_side_px / longer)));
    };
    return {scaled(size.width_px), scaled(size.height_px)};
}

/// How much fine structure there is against the coarse structure of the same place: high where the lens was
/// in focus.
Plane detail_of(const Image& twice, image::Size size) {
    cv::Mat grey, fine, coarse, blurred;
    cv::cvtColor(mat_of(twice), grey, cv::COLOR_RGB2GRAY);
    grey.convertTo(grey, CV_32F);
    cv::GaussianBlur(grey, blurred, cv::Size(0, 0), 1.2);
    fine = cv::abs(grey - blurred);
    cv::GaussianBlur(fine, fine, cv::Size(0, 0), 4);
    Plane detail = resized(plane_of(fine), size);
    const float high = std::max(1.0f, percentile(detail, 0.97));
    for (float& value : detail.values) value = std::sqrt(std::min(1.0f, value / high));
    return detail;
}

/// CIE L*a*b* of sRGB, D65. (OpenCV's conversion spends some 40 ms on its tables at the first call.)
void to_lab(Features& f) {
    std::array<float, 256> linear{};
    for (int i = 0; i < 256; ++i) {
        const double v = i / 255.0;
        linear[i] = static_cast<float>(v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4));
    }
    const auto root = [](float t) { return t > 0.008856f ? std::cbrt(t) : 7.787f * t + 16.0f / 116.0f; };
    f.lightness = f.a = f.b = Plane(f.width(), f.height());
    for (std::size_t i = 0; i < f.lightness.values.size(); ++i) {
        const std::uint8_t* pixel = f.rgb.pixels.data() + 3 * i;
        const float r = linear[pixel[0]], g = linear[pixel[1]], b = linear[pixel[2]];
        const float x = root((0.412453f * r + 0.357580f * g + 0.180423f * b) / 0.950456f);
        const float y = root(0.212671f * r + 0.715160f * g + 0.072169f * b);
        const float z = root((0.019334f * r + 0.119193f * g + 0.950227f * b) / 1.088754f);
        f.lightness.values[i] = 116 * y - 16;
        f.a.values[i] = 500 * (x - y);
        f.b.values[i] = 200 * (y - z);
    }
}

Plane greenness_of(const Image& rgb) {
    Plane green(rgb.width_px, rgb.height_px);
    for (std::size_t i = 0; i < green.values.size(); ++i) {
        const float r = rgb.pixels[3 * i], g = rgb.pixels[3 * i + 1], b = rgb.pixels[3 * i + 2];
        green.values[i] = (2 * g - r - b) / (r + g + b + 24.0f);
    }
    return green;
}

}  // namespace

Features features_of(const Image& picture) {
    make_opencv_repeatable();
    const Image twice = resized(picture, fitted(picture.size(), 2 * kAnalysisPx));
    Features f;
    f.rgb = resized(twice, fitted(picture.size(), kAnalysisPx));

    to_lab(f);
    cv::Mat gx, gy;
    f.chroma = f.edge = Plane(f.width(), f.height());
    for (const Plane* channel : {&f.lightness, &f.a, &f.b}) {
        cv::Sobel(mat_of(*channel), gx, CV_32F, 1, 0, 3, 0.125);
        cv::Sobel(mat_of(*channel), gy, CV_32F, 0, 1, 3, 0.125);
        if (channel == &f.lightness) {
            f.edge_x = plane_of(cv::abs(gx));
            f.edge_y = plane_of(cv::abs(gy));
        }
        cv::Mat sum = mat_of(f.edge);
        sum += gx.mul(gx) + gy.mul(gy);
    }
    for (std::size_t i = 0; i < f.edge.values.size(); ++i) {
        f.edge.values[i] = std::sqrt(f.edge.values[i]);
        f.chroma.values[i] = std::hypot(f.a.values[i], f.b.values[i]);
    }
    f.texture = box_mean(f.edge, 3);
    f.detail = detail_of(twice, f.rgb.size());
    f.greenness = greenness_of(f.rgb);
    return f;
}

}  // namespace stillreel::animatic
