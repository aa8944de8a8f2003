#include "animatic/ambience.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "animatic/noise.h"

namespace stillreel::animatic {
namespace {

float plane_at(const image::Plane& plane, float x, float y) {
    if (plane.empty()) return 0;
    const int px =
        std::clamp(static_cast<int>(x * static_cast<float>(plane.width_px)), 0, plane.width_px - 1);
    const int py =
        std::clamp(static_cast<int>(y * static_cast<float>(plane.height_px)), 0, plane.height_px - 1);
    return plane.at(px, py);
}

struct WeightedColour {
    Rgb sum;
    float weight = 0;
    void add(Rgb c, float w) {
        sum = sum + c * w;
        weight += w;
    }
    Rgb mean_or(Rgb other) const { return weight > 0 ? sum * (1 / weight) : other; }
};

}  // namespace

Ambience::Ambience(const Scene& scene) : small_(scene.ambient) {
    if (small_.empty()) {
        small_ = image::Image(1, 1, 3);
        std::fill(small_.pixels.begin(), small_.pixels.end(), std::uint8_t{128});
    }
    const int width = small_.width_px, height = small_.height_px;
    std::vector<float> lumas;
    WeightedColour all, leaves;
    const auto colour = [&](int x, int y) {
        const std::uint8_t* p = small_.at(x, y);
        return Rgb{static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2])};
    };
    float best = -1, warmest = -1e9f;
    bool best_is_sky = false;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const Rgb c = colour(x, y);
            const float fx = (static_cast<float>(x) + 0.5f) / static_cast<float>(width);
            const float fy = (static_cast<float>(y) + 0.5f) / static_cast<float>(height);
            lumas.push_back(luma(c));
            if (luma(c) + 1.5f * (c.r - c.b) > warmest) {
                warmest = luma(c) + 1.5f * (c.r - c.b);
                lamp_x = fx;
                lamp_y = fy;
            }
            all.add(c, 1);
            leaves.add(c, plane_at(scene.regions.foliage, fx, fy));
            const bool sky = plane_at(scene.regions.sky, fx, fy) > 0.5f;
            if (!sky && (best_is_sky || fy > 0.34f)) continue;
            if ((sky && !best_is_sky) || luma(c) > best) {
                best = luma(c);
                best_is_sky = best_is_sky || sky;
                brightest_x = fx;
                brightest_y = fy;
            }
        }
    }
    mean = all.mean_or({});
    foliage = leaves.weight > 2 ? leaves.mean_or({}) : Rgb{92, 112, 48};

    std::vector<float> sorted = lumas;
    std::sort(sorted.begin(), sorted.end());
    const float threshold = sorted[sorted.size() * 4 / 5];
    WeightedColour top, line;
    const auto row = static_cast<int>(std::clamp(scene.horizon, 0.0, 1.0) * (height - 1));
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            if (lumas[static_cast<std::size_t>(y) * width + x] >= threshold) top.add(colour(x, y), 1);
            if (std::abs(y - row) <= std::max(1, height / 12)) line.add(colour(x, y), 1);
        }
    }
    bright = top.mean_or(mean);
    horizon = line.mean_or(mean);
    daylight = smoothstep(25, 110, luma(mean));
}

Rgb Ambience::at(float x, float y) const {
    const float fx = std::clamp(x * static_cast<float>(small_.width_px) - 0.5f, 0.0f,
                                static_cast<float>(small_.width_px - 1));
    const float fy = std::clamp(y * static_cast<float>(small_.height_px) - 0.5f, 0.0f,
                                static_cast<float>(small_.height_px - 1));
    const int x0 = static_cast<int>(fx), y0 = static_cast<int>(fy);
    const int x1 = std::min(x0 + 1, small_.width_px - 1), y1 = std::min(y0 + 1, small_.height_px - 1);
    const float tx = fx - static_cast<float>(x0), ty = fy - static_cast<float>(y0);
    const auto colour = [&](int px, int py) {
        const std::uint8_t* p = small_.at(px, py);
        return Rgb{static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2])};
    };
    return lerp(lerp(colour(x0, y0), colour(x1, y0), tx), lerp(colour(x0, y1), colour(x1, y1), tx), ty);
}

}  // namespace stillreel::animatic
