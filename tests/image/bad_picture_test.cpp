#include <gtest/gtest.h>

#include <string>

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
using namespace std::string_literals;

FileBytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

FileBytes first_part(const FileBytes& file, std::size_t size) { return {file.begin(), file.begin() + size}; }

TEST(BadPicture, OtherFormatsAreNamedWithWhatToDo) {
    const std::pair<std::string, const char*> files[] = {
        {"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"s, "a BMP"},
        {"II*\0\x08\0\0\0"s, "TIFF"},
        {"MM\0*\0\0\0\x08"s, "TIFF"},
        {"GIF89a\x10\0\x10\0"s, "a GIF"},
        {"\0\0\0\x1c"
         "ftypavif\0\0\0\0mif1avifmiaf"s,
         "AVIF"},
        {"\0\0\0\x1c"
         "ftypmif1\0\0\0\0avifmif1miaf"s,
         "AVIF"},
        {"\0\0\0\x18"
         "ftypheic\0\0\0\0mif1heic"s,
         "HEIC"},
        {"\0\0\0\x18"
         "ftypheix\0\0\0\0mif1heix"s,
         "HEIC"},
        {"\0\0\0\x18"
         "ftypmif1\0\0\0\0mif1heic"s,
         "HEIC"},
        {"\xff\x0a\xfa\x7f\x01"s, "JPEG XL"},
        {"\0\0\0\x0cJXL \r\n\x87\n"s, "JPEG XL"},
        {"\0\0\0\x0cjP  \r\n\x87\n"s, "JPEG 2000"},
        {"8BPS\0\x01"s, "PSD"},
        {"<?xml version=\"1.0\"?>\n<svg width=\"20\"/>"s, "SVG"},
        {"%PDF-1.7\n"s, "PDF"},
    };
    for (const auto& [content, format] : files) {
        EXPECT_ERROR(decode_picture(bytes_of(content), "shot.jpg"), ErrorCode::unsupported, format);
        EXPECT_ERROR(decode_picture(bytes_of(content), "shot.jpg"), ErrorCode::unsupported,
                     "convert it to JPEG or PNG");
        EXPECT_ERROR(decode_picture(bytes_of(content), "shot.jpg"), ErrorCode::unsupported, "shot.jpg");
    }
}

TEST(BadPicture, WhatIsNoPictureIsToldSo) {
    for (const std::string& text :
         {"dear reader,\n"s, "BMW"s, "<html></html>"s, "\xff\xd8"s, "RIFF\0\0\0\0WAVE"s,
          "\0\0\0\x18"
          "ftypisom\0\0\0\0mp42isom"s,
          "x"s, std::string(5000, '\0')})
        EXPECT_ERROR(decode_picture(bytes_of(text), "a.jpg"), ErrorCode::unsupported,
                     "is not a picture that stillreel reads (JPEG, PNG, WebP)");
}

TEST(BadPicture, EmptyMissingAndFolder) {
    const ScratchFolder scratch;
    EXPECT_ERROR(decode_picture({}, "a.jpg"), ErrorCode::corrupt_data, "a.jpg is empty");
    write_file(scratch / "empty.png", "");
    EXPECT_ERROR(read_picture(scratch / "empty.png"), ErrorCode::corrupt_data, "is empty");
    EXPECT_ERROR(read_picture(scratch / "none.png"), ErrorCode::not_found, "none.png");
    EXPECT_ERROR(read_picture(scratch.path()), ErrorCode::io, "not a regular file");
    EXPECT_ERROR(read_map(scratch / "none.png", MapSource::grey), ErrorCode::not_found, "none.png");
    EXPECT_ERROR(probe_picture(scratch / "none.png"), ErrorCode::not_found, "none.png");
}

TEST(BadPicture, TooSmallAndTooLarge) {
    EXPECT_ERROR(decode_picture(encode_png_kind(filled(1, 1, {9}), {}), "a.png"), ErrorCode::invalid_argument,
                 "1x1 pixels; a picture must be at least 16x16");
    EXPECT_ERROR(decode_picture(encode_jpeg(filled(15, 400, {9})), "a.jpg"), ErrorCode::invalid_argument,
                 "15x400");
    EXPECT_ERROR(decode_picture(encode_webp(filled(400, 15, {9, 9, 9})), "a.webp"),
                 ErrorCode::invalid_argument, "400x15");
    EXPECT_ERROR(
        decode_picture(encode_jpeg(filled(200, 100, {9})), "a.jpg", {.limits = {.max_megapixels = 0.019}}),
        ErrorCode::invalid_argument, "0.02 megapixels");
    EXPECT_NO_THROW(
        decode_picture(encode_jpeg(filled(200, 100, {9})), "a.jpg", {.limits = {.max_megapixels = 0.02}}));
}

