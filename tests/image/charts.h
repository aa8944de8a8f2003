// Pictures for the tests, and how they are compared.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "image/image.h"

namespace stillreel::image::testing {

/// Every sample tells its place and channel; smooth, so that lossy formats keep it.
inline Image smooth_chart(int width, int height, int channels) {
    Image picture(width, height, channels);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const int values[4] = {255 * x / width, 255 * y / height, 255 - 255 * x / width,
                                   255 - 128 * y / height};
            for (int c = 0; c < channels; ++c) picture.at(x, y)[c] = static_cast<std::uint8_t>(values[c]);
        }
    return picture;
}

inline Image filled(int width, int height, std::initializer_list<int> samples) {
    Image picture(width, height, static_cast<int>(samples.size()));
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            std::transform(samples.begin(), samples.end(), picture.at(x, y),
                           [](int v) { return static_cast<std::uint8_t>(v); });
    return picture;
}

inline int largest_difference(const Image& a, const Image& b) {
    if (a.size() != b.size() || a.channels != b.channels) return 256;
    int largest = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i)
        largest = std::max(largest, std::abs(int(a.pixels[i]) - int(b.pixels[i])));
    return largest;
}

inline void expect_pixel(const Image& picture, int x, int y, std::initializer_list<int> rgb,
                         int tolerance = 0) {
    int c = 0;
    for (const int expected : rgb) {
        EXPECT_NEAR(picture.at(x, y)[c], expected, tolerance) << "channel " << c << " at " << x << ", " << y;
        ++c;
    }
}

/// What a camera held in that way stores: the picture whose EXIF orientation makes it `upright` again.
inline Image as_stored(const Image& upright, int orientation) {
    const bool turned = orientation >= 5;
    Image stored(turned ? upright.height_px : upright.width_px, turned ? upright.width_px : upright.height_px,
                 upright.channels);
    const int w = stored.width_px, h = stored.height_px;
    for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) {
            // From the EXIF standard: which visual side row 0 and column 0 are.
            int to_x = x, to_y = y;
            switch (orientation) {
                case 2:
                    to_x = w - 1 - x;
                    break;
                case 3:
                    to_x = w - 1 - x, to_y = h - 1 - y;
                    break;
                case 4:
                    to_y = h - 1 - y;
                    break;
                case 5:
                    to_x = y, to_y = x;
                    break;
                case 6:
                    to_x = h - 1 - y, to_y = x;
                    break;
                case 7:
                    to_x = h - 1 - y, to_y = w - 1 - x;
                    break;
                case 8:
                    to_x = y, to_y = w - 1 - x;
                    break;
                default:
                    break;
            }
            std::copy_n(upright.at(to_x, to_y), upright.channels, stored.at(x, y));
        }
    return stored;
}

}  // namespace stillreel::image::testing
