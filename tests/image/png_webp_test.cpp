#include <gtest/gtest.h>

#include "base/file.h"
#include "charts.h"
#include "encoders.h"
#include "image/picture_file.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel::image {
namespace {

using namespace image::testing;
using stillreel::testing::ScratchFolder;

constexpr Colour kBlue{0, 0, 200};

void save(const std::filesystem::path& path, const FileBytes& file) {
    write_file(path, {reinterpret_cast<const char*>(file.data()), file.size()});
}

TEST(Png, EveryDepthAndColourType) {
    const Image rgb = smooth_chart(37, 29, 3);
    EXPECT_EQ(decode_picture(encode_png_kind(rgb, {}), "a.png").pixels, rgb.pixels);
    EXPECT_EQ(decode_picture(encode_png_kind(rgb, {.bits = 16}), "a.png").pixels, rgb.pixels);
    for (const int bits : {1, 2, 4, 8, 16}) {
        const int top = bits >= 8 ? 255 : (1 << bits) - 1;
        const Image grey = filled(20, 17, {top / 2 + 1});
        const int expected = bits >= 8 ? top / 2 + 1 : (top / 2 + 1) * 255 / top;
        expect_pixel(decode_picture(encode_png_kind(grey, {.bits = bits}), "a.png"), 19, 16,
                     {expected, expected, expected});
    }
    expect_pixel(decode_picture(encode_png_kind(filled(16, 16, {100}), {.palette = true}), "a.png"), 15, 15,
                 {100, 155, 50});
    expect_pixel(decode_picture(encode_png_kind(filled(16, 16, {3}), {.bits = 2, .palette = true}), "a.png"),
                 15, 15, {3, 252, 1});
}

TEST(Png, InterlacedIsTheSamePicture) {
    for (const int channels : {1, 2, 3, 4})
        for (const int bits : {8, 16})
            for (const Size size : {Size{16, 16}, Size{37, 29}, Size{64, 17}}) {
                const Image chart = smooth_chart(size.width_px, size.height_px, channels);
                const Image plain = decode_picture(encode_png_kind(chart, {.bits = bits}), "a.png");
                const auto interlaced = encode_png_kind(chart, {.bits = bits, .interlaced = true});
                EXPECT_TRUE(decode_picture(interlaced, "a.png").pixels == plain.pixels)
                    << channels << " channels, " << bits << " bits, " << size.width_px << "x"
                    << size.height_px;
            }
}

TEST(Png, AlphaLiesOnTheBackground) {
    const ReadOptions on_blue{.background = kBlue};
    // 200 * 64 / 255 + 0 and so on, rounded.
    const auto file = encode_png_kind(filled(16, 16, {200, 100, 50, 64}), {});
    expect_pixel(decode_picture(file, "a.png", on_blue), 3, 3, {50, 25, 162});
    expect_pixel(decode_picture(encode_png_kind(filled(16, 16, {90, 128}), {}), "a.png", on_blue), 3, 3,
                 {45, 45, 145});
    const auto clear = encode_png_kind(filled(16, 16, {200, 100, 50, 0}), {.bits = 16});
    expect_pixel(decode_picture(clear, "a.png", on_blue), 3, 3, {0, 0, 200});
    expect_pixel(decode_picture(clear, "a.png"), 3, 3, {255, 255, 255});
    const auto opaque = encode_png_kind(filled(16, 16, {200, 100, 50, 255}), {});
    expect_pixel(decode_picture(opaque, "a.png", on_blue), 3, 3, {200, 100, 50});
}

TEST(Png, TransparentColoursCountAsAlpha) {
    const ReadOptions on_blue{.background = kBlue};
    const auto palette = encode_png_kind(filled(16, 16, {100}), {.palette = true, .transparent_index = 100});
    expect_pixel(decode_picture(palette, "a.png", on_blue), 3, 3, {50, 78, 125});
    const auto rgb = encode_png_kind(filled(16, 16, {9, 8, 7}), {.transparent = {9, 8, 7}});
    expect_pixel(decode_picture(rgb, "a.png", on_blue), 3, 3, {0, 0, 200});
    const auto grey = encode_png_kind(filled(16, 16, {9}), {.transparent = {9}});
    expect_pixel(decode_picture(grey, "a.png", on_blue), 3, 3, {0, 0, 200});

    const ScratchFolder scratch;
    save(scratch / "a.png", palette);
    EXPECT_TRUE(probe_picture(scratch / "a.png").has_alpha);
}

TEST(WebP, LosslessAndAlpha) {
    const Image chart = smooth_chart(45, 31, 3);
    EXPECT_EQ(decode_picture(encode_webp(chart), "a.webp").pixels, chart.pixels);
    const auto file = encode_webp(filled(16, 16, {200, 100, 50, 64}));
    expect_pixel(decode_picture(file, "a.webp", {.background = kBlue}), 3, 3, {50, 25, 162});

    const ScratchFolder scratch;
    save(scratch / "named.jpg", file);  // the name does not decide
    const PictureFacts facts = probe_picture(scratch / "named.jpg");
    EXPECT_EQ(facts.format, FileFormat::webp);
    EXPECT_TRUE(facts.has_alpha);
}

TEST(WebP, AnAnimationGivesItsFirstFrame) {
    const auto file =
        encode_animated_webp(filled(20, 18, {250, 10, 10}), 8, 4, filled(40, 30, {0, 255, 0}), {40, 30});
    const Image picture = decode_picture(file, "a.webp", {.background = kBlue});
    ASSERT_EQ(picture.size(), (Size{40, 30}));
    expect_pixel(picture, 7, 4, {0, 0, 200});
    expect_pixel(picture, 8, 3, {0, 0, 200});
    expect_pixel(picture, 8, 4, {250, 10, 10});
    expect_pixel(picture, 27, 21, {250, 10, 10});
    expect_pixel(picture, 28, 21, {0, 0, 200});
    expect_pixel(picture, 27, 22, {0, 0, 200});
}

TEST(WebP, ShrinksAsJpegDoes) {
    const auto file = encode_webp(smooth_chart(321, 201, 3));
    const Image small = decode_picture(file, "a.webp", {.at_least = {80, 50}});
    EXPECT_LE(largest_difference(small, smooth_chart(81, 51, 3)), 8);
    const auto animated =
        encode_animated_webp(filled(101, 99, {250, 10, 10}), 34, 62, filled(160, 161, {0, 0, 0}), {160, 161});
    EXPECT_EQ(decode_picture(animated, "a.webp", {.at_least = {16, 16}}).size(), (Size{20, 21}));
}

TEST(ReadMap, KeepsPrecisionAndAveragesColour) {
    const ScratchFolder scratch;
    save(scratch / "rgb.png",
         encode_png_kind(filled(16, 16, {10, 20, 60}), {.bits = 16, .interlaced = true}));
    EXPECT_NEAR(read_map(scratch / "rgb.png", MapSource::grey).at(15, 15), 30 / 255.0f, 1e-6f);
    save(scratch / "cmyk.jpg", encode_jpeg(filled(16, 16, {0, 0, 0, 51}), {.adobe = false}));
    EXPECT_NEAR(read_map(scratch / "cmyk.jpg", MapSource::grey).at(4, 4), 0.8f, 0.01f);
}

TEST(ReadMap, AlphaWhereThePictureHasOne) {
    const ScratchFolder scratch;
    save(scratch / "cut.png", encode_png_kind(filled(16, 16, {255, 255, 255, 51}), {}));
    save(scratch / "cut.webp", encode_webp(filled(16, 16, {255, 255, 255, 51})));
    save(scratch / "opaque.png", encode_png_kind(filled(16, 16, {102, 255}), {}));
    for (const char* name : {"cut.png", "cut.webp"}) {
        EXPECT_NEAR(read_map(scratch / name, MapSource::alpha_or_grey).at(7, 7), 0.2f, 1e-6f);
        EXPECT_NEAR(read_map(scratch / name, MapSource::grey).at(7, 7), 1.0f, 1e-6f);
    }
    EXPECT_NEAR(read_map(scratch / "opaque.png", MapSource::alpha_or_grey).at(7, 7), 0.4f, 1e-6f);
}

TEST(ReadMap, IsUpright) {
    const ScratchFolder scratch;
    Image chart = filled(40, 20, {0});
    *chart.at(39, 0) = 255;
    save(scratch / "turned.png", encode_png_kind(as_stored(chart, 6), {.exif = make_exif(6)}));
    const Plane map = read_map(scratch / "turned.png", MapSource::grey);
    ASSERT_EQ(map.size(), (Size{40, 20}));
    EXPECT_EQ(map.at(39, 0), 1.0f);
}

}  // namespace
}  // namespace stillreel::image