/// A header that promises more than the file holds.
FileBytes png_promising(std::uint32_t width, std::uint32_t height) {
    FileBytes file = encode_png_kind(filled(16, 16, {9}), {});
    for (int i = 0; i < 4; ++i) {
        file[16 + i] = static_cast<std::uint8_t>(width >> 8 * (3 - i));
        file[20 + i] = static_cast<std::uint8_t>(height >> 8 * (3 - i));
    }
    std::uint32_t crc = 0xffffffff;  // of "IHDR" and its content
    for (int i = 12; i < 29; ++i) {
        crc ^= file[i];
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    for (int i = 0; i < 4; ++i) file[29 + i] = static_cast<std::uint8_t>(~crc >> 8 * (3 - i));
    return file;
}

FileBytes jpeg_promising(int width, int height) {
    FileBytes file = encode_jpeg(filled(16, 16, {9}));
    for (std::size_t i = 0; i + 8 < file.size(); ++i)
        if (file[i] == 0xff && file[i + 1] == 0xc0) {
            for (const auto& [at, value] : {std::pair{i + 5, height}, std::pair{i + 7, width}}) {
                file[at] = static_cast<std::uint8_t>(value >> 8);
                file[at + 1] = static_cast<std::uint8_t>(value);
            }
            break;
        }
    return file;
}

TEST(BadPicture, HeadersThatPromiseTooMuchAreRefusedAtOnce) {
    EXPECT_ERROR(decode_picture(png_promising(30000, 30000), "a.png"), ErrorCode::invalid_argument,
                 "a.png is 30000x30000 pixels; that is 900 megapixels, and at most 50");
    EXPECT_ERROR(decode_picture(jpeg_promising(30000, 30000), "a.jpg"), ErrorCode::invalid_argument,
                 "900 megapixels");
    EXPECT_ERROR(decode_picture(png_promising(2147483647, 2147483647), "a.png"), ErrorCode::invalid_argument,
                 "2147483647x2147483647");
    EXPECT_ERROR(decode_picture(png_promising(100000, 20), "a.png"), ErrorCode::invalid_argument, "65535");
    EXPECT_ERROR(decode_picture(png_promising(0, 20), "a.png"), ErrorCode::corrupt_data, "a.png");
    EXPECT_ERROR(decode_picture(jpeg_promising(0, 20), "a.jpg"), ErrorCode::corrupt_data, "a.jpg");
    EXPECT_ERROR(decode_picture(jpeg_promising(640, 480), "a.jpg"), ErrorCode::corrupt_data, "a.jpg");
}

TEST(BadPicture, TruncatedAnywhereIsCorruptAndNeverHalfGrey) {
    const Image chart = smooth_chart(96, 80, 3);
    const std::pair<const char*, FileBytes> files[] = {
        {"baseline.jpg", encode_jpeg(chart)},
        {"progressive.jpg", encode_jpeg(chart, {.progressive = true})},
        {"exif.jpg", encode_jpeg(chart, {.exif = make_exif(6), .icc = display_p3_profile()})},
        {"plain.png", encode_png_kind(chart, {})},
        {"interlaced.png", encode_png_kind(chart, {.bits = 16, .interlaced = true})},
        {"plain.webp", encode_webp(chart)},
        {"container.webp", encode_webp(chart, {.icc = display_p3_profile()})},
    };
    constexpr std::size_t kMagicBytes = 12;
    for (const auto& [name, file] : files)
        // A JPEG of one scan may lack its end marker: nothing of the picture is missing then.
        for (std::size_t size = kMagicBytes; size + 2 < file.size(); size += 1 + file.size() / 150)
            EXPECT_ERROR(decode_picture(first_part(file, size), name), ErrorCode::corrupt_data, name);
}

TEST(BadPicture, AJpegMayLackItsEndMarkerOnlyWhenItIsWhole) {
    const Image chart = smooth_chart(96, 80, 3);
    const FileBytes baseline = encode_jpeg(chart), progressive = encode_jpeg(chart, {.progressive = true});
    EXPECT_LE(largest_difference(decode_picture(first_part(baseline, baseline.size() - 2), "a.jpg"), chart),
              6);
    EXPECT_ERROR(decode_picture(first_part(progressive, progressive.size() - 2), "a.jpg"),
                 ErrorCode::corrupt_data, "truncated");
}

TEST(BadPicture, DamagedBytesNeverCrash) {
    const Image chart = smooth_chart(48, 40, 3);
    const FileBytes files[] = {encode_jpeg(chart, {.exif = make_exif(3), .icc = display_p3_profile()}),
                               encode_jpeg(chart, {.progressive = true}),
                               encode_png_kind(chart, {.interlaced = true, .icc = display_p3_profile()}),
                               encode_webp(chart, {.exif = make_exif(3), .icc = display_p3_profile()})};
    for (const FileBytes& file : files)
        for (std::size_t at = 0; at < file.size(); at += 1 + file.size() / 300) {
            FileBytes damaged = file;
            damaged[at] = static_cast<std::uint8_t>(~damaged[at]);
            try {
                decode_picture(damaged, "a", {.limits = {.max_megapixels = 1}});
            } catch (const Error&) {
            }
        }
}

TEST(BadPicture, AJpegOfCountlessScansIsNotWorkedThrough) {
    const Image grey = smooth_chart(32, 32, 1), colour = smooth_chart(32, 32, 3);
    EXPECT_NO_THROW(decode_picture(encode_jpeg(grey, {.scan_for_every_coefficient = true}), "a.jpg"));
    EXPECT_ERROR(decode_picture(encode_jpeg(colour, {.scan_for_every_coefficient = true}), "a.jpg"),
                 ErrorCode::corrupt_data, "more than 64 scans");
}

TEST(BadPicture, AWrongChecksumInPngIsCorrupt) {
    FileBytes file = encode_png_kind(smooth_chart(64, 64, 3), {});
    file[file.size() - 20] ^= 1;  // within the picture data
    EXPECT_ERROR(decode_picture(file, "a.png"), ErrorCode::corrupt_data, "a.png");
}

}  // namespace
}  // namespace stillreel::image
