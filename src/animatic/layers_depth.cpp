#include <algorithm>
#include <cmath>

#include "animatic/analysis_filters.h"
#include "animatic/fill.h"
#include "animatic/layers.h"

namespace stillreel::animatic {

using image::Plane;

void limit_slope(Plane& w, float max_step_per_px) {
    // The greatest surface below and the least one above that keep the bound (cones swept in two passes
    // each); their mean keeps it too, and is w itself wherever w already did.
    Plane low = w, high = w;
    const int width = w.width_px, height = w.height_px;
    const auto relax = [&](int x, int y, int from_x, int from_y) {
        if (from_x < 0 || from_y < 0 || from_x >= width || from_y >= height) return;
        low.at(x, y) = std::min(low.at(x, y), low.at(from_x, from_y) + max_step_per_px);
        high.at(x, y) = std::max(high.at(x, y), high.at(from_x, from_y) - max_step_per_px);
    };
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) relax(x, y, x - 1, y), relax(x, y, x, y - 1);
    for (int y = height - 1; y >= 0; --y)
        for (int x = width - 1; x >= 0; --x) relax(x, y, x + 1, y), relax(x, y, x, y + 1);
    for (std::size_t i = 0; i < w.values.size(); ++i) w.values[i] = 0.5f * (low.values[i] + high.values[i]);
}

Plane layer_depth(const Plane& w, const LayerPlan& plan, int k) {
    const int width = w.width_px, height = w.height_px;
    constexpr int kEdgePx = 2;  // depth is mixed that near to another layer
    constexpr float kSameSurface = 0.05f;
    Plane own(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            if (plan.label[y * width + x] != k) continue;
            bool pure = true;
            for (int dy = -kEdgePx; dy <= kEdgePx; ++dy)
                for (int dx = -kEdgePx; dx <= kEdgePx; ++dx) {
                    const int nx = std::clamp(x + dx, 0, width - 1), ny = std::clamp(y + dy, 0, height - 1);
                    pure &= plan.label[ny * width + nx] == k ||
                            std::abs(w.at(nx, ny) - w.at(x, y)) < kSameSurface;
                }
            own.at(x, y) = pure ? 1.0f : 0.01f;
        }
    Plane depth = gaussian(pull_push(w, own), std::max(0.8, width / 200.0));
    limit_slope(depth, kMaxSlope / static_cast<float>(width));
    return depth;
}

}  // namespace stillreel::animatic
