#include "animatic/fill.h"

#include <algorithm>
#include <cmath>

namespace stillreel::animatic {

using image::Plane;

namespace {

/// Weighted mean of each 2 x 2; weights add up and saturate at 1.
void shrink(const Plane& values, const Plane& weights, Plane& small_values, Plane& small_weights) {
    const int width = (values.width_px + 1) / 2, height = (values.height_px + 1) / 2;
    small_values = Plane(width, height);
    small_weights = Plane(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            float sum = 0, weight = 0;
            for (int dy = 0; dy < 2; ++dy)
                for (int dx = 0; dx < 2; ++dx) {
                    const int sx = std::min(2 * x + dx, values.width_px - 1);
                    const int sy = std::min(2 * y + dy, values.height_px - 1);
                    sum += weights.at(sx, sy) * values.at(sx, sy);
                    weight += weights.at(sx, sy);
                }
            small_values.at(x, y) = weight > 0 ? sum / weight : 0;
            small_weights.at(x, y) = std::min(1.0f, weight);
        }
}

float bilinear(const Plane& plane, float x, float y) {
    x = std::clamp(x, 0.0f, static_cast<float>(plane.width_px - 1));
    y = std::clamp(y, 0.0f, static_cast<float>(plane.height_px - 1));
    const int x0 = static_cast<int>(x), y0 = static_cast<int>(y);
    const int x1 = std::min(x0 + 1, plane.width_px - 1), y1 = std::min(y0 + 1, plane.height_px - 1);
    const float fx = x - static_cast<float>(x0), fy = y - static_cast<float>(y0);
    return std::lerp(std::lerp(plane.at(x0, y0), plane.at(x1, y0), fx),
                     std::lerp(plane.at(x0, y1), plane.at(x1, y1), fx), fy);
}

}  // namespace

Plane pull_push(const Plane& values, const Plane& weights) {
    if (values.width_px <= 1 && values.height_px <= 1) return values;
    Plane small_values, small_weights;
    shrink(values, weights, small_values, small_weights);
    const Plane coarse = pull_push(small_values, small_weights);
    Plane result(values.width_px, values.height_px);
    for (int y = 0; y < values.height_px; ++y)
        for (int x = 0; x < values.width_px; ++x) {
            const float behind =
                bilinear(coarse, (static_cast<float>(x) - 0.5f) / 2, (static_cast<float>(y) - 0.5f) / 2);
            result.at(x, y) = std::lerp(behind, values.at(x, y), std::min(1.0f, weights.at(x, y)));
        }
    return result;
}

}  // namespace stillreel::animatic
