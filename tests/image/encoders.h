// Picture files of every kind, made with the libraries' own encoders.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/image.h"

namespace stillreel::image::testing {

using FileBytes = std::vector<std::uint8_t>;

/// A TIFF structure with an orientation and a tag before it.
FileBytes make_exif(int orientation, bool big_endian = false);

struct JpegKind {
    int quality = 95;
    bool progressive = false;
    bool scan_for_every_coefficient = false;
    bool full_chroma = true;  // false: 4:2:0
    bool ycck = false;        // 4 channels: YCCK instead of CMYK
    bool adobe = true;        // 4 channels: with Adobe's marker
    FileBytes exif = {};
    FileBytes icc = {};
};
/// 1 channel grey, 3 RGB, 4 CMYK as stored.
FileBytes encode_jpeg(const Image& samples, const JpegKind& kind = {});

struct PngKind {
    int bits = 8;          // samples must fit; 16-bit samples are sample * 257
    bool palette = false;  // 1 channel: indices into 256 colours (i, 255 - i, i / 2)
    bool interlaced = false;
    int transparent_index = -1;                   // palette: this entry is half transparent
    std::vector<std::uint16_t> transparent = {};  // grey or RGB: this colour is transparent
    FileBytes exif = {};
    FileBytes icc = {};
};
/// 1, 2 (grey and alpha), 3 or 4 channels.
FileBytes encode_png_kind(const Image& samples, const PngKind& kind);

struct WebpKind {
    FileBytes exif = {};
    FileBytes icc = {};
};
/// Lossless; 3 or 4 channels.
FileBytes encode_webp(const Image& samples, const WebpKind& kind = {});
/// A frame that lies at (x, y), both even, of an animation with a larger canvas, then a second frame.
FileBytes encode_animated_webp(const Image& first, int x, int y, const Image& second, Size canvas);

FileBytes display_p3_profile();
FileBytes srgb_profile();
/// Grey with gamma 1.
FileBytes linear_grey_profile();
/// CMYK whose every colour is a grey of L* = 100 (1 - k) (1 - (c + m + y) / 3).
FileBytes grey_ink_profile();

}  // namespace stillreel::image::testing
