// Pictures of known content for the tests of analysis and layers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "image/image.h"

namespace stillreel::animatic::testing {

/// The same everywhere: white noise in [0, 1) from a pixel's place.
inline float noise(int x, int y, std::uint32_t salt) {
    std::uint32_t h = static_cast<std::uint32_t>(x) * 374761393u +
                      static_cast<std::uint32_t>(y) * 668265263u + salt * 2246822519u;
    h = (h ^ (h >> 13)) * 1274126177u;
    h ^= h >> 16;
    return static_cast<float>(h & 0xffffff) / 16777216.0f;
}

/// Smooth noise with features of about `scale_px`.
inline float smooth_noise(int x, int y, int scale_px, std::uint32_t salt) {
    const int cx = x / scale_px, cy = y / scale_px;
    const float fx = static_cast<float>(x % scale_px) / static_cast<float>(scale_px);
    const float fy = static_cast<float>(y % scale_px) / static_cast<float>(scale_px);
    const float top = std::lerp(noise(cx, cy, salt), noise(cx + 1, cy, salt), fx);
    const float bottom = std::lerp(noise(cx, cy + 1, salt), noise(cx + 1, cy + 1, salt), fx);
    return std::lerp(top, bottom, fy);
}

struct MadeScene {
    image::Image picture;
    image::Plane subject;  // 1 where the figure is
    int horizon_row = 0;
};

inline void put(image::Image& picture, int x, int y, float r, float g, float b) {
    const auto level = [](float v) { return static_cast<std::uint8_t>(std::clamp(v, 0.0f, 255.0f)); };
    std::uint8_t* pixel = picture.at(x, y);
    pixel[0] = level(r), pixel[1] = level(g), pixel[2] = level(b);
}

/// Blue sky that pales towards the horizon, textured brown ground below 45 % of the height.
inline MadeScene landscape(int width, int height) {
    MadeScene scene{image::Image(width, height, 3), image::Plane(width, height), height * 45 / 100};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const float t = static_cast<float>(y) / static_cast<float>(height);
            if (y < scene.horizon_row) {
                put(scene.picture, x, y, 90 + 150 * t, 140 + 130 * t, 225 + 30 * t);
            } else {
                const float grain = 45 * smooth_noise(x, y, 6, 1) + 20 * noise(x, y, 2);
                put(scene.picture, x, y, 95 + grain, 78 + grain, 50 + 0.8f * grain);
            }
        }
    return scene;
}

/// The landscape with a red, patterned figure (head and body) standing on the ground; its edge is
/// anti-aliased.
inline MadeScene landscape_with_figure(int width, int height) {
    MadeScene scene = landscape(width, height);
    const auto w = static_cast<float>(width), h = static_cast<float>(height);
    const auto ellipse = [](float x, float y, float cx, float cy, float rx, float ry) {
        const float d = std::hypot((x - cx) / rx, (y - cy) / ry);
        return std::clamp((1 - d) * std::min(rx, ry) + 0.5f, 0.0f, 1.0f);
    };
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const auto fx = static_cast<float>(x), fy = static_cast<float>(y);
            const float head = ellipse(fx, fy, 0.55f * w, 0.34f * h, 0.08f * h, 0.10f * h);
            const float body = ellipse(fx, fy, 0.55f * w, 0.62f * h, 0.14f * h, 0.25f * h);
            const float inside = std::max(head, body);
            scene.subject.at(x, y) = inside;
            if (inside <= 0) continue;
            const float pattern = 35 * smooth_noise(x, y, 9, 7) + ((x / 8 + y / 8) % 2 ? 18.0f : 0.0f);
            const std::uint8_t* at = scene.picture.at(x, y);
            const auto r = static_cast<float>(at[0]), g = static_cast<float>(at[1]),
                       b = static_cast<float>(at[2]);
            put(scene.picture, x, y, std::lerp(r, 175 + pattern, inside), std::lerp(g, 20 + pattern, inside),
                std::lerp(b, 30 + pattern, inside));
        }
    return scene;
}

}  // namespace stillreel::animatic::testing
