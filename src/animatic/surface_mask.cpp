#include "animatic/surface_mask.h"

#include <algorithm>
#include <numeric>

#include "animatic/noise.h"

namespace stillreel::animatic {
namespace {

/// Mean over 2 * radius + 1 pixels along rows (step 1) or columns, edges repeated.
void box_blur(const image::Plane& from, image::Plane& to, int radius, bool along_rows) {
    const int length = along_rows ? from.width_px : from.height_px;
    const int lines = along_rows ? from.height_px : from.width_px;
    const float scale = 1 / static_cast<float>(2 * radius + 1);
    const auto value = [&](int line, int i) {
        i = std::clamp(i, 0, length - 1);
        return along_rows ? from.at(i, line) : from.at(line, i);
    };
    for (int line = 0; line < lines; ++line) {
        float sum = 0;
        for (int i = -radius; i <= radius; ++i) sum += value(line, i);
        for (int i = 0; i < length; ++i) {
            (along_rows ? to.at(i, line) : to.at(line, i)) = sum * scale;
            sum += value(line, i + radius + 1) - value(line, i - radius);
        }
    }
}

}  // namespace

SurfaceMask::SurfaceMask(const image::Plane& region, int border) {
    if (region.empty()) return;
    image::Plane soft = region, other(region.width_px, region.height_px);
    const int radius = std::max(1, (border + 1) / 2);
    for (int pass = 0; pass < 2; ++pass) {
        box_blur(soft, other, radius, true);
        box_blur(other, soft, radius, false);
    }
    // Half of the blurred region's rise lies outside of the region: only the inner half counts.
    for (std::size_t i = 0; i < soft.values.size(); ++i) {
        soft.values[i] =
            smoothstep(0.5f, 0.97f, soft.values[i]) * std::clamp(2 * region.values[i] - 1, 0.0f, 1.0f);
    }
    const float area = std::accumulate(soft.values.begin(), soft.values.end(), 0.0f);
    if (area >= 0.001f * static_cast<float>(soft.values.size())) weights_ = std::move(soft);
}

float weight_at(const image::Plane& plane, float x, float y) {
    const float fx = std::clamp(x * static_cast<float>(plane.width_px) - 0.5f, 0.0f,
                                static_cast<float>(plane.width_px - 1));
    const float fy = std::clamp(y * static_cast<float>(plane.height_px) - 0.5f, 0.0f,
                                static_cast<float>(plane.height_px - 1));
    const int x0 = static_cast<int>(fx), y0 = static_cast<int>(fy);
    const int x1 = std::min(x0 + 1, plane.width_px - 1), y1 = std::min(y0 + 1, plane.height_px - 1);
    const float tx = fx - static_cast<float>(x0), ty = fy - static_cast<float>(y0);
    const float top = plane.at(x0, y0) * (1 - tx) + plane.at(x1, y0) * tx;
    const float bottom = plane.at(x0, y1) * (1 - tx) + plane.at(x1, y1) * tx;
    return top * (1 - ty) + bottom * ty;
}

}  // namespace stillreel::animatic
