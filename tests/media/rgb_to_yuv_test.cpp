#include "media/rgb_to_yuv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "image/image.h"
#include "media/clips.h"

extern "C" {
#include <libswscale/swscale.h>
}

namespace stillreel::media {
namespace {

struct Yuv {
    std::vector<std::uint8_t> y, u, v;
};

Yuv convert(const image::Image& rgba) {
    const int width = rgba.width_px, height = rgba.height_px;
    Yuv out{std::vector<std::uint8_t>(width * height), std::vector<std::uint8_t>(width * height / 4),
            std::vector<std::uint8_t>(width * height / 4)};
    Yuv420Converter converter(width);
    converter.convert(testing::view_of(rgba),
                      {out.y.data(), out.u.data(), out.v.data(), width, width / 2, width / 2});
    return out;
}

image::Image noise(int width, int height) {
    image::Image picture(width, height, 4);
    std::uint32_t state = 1;
    for (std::uint8_t& sample : picture.pixels)
        sample = static_cast<std::uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
    return picture;
}

TEST(RgbToYuv, StatesBt709LimitedValues) {
    struct Known {
        std::array<std::uint8_t, 3> rgb, yuv;
    };
    // ITU-R BT.709, 8-bit limited range.
    const Known known[] = {{{0, 0, 0}, {16, 128, 128}},   {{255, 255, 255}, {235, 128, 128}},
                           {{255, 0, 0}, {63, 102, 240}}, {{0, 255, 0}, {173, 42, 26}},
                           {{0, 0, 255}, {32, 240, 118}}, {{128, 128, 128}, {126, 128, 128}}};
    for (const Known& colour : known) {
        image::Image flat(32, 2, 4);
        for (int i = 0; i < 64; ++i)
            std::copy(colour.rgb.begin(), colour.rgb.end(), flat.pixels.begin() + 4 * i);
        const Yuv yuv = convert(flat);
        for (int i = 0; i < 64; ++i) EXPECT_EQ(yuv.y[i], colour.yuv[0]);
        for (int i = 0; i < 16; ++i) {
            EXPECT_EQ(yuv.u[i], colour.yuv[1]);
            EXPECT_EQ(yuv.v[i], colour.yuv[2]);
        }
    }
}

TEST(RgbToYuv, FollowsItsFormulaToTheLastBitOnNoise) {
    const int width = 70, height = 6;  // not a multiple of any register
    const image::Image rgba = noise(width, height);
    const Yuv yuv = convert(rgba);
    const auto luma = [&](int x, int y, double kr, double kg, double kb) {
        const std::uint8_t* p = rgba.at(std::clamp(x, 0, width - 1), y);
        return kr * p[0] + kg * p[1] + kb * p[2];
    };
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            EXPECT_NEAR(yuv.y[y * width + x], 16 + 219.0 / 255 * luma(x, y, 0.2126, 0.7152, 0.0722), 0.51);
    for (int y = 0; y < height; y += 2)
        for (int x = 0; x < width; x += 2) {
            double blue = 0, red = 0;
            for (int row = 0; row < 2; ++row)
                for (int side = -1; side <= 1; ++side) {
                    const double weight = (side ? 1 : 2) / 8.0;
                    blue += weight * luma(x + side, y + row, -0.2126, -0.7152, 0.9278) / 1.8556;
                    red += weight * luma(x + side, y + row, 0.7874, -0.7152, -0.0722) / 1.5748;
                }
            EXPECT_NEAR(yuv.u[y / 2 * (width / 2) + x / 2], 128 + 224.0 / 255 * blue, 0.51);
            EXPECT_NEAR(yuv.v[y / 2 * (width / 2) + x / 2], 128 + 224.0 / 255 * red, 0.51);
        }
}

TEST(RgbToYuv, AgreesWithSwscaleOnSmoothPictures) {
    const int width = 320, height = 180;
    const image::Image rgba = testing::wave_frame(width, height, 3);
    const Yuv ours = convert(rgba);
    SwsContext* scaler =
        sws_getContext(width, height, AV_PIX_FMT_RGBA, width, height, AV_PIX_FMT_YUV420P,
                       SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT, nullptr, nullptr, nullptr);
    ASSERT_NE(scaler, nullptr);
    sws_setColorspaceDetails(scaler, sws_getCoefficients(SWS_CS_DEFAULT), 1,
                             sws_getCoefficients(SWS_CS_ITU709), 0, 0, 1 << 16, 1 << 16);
    Yuv theirs{std::vector<std::uint8_t>(width * height), std::vector<std::uint8_t>(width * height / 4),
               std::vector<std::uint8_t>(width * height / 4)};
    std::uint8_t* planes[] = {theirs.y.data(), theirs.u.data(), theirs.v.data()};
    const int strides[] = {width, width / 2, width / 2}, stride = static_cast<int>(rgba.stride());
    const std::uint8_t* pixels = rgba.pixels.data();
    sws_scale(scaler, &pixels, &stride, 0, height, planes, strides);
    sws_freeContext(scaler);
    const auto worst = [](const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
        int most = 0;
        for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
        return most;
    };
    EXPECT_LE(worst(ours.y, theirs.y), 1);
    EXPECT_LE(worst(ours.u, theirs.u), 2);
    EXPECT_LE(worst(ours.v, theirs.v), 2);
}

}  // namespace
}  // namespace stillreel::media
