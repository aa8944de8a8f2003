// Pictures in memory: plain values, rows from top to bottom, no padding between rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stillreel::image {

struct Size {
    int width_px = 0;
    int height_px = 0;
    friend bool operator==(const Size&, const Size&) = default;
};

/// 8-bit picture, `channels` interleaved samples a pixel: 1 grey, 3 RGB, 4 RGBA. sRGB unless said otherwise.
struct Image {
    int width_px = 0;
    int height_px = 0;
    int channels = 3;
    std::vector<std::uint8_t> pixels;  // height * width * channels

    Image() = default;
    /// All samples 0.
    Image(int width, int height, int channel_count)
        : width_px(width), height_px(height), channels(channel_count),
          pixels(static_cast<std::size_t>(width) * height * channel_count) {}

    bool empty() const { return pixels.empty(); }
    Size size() const { return {width_px, height_px}; }
    std::size_t stride() const { return static_cast<std::size_t>(width_px) * channels; }
    std::uint8_t* row(int y) { return pixels.data() + y * stride(); }
    const std::uint8_t* row(int y) const { return pixels.data() + y * stride(); }
    std::uint8_t* at(int x, int y) { return row(y) + static_cast<std::size_t>(x) * channels; }
    const std::uint8_t* at(int x, int y) const { return row(y) + static_cast<std::size_t>(x) * channels; }
};

/// One float a pixel: depth, masks, weights.
struct Plane {
    int width_px = 0;
    int height_px = 0;
    std::vector<float> values;  // height * width

    Plane() = default;
    Plane(int width, int height, float value = 0.0f)
        : width_px(width), height_px(height), values(static_cast<std::size_t>(width) * height, value) {}

    bool empty() const { return values.empty(); }
    Size size() const { return {width_px, height_px}; }
    float* row(int y) { return values.data() + static_cast<std::size_t>(y) * width_px; }
    const float* row(int y) const { return values.data() + static_cast<std::size_t>(y) * width_px; }
    float& at(int x, int y) { return row(y)[x]; }
    float at(int x, int y) const { return row(y)[x]; }
};

/// x, y of the top left pixel; may reach outside of a picture where a function says so.
struct Rect {
    int x = 0;
    int y = 0;
    int width_px = 0;
    int height_px = 0;
    friend bool operator==(const Rect&, const Rect&) = default;
};

}  // namespace stillreel::image
