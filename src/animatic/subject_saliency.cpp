#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <vector>

#include "animatic/subject.h"

namespace stillreel::animatic {

using image::Plane;

namespace {

/// Minimum barrier distance to the borders (Zhang et al. 2015): how far a channel's values must swing on the
/// calmest path from the border to the pixel. Raster scans in turn; the bottom border seeds only near the
/// corners, because people and things stand on it.
Plane barrier_distance(const Plane& channel) {
    const int width = channel.width_px, height = channel.height_px;
    constexpr float kFar = 1e6f;
    Plane distance(width, height, kFar), high = channel, low = channel;
    const auto seed = [&](int x, int y) { distance.at(x, y) = 0; };
    for (int x = 0; x < width; ++x) {
        seed(x, 0);
        if (x < width / 12 || x >= width - width / 12) seed(x, height - 1);
    }
    for (int y = 0; y < height; ++y) seed(0, y), seed(width - 1, y);
    const auto relax = [&](int to, int from) {
        const float value = channel.values[to];
        const float top = std::max(high.values[from], value), bottom = std::min(low.values[from], value);
        if (distance.values[from] < kFar && top - bottom < distance.values[to]) {
            distance.values[to] = top - bottom;
            high.values[to] = top;
            low.values[to] = bottom;
        }
    };
    for (int pass = 0; pass < 4; ++pass) {
        const bool forward = pass % 2 == 0;
        for (int row = 0; row < height; ++row) {
            const int y = forward ? row : height - 1 - row;
            for (int column = 0; column < width; ++column) {
                const int x = forward ? column : width - 1 - column, i = y * width + x;
                const int before_x = forward ? x - 1 : x + 1, before_y = forward ? y - 1 : y + 1;
                if (before_x >= 0 && before_x < width) relax(i, y * width + before_x);
                if (before_y >= 0 && before_y < height) relax(i, before_y * width + x);
            }
        }
    }
    return distance;
}

/// Distance of each colour to the nearest of the colours that are common along the borders.
Plane border_contrast(const Features& f, double bottom_share) {
    const int width = f.width(), height = f.height(), strip = std::max(2, std::min(width, height) / 16);
    const int corner = static_cast<int>(bottom_share * width);
    std::vector<cv::Vec3f> samples;
    for (int y = 0; y < height; y += 2)
        for (int x = 0; x < width; x += 2) {
            const bool bottom_corner = y >= height - strip && (x < corner || x >= width - corner);
            if (x < strip || x >= width - strip || y < strip || bottom_corner)
                samples.emplace_back(0.6f * f.lightness.at(x, y), f.a.at(x, y), f.b.at(x, y));
        }
    const int clusters = std::min<int>(6, static_cast<int>(samples.size()));
    const cv::Mat data(static_cast<int>(samples.size()), 3, CV_32F, samples.data());
    cv::Mat labels, centres;
    make_opencv_repeatable();
    cv::kmeans(data, clusters, labels, cv::TermCriteria(cv::TermCriteria::COUNT, 8, 0), 1,
               cv::KMEANS_PP_CENTERS, centres);
    std::vector<int> sizes(clusters, 0);
    for (int i = 0; i < labels.rows; ++i) ++sizes[labels.at<int>(i)];

    Plane contrast(width, height);
    for (std::size_t i = 0; i < contrast.values.size(); ++i) {
        float nearest = 1e6f;
        for (int c = 0; c < clusters; ++c) {
            if (sizes[c] * 25 < labels.rows) continue;  // a passing thing on the border is no backdrop
            const float dl = 0.6f * f.lightness.values[i] - centres.at<float>(c, 0);
            const float da = f.a.values[i] - centres.at<float>(c, 1),
                        db = f.b.values[i] - centres.at<float>(c, 2);
            nearest = std::min(nearest, std::sqrt(dl * dl + da * da + db * db));
        }
        contrast.values[i] = nearest;
    }
    return contrast;
}

/// Divides by the greatest values, or by `least` where nothing is greater.
void scale_to_one(Plane& plane, float least) {
    const float high = std::max(least, percentile(plane, 0.98));
    for (float& value : plane.values) value = std::min(1.0f, value / high);
}

/// How differently sharp the parts of the picture are: near 0 when all is in focus.
double focus_spread(const Plane& detail) {
    const Plane coarse = box_mean(detail, std::max(3, detail.width_px / 20));
    return percentile(coarse, 0.9) - percentile(coarse, 0.2);
}

}  // namespace

Plane saliency_of(const Features& f, const Plane& sky, double bottom_share) {
    const int width = f.width(), height = f.height();
    Plane barrier(width, height);
    for (const Plane* channel : {&f.lightness, &f.a, &f.b}) {
        const Plane distance = barrier_distance(gaussian(*channel, 1.0));
        for (std::size_t i = 0; i < barrier.values.size(); ++i) barrier.values[i] += distance.values[i];
    }
    Plane contrast = border_contrast(f, bottom_share);
    scale_to_one(barrier, 25);
    scale_to_one(contrast, 15);
    const Plane sharp = box_mean(f.detail, std::max(2, width / 40));
    const auto trust_sharpness =
        static_cast<float>(std::clamp((focus_spread(f.detail) - 0.2) / 0.3, 0.0, 1.0));

    Plane saliency(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const int i = y * width + x;
            const float dx = (static_cast<float>(x) + 0.5f) / static_cast<float>(width) - 0.5f;
            const float dy = (static_cast<float>(y) + 0.5f) / static_cast<float>(height) - 0.52f;
            const float centre = std::exp(-(dx * dx / 0.11f + dy * dy / 0.16f));
            const float stands_out = 0.55f * barrier.values[i] + 0.45f * contrast.values[i];
            const float in_focus = 1 - trust_sharpness * 0.75f * (1 - ramp(sharp.values[i], 0.15f, 0.6f));
            saliency.values[i] =
                stands_out * in_focus * (0.25f + 0.75f * centre) * (1 - 0.9f * sky.values[i]);
        }
    saliency = gaussian(saliency, std::max(1.0, width / 100.0));
    scale_to_one(saliency, 0.1f);
    return saliency;
}

}  // namespace stillreel::animatic
