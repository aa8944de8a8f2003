#include <gtest/gtest.h>

#include "base/file.h"
#include "charts.h"
#include "encoders.h"
#include "image/exif.h"
#include "image/picture_file.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel::image {
namespace {

using namespace image::testing;

TEST(Jpeg, ColourGreyAndProgressive) {
    const Image chart = smooth_chart(75, 50, 3);
    EXPECT_LE(largest_difference(decode_picture(encode_jpeg(chart), "a.jpg"), chart), 6);
    EXPECT_LE(largest_difference(decode_picture(encode_jpeg(chart, {.progressive = true}), "a.jpg"), chart),
              6);
    EXPECT_LE(largest_difference(decode_picture(encode_jpeg(chart, {.full_chroma = false}), "a.jpg"), chart),
              12);

    const Image grey = decode_picture(encode_jpeg(filled(32, 24, {90})), "grey.jpg");
    ASSERT_EQ(grey.channels, 3);
    expect_pixel(grey, 31, 23, {90, 90, 90}, 1);
}

TEST(Jpeg, WhatIsWrittenIsReadAgain) {
    const Image chart = smooth_chart(75, 50, 3);
    const auto fine = image::encode_jpeg(chart, 95), coarse = image::encode_jpeg(chart, 30);
    EXPECT_LE(largest_difference(decode_picture(fine, "a.jpg"), chart), 12);
    EXPECT_LT(coarse.size(), fine.size());
    expect_pixel(decode_picture(image::encode_jpeg(filled(32, 24, {90}), 90), "grey.jpg"), 31, 23,
                 {90, 90, 90}, 1);
}

TEST(Jpeg, EveryOrientationComesOutUpright) {
    const Image chart = smooth_chart(64, 40, 3);
    for (int orientation = 1; orientation <= 8; ++orientation)
        for (const bool big_endian : {false, true}) {
            const auto file =
                encode_jpeg(as_stored(chart, orientation), {.exif = make_exif(orientation, big_endian)});
            EXPECT_LE(largest_difference(decode_picture(file, "a.jpg"), chart), 6)
                << "orientation " << orientation << (big_endian ? ", big endian" : ", little endian");
        }
}

TEST(Jpeg, OrientationCountsInFactsAndWantedSize) {
    const stillreel::testing::ScratchFolder scratch;
    const auto file = encode_jpeg(as_stored(smooth_chart(400, 800, 3), 6), {.exif = make_exif(6)});
    write_file(scratch / "tall.jpg", {reinterpret_cast<const char*>(file.data()), file.size()});
    EXPECT_EQ(probe_picture(scratch / "tall.jpg").size, (Size{400, 800}));
    EXPECT_EQ(read_picture(scratch / "tall.jpg", {.at_least = {200, 400}}).size(), (Size{200, 400}));
    EXPECT_EQ(read_picture(scratch / "tall.jpg", {.at_least = {200, 401}}).size(), (Size{400, 800}));
}

TEST(Jpeg, BrokenExifIsNoReasonToRefuse) {
    const Image chart = smooth_chart(32, 32, 3);
    const FileBytes whole = make_exif(6);
    for (std::size_t length = 7; length < whole.size(); ++length) {
        const FileBytes part(whole.begin(), whole.begin() + length);
        const Image picture = decode_picture(encode_jpeg(chart, {.exif = part}), "a.jpg");
        EXPECT_EQ(picture.size(), chart.size());
    }
    EXPECT_EQ(exif_orientation(make_exif(9)), 1);
    EXPECT_EQ(exif_orientation(make_exif(0)), 1);
    FileBytes far = whole;
    far[10] = far[11] = far[12] = far[13] = 0xff;  // the directory beyond the end
    EXPECT_EQ(exif_orientation(far), 1);
}

TEST(Jpeg, ShrinksWhileDecodingButNeverBelowTheWantedSize) {
    const auto file = encode_jpeg(smooth_chart(801, 601, 3));
    const auto size_for = [&](Size at_least) {
        return decode_picture(file, "a.jpg", {.at_least = at_least}).size();
    };
    EXPECT_EQ(size_for({0, 0}), (Size{801, 601}));
    EXPECT_EQ(size_for({402, 100}), (Size{801, 601}));
    EXPECT_EQ(size_for({401, 301}), (Size{401, 301}));
    EXPECT_EQ(size_for({200, 151}), (Size{201, 151}));
    EXPECT_EQ(size_for({16, 16}), (Size{101, 76}));
    EXPECT_EQ(size_for({5000, 5000}), (Size{801, 601}));
    const Image small = decode_picture(file, "a.jpg", {.at_least = {100, 75}});
    EXPECT_LE(largest_difference(small, smooth_chart(101, 76, 3)), 8);
}

TEST(Jpeg, CmykWithEitherConvention) {
    // Inks of an orange: c 0, m 102, y 204, k 51.
    const std::initializer_list<int> orange = {204, 122, 41};
    const Image inks = filled(32, 32, {0, 102, 204, 51}), inverted = filled(32, 32, {255, 153, 51, 204});
    expect_pixel(decode_picture(encode_jpeg(inks, {.adobe = false}), "a.jpg"), 9, 9, orange, 3);
    expect_pixel(decode_picture(encode_jpeg(inverted), "a.jpg"), 9, 9, orange, 3);
    expect_pixel(decode_picture(encode_jpeg(inverted, {.ycck = true}), "a.jpg"), 9, 9, orange, 3);
}

TEST(Jpeg, ExifOfPngAndWebpCountToo) {
    const Image chart = smooth_chart(64, 40, 3);
    for (const int orientation : {3, 6, 8}) {
        const Image stored = as_stored(chart, orientation);
        const FileBytes exif = make_exif(orientation);
        EXPECT_EQ(decode_picture(encode_png_kind(stored, {.exif = exif}), "a.png").pixels, chart.pixels);
        EXPECT_EQ(decode_picture(encode_webp(stored, {.exif = exif}), "a.webp").pixels, chart.pixels);
    }
}

}  // namespace
}  // namespace stillreel::image
