// Picture files from outside, and pictures that we write. Magic bytes decide what a file is, never its name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "image/image.h"

namespace stillreel::image {

enum class FileFormat { jpeg, png, webp };
/// "JPEG", "PNG", "WebP".
const char* name_of(FileFormat format);

struct PictureFacts {
    FileFormat format = FileFormat::jpeg;
    Size size;            // upright: after EXIF orientation
    bool has_alpha = false;
    int bits = 8;         // per sample in the file
    bool has_icc = false;
};

struct Colour {
    std::uint8_t r = 0, g = 0, b = 0;
    friend bool operator==(const Colour&, const Colour&) = default;
};
/// "#RRGGBB". Throws invalid_argument naming `field`.
Colour parse_colour(const std::string& text, const char* field);

struct ReadLimits {
    double max_megapixels = 50;  // checked on the header, before anything is decoded
};

struct ReadOptions {
    ReadLimits limits = {};
    /// When both are > 0 the picture may be decoded smaller, but not below this size on either side after
    /// orientation (JPEG and WebP at 1/2, 1/4 or 1/8): memory and time follow the wanted size, not the file's.
    Size at_least = {};
    /// Alpha is laid on this colour.
    Colour background{255, 255, 255};
};

/// What the file says of itself, from its header. Errors as read_picture.
PictureFacts probe_picture(const std::filesystem::path& path, const ReadLimits& limits = {});

/// RGB, sRGB, upright. EXIF orientation, CMYK and YCCK JPEG, 16-bit, palette and interlaced PNG, WebP (the first
/// frame of an animation) and embedded ICC profiles are taken care of.
/// Throws not_found; io (a folder, unreadable); corrupt_data (empty, truncated, broken); unsupported (a format that
/// we do not read, by name, with what to do: BMP, TIFF, GIF, AVIF, HEIC, or "not a picture"); invalid_argument
/// (too many megapixels, smaller than 16 pixels on a side).
Image read_picture(const std::filesystem::path& path, const ReadOptions& options = {});
/// The same from memory; `name` is used in messages.
Image decode_picture(const std::vector<std::uint8_t>& bytes, const std::string& name,
                     const ReadOptions& options = {});

/// A grey map in [0, 1] from a PNG, JPEG or WebP: 16-bit PNG keeps its precision; colour is averaged; alpha, where
/// the picture has one that is not opaque everywhere and `use_alpha` is chosen, is the map.
enum class MapSource { grey, alpha_or_grey };
Plane read_map(const std::filesystem::path& path, MapSource source, const ReadLimits& limits = {});

/// PNG files, written atomically. Image: 1, 3 or 4 channels. Plane: 16-bit grey, values clamped to [0, 1].
void write_png(const std::filesystem::path& path, const Image& picture);
void write_png(const std::filesystem::path& path, const Plane& plane);
std::vector<std::uint8_t> encode_png(const Image& picture);
/// 1 or 3 channels, at most 65500 px a side; quality 1 to 100, as libjpeg counts.
std::vector<std::uint8_t> encode_jpeg(const Image& picture, int quality);

}  // namespace stillreel::image
