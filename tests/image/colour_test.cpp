#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "charts.h"
#include "encoders.h"
#include "image/picture_file.h"
#include "support/throws.h"

namespace stillreel::image {
namespace {

using namespace image::testing;

double linear(double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); }
double encoded(double v) { return v <= 0.0031308 ? v * 12.92 : 1.055 * std::pow(v, 1 / 2.4) - 0.055; }

/// Display P3 to sRGB by the published matrix (both D65).
std::array<int, 3> srgb_of_p3(std::array<int, 3> p3) {
    constexpr double kMatrix[3][3] = {
        {1.2249402, -0.2249404, 0.0}, {-0.0420570, 1.0420571, 0.0}, {-0.0196376, -0.0786361, 1.0982735}};
    std::array<int, 3> out;
    for (int r = 0; r < 3; ++r) {
        double sum = 0;
        for (int c = 0; c < 3; ++c) sum += kMatrix[r][c] * linear(p3[c] / 255.0);
        out[r] = static_cast<int>(std::lround(255 * encoded(std::clamp(sum, 0.0, 1.0))));
    }
    return out;
}

TEST(ColourProfile, DisplayP3BecomesSrgb) {
    const FileBytes icc = display_p3_profile();
    for (const std::array<int, 3> p3 :
         {std::array{200, 100, 50}, std::array{30, 180, 90}, std::array{128, 128, 128},
          std::array{250, 240, 10}, std::array{70, 20, 210}}) {
        const Image picture = filled(16, 16, {p3[0], p3[1], p3[2]});
        const auto [r, g, b] = srgb_of_p3(p3);
        expect_pixel(decode_picture(encode_png_kind(picture, {.icc = icc}), "a.png"), 5, 5, {r, g, b}, 2);
        expect_pixel(decode_picture(encode_png_kind(picture, {.interlaced = true, .icc = icc}), "a.png"), 5,
                     5, {r, g, b}, 2);
        expect_pixel(decode_picture(encode_webp(picture, {.icc = icc}), "a.webp"), 5, 5, {r, g, b}, 2);
        expect_pixel(decode_picture(encode_jpeg(picture, {.quality = 100, .icc = icc}), "a.jpg"), 5, 5,
                     {r, g, b}, 4);
    }
}

TEST(ColourProfile, AlphaIsLaidOnTheBackgroundAfterwards) {
    const auto file = encode_png_kind(filled(16, 16, {200, 100, 50, 128}), {.icc = display_p3_profile()});
    const auto [r, g, b] = srgb_of_p3({200, 100, 50});
    expect_pixel(decode_picture(file, "a.png", {.background = {0, 0, 200}}), 5, 5,
                 {r / 2, g / 2, b / 2 + 100}, 2);
}

TEST(ColourProfile, SrgbChangesNothing) {
    const Image chart = smooth_chart(64, 64, 3);
    EXPECT_EQ(decode_picture(encode_png_kind(chart, {.icc = srgb_profile()}), "a.png").pixels, chart.pixels);
}

TEST(ColourProfile, GreyHasOnesOfItsOwn) {
    const int expected = static_cast<int>(std::lround(255 * encoded(64 / 255.0)));
    const auto file = encode_png_kind(filled(16, 16, {64}), {.icc = linear_grey_profile()});
    expect_pixel(decode_picture(file, "a.png"), 5, 5, {expected, expected, expected}, 2);
    const auto with_alpha = encode_png_kind(filled(16, 16, {64, 0}), {.icc = linear_grey_profile()});
    expect_pixel(decode_picture(with_alpha, "a.png", {.background = {1, 2, 3}}), 5, 5, {1, 2, 3});
}

TEST(ColourProfile, CmykGoesThroughItsTable) {
    // Half of full black: L* = 50 is sRGB 119.
    const Image inverted = filled(32, 32, {255, 255, 255, 127});
    const auto file = encode_jpeg(inverted, {.quality = 100, .icc = grey_ink_profile()});
    expect_pixel(decode_picture(file, "a.jpg"), 9, 9, {119, 119, 119}, 3);
    // Full cyan: L* = 66.7, a grey of 162; without the profile it would be cyan.
    const auto cyan =
        encode_jpeg(filled(32, 32, {0, 255, 255, 255}), {.quality = 100, .icc = grey_ink_profile()});
    expect_pixel(decode_picture(cyan, "a.jpg"), 9, 9, {162, 162, 162}, 4);
}

TEST(ColourProfile, BrokenOrForeignOnesAreIgnored) {
    const Image chart = smooth_chart(32, 32, 3);
    FileBytes broken = display_p3_profile();
    for (std::size_t i = 128; i < broken.size(); i += 3) broken[i] = 0xff;
    EXPECT_EQ(decode_picture(encode_webp(chart, {.icc = broken}), "a.webp").pixels, chart.pixels);
    EXPECT_EQ(decode_picture(encode_webp(chart, {.icc = FileBytes(7, 1)}), "a.webp").pixels, chart.pixels);
    EXPECT_EQ(decode_picture(encode_webp(chart, {.icc = linear_grey_profile()}), "a.webp").pixels,
              chart.pixels);
    const auto jpeg = decode_picture(encode_jpeg(chart, {.icc = grey_ink_profile()}), "a.jpg");
    EXPECT_LE(largest_difference(jpeg, chart), 6);
}

TEST(ParseColour, HexOnly) {
    EXPECT_EQ(parse_colour("#1a2B3c", "--background"), (Colour{0x1a, 0x2b, 0x3c}));
    for (const char* bad : {"", "#", "red", "#12345", "#1234567", "1a2b3c", "#12 456", "#-12345"})
        EXPECT_ERROR(parse_colour(bad, "--background"), ErrorCode::invalid_argument, "--background");
}

}  // namespace
}  // namespace stillreel::image
