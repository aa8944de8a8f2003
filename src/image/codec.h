// The three picture formats behind one shape: a header first, then the samples row by row. Each format lives
// in one .cpp with its library. Used inside this room only.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "image/image.h"
#include "image/picture_file.h"

namespace stillreel::image {

using Bytes = std::span<const std::uint8_t>;

/// Interleaved samples of a row. CMYK: 0 is no ink, whatever the file's convention.
enum class Layout { grey, grey_alpha, rgb, rgba, cmyk };
constexpr int channels_of(Layout layout) {
    switch (layout) {
        case Layout::grey:
            return 1;
        case Layout::grey_alpha:
            return 2;
        case Layout::rgb:
            return 3;
        case Layout::rgba:
        case Layout::cmyk:
            break;
    }
    return 4;
}
constexpr bool has_alpha(Layout layout) { return layout == Layout::grey_alpha || layout == Layout::rgba; }

struct FileHeader {
    FileFormat format = FileFormat::jpeg;
    Size stored;          // as in the file, before orientation
    int orientation = 1;  // EXIF 1 to 8
    Layout layout = Layout::rgb;
    int bits = 8;                   // per sample in the file
    std::vector<std::uint8_t> icc;  // empty: none
};

/// `count` pixels of row `y`: columns first, first + step, first + 2 * step and so on (the passes of an
/// interlaced PNG have steps above 1). Exactly one of the sample pointers is set.
struct RowPart {
    int y = 0;
    int first = 0;
    int step = 1;
    int count = 0;
    const std::uint8_t* samples = nullptr;
    const std::uint16_t* samples16 = nullptr;
};
using RowSink = std::function<void(const RowPart&)>;

/// 1, 2, 4 or 8: the largest of them for which stored / divisor, rounded up, keeps `at_least` (1 when that is
/// 0).
int shrink_divisor(Size stored, Size at_least);
/// stored / divisor, rounded up.
Size shrunk(Size stored, int divisor);

// Errors of all: corrupt_data, unsupported. Nothing that grows with the picture is allocated by a header
// function.
FileHeader read_jpeg_header(Bytes bytes, const std::string& name);
/// Rows of the picture at shrunk(header.stored, divisor).
void decode_jpeg(Bytes bytes, const std::string& name, int divisor, const RowSink& sink);

FileHeader read_png_header(Bytes bytes, const std::string& name);
enum class Depth { eight, as_stored };
/// 16-bit rows only for Depth::as_stored and a file with 16 bits.
void decode_png(Bytes bytes, const std::string& name, Depth depth, const RowSink& sink);

FileHeader read_webp_header(Bytes bytes, const std::string& name);
/// Rows of the picture at shrunk(header.stored, divisor).
void decode_webp(Bytes bytes, const std::string& name, int divisor, const RowSink& sink);

}  // namespace stillreel::image
