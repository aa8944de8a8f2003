#include "proof/made_scene.h"

#include <cmath>

#include "base/random.h"

namespace stillreel::testing {
namespace {

float lattice(std::int64_t x, std::int64_t y, std::uint64_t seed) {
    return hash_unit(static_cast<std::uint64_t>(x), static_cast<std::uint64_t>(y), seed);
}

float smooth_noise(double x, double y, std::uint64_t seed) {
    const double fx = std::floor(x), fy = std::floor(y);
    const auto ix = static_cast<std::int64_t>(fx), iy = static_cast<std::int64_t>(fy);
    const auto ease = [](double t) { return static_cast<float>(t * t * t * (t * (t * 6 - 15) + 10)); };
    const float tx = ease(x - fx), ty = ease(y - fy);
    const float top = std::lerp(lattice(ix, iy, seed), lattice(ix + 1, iy, seed), tx);
    const float bottom = std::lerp(lattice(ix, iy + 1, seed), lattice(ix + 1, iy + 1, seed), tx);
    return std::lerp(top, bottom, ty);
}

constexpr float kWallDepth = 0.25f, kDiscDepth = 0.9f;

void paint(std::uint8_t* pixel, float r, float g, float b, float value) {
    const float shade = 0.35f + 0.65f * value;
    pixel[0] = static_cast<std::uint8_t>(r * shade);
    pixel[1] = static_cast<std::uint8_t>(g * shade);
    pixel[2] = static_cast<std::uint8_t>(b * shade);
}

}  // namespace

float texture_value(double x, double y, std::uint64_t seed) {
    return 0.6f * smooth_noise(x / 12, y / 12, seed) + 0.4f * smooth_noise(x / 5, y / 5, seed + 1);
}

MadeScene made_scene(image::Size size, int ring_px) {
    const auto [width, height] = size;
    MadeScene scene{image::Image(width, height, 3), image::Plane(width, height, kWallDepth),
                    image::Plane(width, height), image::Plane(width, height)};
    const double radius = 0.24 * height;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const double away = std::hypot(x + 0.5 - width / 2.0, y + 0.5 - height / 2.0);
            const bool ring = x < ring_px || y < ring_px || x >= width - ring_px || y >= height - ring_px;
            if (away < radius) {
                scene.depth.at(x, y) = kDiscDepth;
                scene.disc.at(x, y) = 1;
                paint(scene.picture.at(x, y), 250, 150, 50, texture_value(x, y, 3));
            } else {
                scene.wall.at(x, y) = away > radius * 1.45 ? 1.0f : 0.0f;
                paint(scene.picture.at(x, y), 120, 160, 210, texture_value(x, y, 11));
            }
            if (ring) paint(scene.picture.at(x, y), 255, 0, 255, 1);
        }
    return scene;
}

}  // namespace stillreel::testing
