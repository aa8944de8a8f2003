#include "image/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "parity/layout.h"
#include "support/golden.h"

namespace stillreel::image {
namespace {

Image noise(int width, int height, int channels) {
    Image picture(width, height, channels);
    Random random(static_cast<std::uint64_t>(width) * 1000 + height);
    for (auto& sample : picture.pixels) sample = static_cast<std::uint8_t>(random.bits() >> 33);
    return picture;
}

Image row_of(std::vector<std::uint8_t> samples) {
    Image row(static_cast<int>(samples.size()), 1, 1);
    row.pixels = std::move(samples);
    return row;
}

/// Pillow's definition, sample by sample and without any of the tricks.
struct Plain {
    static double weight(Filter filter, double x) {
        if (filter == Filter::box) return x > -0.5 && x <= 0.5;
        if (filter == Filter::bilinear) return std::max(0.0, 1 - std::abs(x));
        const auto sinc = [](double v) {
            return v == 0 ? 1 : std::sin(v * std::numbers::pi) / (v * std::numbers::pi);
        };
        return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0.0;
    }
    static Image rows(const Image& in, int width, Filter filter) {
        if (in.width_px == width) return in;
        Image out(width, in.height_px, in.channels);
        const double scale = double(in.width_px) / width, stretch = std::max(scale, 1.0);
        const double support = (filter == Filter::box        ? 0.5
                                : filter == Filter::bilinear ? 1.0
                                                             : 3.0) *
                               stretch;
        for (int x = 0; x < width; ++x) {
            const double centre = (x + 0.5) * scale;
            const int begin = std::max(int(centre - support + 0.5), 0);
            const int end = std::min(int(centre + support + 0.5), in.width_px);
            std::vector<double> weights;
            double total = 0;
            for (int i = begin; i < end; ++i) {
                weights.push_back(weight(filter, (i - centre + 0.5) * (1.0 / stretch)));
                total += weights.back();
            }
            for (int y = 0; y < in.height_px; ++y)
                for (int c = 0; c < in.channels; ++c) {
                    int sum = 1 << 21;
                    for (int i = begin; i < end; ++i) {
                        const double w = weights[i - begin] / total * (1 << 22);
                        sum += in.at(i, y)[c] * int(w < 0 ? w - 0.5 : w + 0.5);
                    }
                    out.at(x, y)[c] = static_cast<std::uint8_t>(std::clamp(sum >> 22, 0, 255));
                }
        }
        return out;
    }
    static Image transposed(const Image& in) {
        Image out(in.height_px, in.width_px, in.channels);
        for (int y = 0; y < in.height_px; ++y)
            for (int x = 0; x < in.width_px; ++x) std::copy_n(in.at(x, y), in.channels, out.at(y, x));
        return out;
    }
    static Image resize(const Image& in, Size size, Filter filter) {
        const Image wide = rows(in, size.width_px, filter);
        return transposed(rows(transposed(wide), size.height_px, filter));
    }
};

TEST(Resize, BoxAveragesAndRoundsHalvesUp) {
    EXPECT_EQ(resize(row_of({10, 21, 30, 40}), {2, 1}, Filter::box).pixels,
              (std::vector<std::uint8_t>{16, 35}));
    EXPECT_EQ(resize(row_of({10, 200}), {4, 1}, Filter::box).pixels,
              (std::vector<std::uint8_t>{10, 10, 200, 200}));
}

TEST(Resize, BilinearHasTheWeightsWorkedOutByHand) {
    // Shrinking by 2 widens the triangle: weights 3/7, 3/7, 1/7 at the left end, mirrored at the right.
    EXPECT_EQ(resize(row_of({10, 21, 30, 40}), {2, 1}, Filter::bilinear).pixels,
              (std::vector<std::uint8_t>{18, 33}));
    // Growing by 2: 10, 10 * 3/4 + 30 / 4, and so on.
    EXPECT_EQ(resize(row_of({10, 30}), {4, 1}, Filter::bilinear).pixels,
              (std::vector<std::uint8_t>{10, 15, 25, 30}));
}

TEST(Resize, EqualsThePlainDefinitionForEverySizeAndChannelCount) {
    const Size sizes[] = {{1, 1}, {5, 16}, {33, 7}, {48, 90}, {131, 20}};
    for (const Filter filter : {Filter::box, Filter::bilinear, Filter::lanczos})
        for (const int channels : {1, 3, 4})
            for (const Size from : {Size{1, 3}, Size{37, 53}, Size{64, 48}})
                for (const Size to : sizes) {
                    const Image picture = noise(from.width_px, from.height_px, channels);
                    ASSERT_TRUE(resize(picture, to, filter).pixels ==
                                Plain::resize(picture, to, filter).pixels)
                        << "filter " << int(filter) << ", " << channels << " channels, " << from.width_px
                        << "x" << from.height_px << " to " << to.width_px << "x" << to.height_px;
                }
}

TEST(Resize, HardEdgesStayInRange) {
    Image picture(64, 64, 1);
    for (int y = 0; y < 64; ++y)
        for (int x = 32; x < 64; ++x) *picture.at(x, y) = 255;
    const Image big = resize(picture, {200, 200}, Filter::lanczos);
    EXPECT_EQ(big.pixels, Plain::resize(picture, {200, 200}, Filter::lanczos).pixels);
    EXPECT_EQ(*std::max_element(big.pixels.begin(), big.pixels.end()), 255);  // the overshoot is clipped
}

TEST(Resize, PlaneKeepsConstantsAndFollowsTheByteVersion) {
    EXPECT_NEAR(resize(Plane(30, 20, 0.7f), {11, 45}, Filter::lanczos).at(5, 5), 0.7f, 1e-6f);
    const Image bytes = noise(40, 30, 1);
    Plane plane(40, 30);
    std::copy(bytes.pixels.begin(), bytes.pixels.end(), plane.values.begin());
    const Plane small = resize(plane, {17, 50}, Filter::bilinear);
    const Image expected = resize(bytes, {17, 50}, Filter::bilinear);
    for (int y = 0; y < 50; ++y)
        for (int x = 0; x < 17; ++x) EXPECT_NEAR(small.at(x, y), *expected.at(x, y), 1.5f);
}

TEST(Crop, OutsideIsBlack) {
    const Image picture = noise(4, 3, 3);
    const Image part = crop(picture, {-1, 1, 4, 4});
    ASSERT_EQ(part.size(), (Size{4, 4}));
    for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 4; ++x)
            for (int c = 0; c < 3; ++c)
                EXPECT_EQ(part.at(x, y)[c], x >= 1 && y < 2 ? picture.at(x - 1, y + 1)[c] : 0);
    const Image nothing = crop(picture, {100, 100, 5, 5});
    EXPECT_EQ(std::count(nothing.pixels.begin(), nothing.pixels.end(), 0), 75);
    EXPECT_EQ(crop(Plane(4, 3, 1.0f), {3, 2, 2, 2}).values, (std::vector<float>{1, 0, 0, 0}));
}

// The reference's preparation of a picture: BOX resize, centre crop, BILINEAR resize, made with Pillow.

/// Python's a // b: the floor of the exact quotient, where a / b may already have been rounded up.
int floor_division(double a, double b) { return static_cast<int>(std::lround((a - std::fmod(a, b)) / b)); }

int floor_half(int value) { return static_cast<int>(std::floor(value / 2.0)); }

Image centre_crop(const Image& source, Size frame) {
    const double scale =
        std::min(double(source.width_px) / frame.width_px, double(source.height_px) / frame.height_px);
    const Size scaled{floor_division(source.width_px, scale), floor_division(source.height_px, scale)};
    const Image small = resize(source, scaled, Filter::box);
    return crop(small, {floor_half(scaled.width_px - frame.width_px),
                        floor_half(scaled.height_px - frame.height_px), frame.width_px, frame.height_px});
}

TEST(Resize, GivesTheBytesOfPillow) {
    int compared = 0;
    for (const auto& folder : testing::golden_cases("image_preprocess-")) {
        const testing::Golden golden = testing::load_golden(folder);
        const std::string& name = golden.name;
        const auto& params = golden.params;
        const auto picture = [&](const char* tensor) { return parity::picture_of(golden.at(tensor)); };
        const int width = params.at("width"), height = params.at("height"), clip = params.at("clip_size");

        const Image source = picture("in.image"), square = centre_crop(source, {width, width});
        EXPECT_TRUE(square.pixels == picture("out.square").pixels) << name;
        EXPECT_EQ(resize(square, {clip, clip}, Filter::bilinear).pixels, picture("out.clip_image").pixels)
            << name;
        EXPECT_TRUE(centre_crop(source, {width, height}).pixels == picture("out.crop").pixels) << name;
        ++compared;
    }
    EXPECT_GE(compared, 3);
}

}  // namespace
}  // namespace stillreel::image
