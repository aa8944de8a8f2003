#include "image/file_kind.h"

#include <fmt/core.h>

#include <cstring>
#include <string_view>

#include "base/error.h"

namespace stillreel::image {
namespace {

using namespace std::string_view_literals;

struct Magic {
    std::size_t offset;
    std::string_view bytes;
    const char* what;
};

/// Formats that people bring and we do not read.
constexpr Magic kRefused[] = {
    {0, "II*\0"sv, "a TIFF or camera raw file"},
    {0, "MM\0*"sv, "a TIFF or camera raw file"},
    {0, "II+\0"sv, "a BigTIFF file"},
    {0, "MM\0+"sv, "a BigTIFF file"},
    {0, "GIF87a"sv, "a GIF"},
    {0, "GIF89a"sv, "a GIF"},
    {0, "\xff\x0a"sv, "a JPEG XL file"},
    {0, "\0\0\0\x0cJXL \r\n\x87\n"sv, "a JPEG XL file"},
    {0, "\0\0\0\x0cjP  \r\n\x87\n"sv, "a JPEG 2000 file"},
    {0, "\xff\x4f\xff\x51"sv, "a JPEG 2000 file"},
    {0, "8BPS"sv, "a Photoshop file (PSD)"},
    {0, "%PDF-"sv, "a PDF"},
};

bool has(std::string_view head, std::size_t offset, std::string_view bytes) {
    return head.size() >= offset + bytes.size() && head.substr(offset, bytes.size()) == bytes;
}

/// ISO media files: "ftyp", a brand, a version, then compatible brands. mif1 alone does not say what is
/// inside.
const char* iso_media(std::string_view head) {
    if (!has(head, 4, "ftyp")) return nullptr;
    const std::size_t box = (static_cast<std::uint8_t>(head[2]) << 8) + static_cast<std::uint8_t>(head[3]);
    const std::string_view brands = head.substr(8, box > 8 ? box - 8 : 4);
    for (const std::string_view brand : {"avif"sv, "avis"sv})
        if (brands.find(brand) != brands.npos) return "an AVIF file";
    for (const std::string_view brand :
         {"heic"sv, "heix"sv, "heim"sv, "heis"sv, "hevc"sv, "hevx"sv, "mif1"sv, "msf1"sv})
        if (brands.find(brand) != brands.npos) return "a HEIC file";
    return nullptr;
}

bool is_bmp(std::string_view head) {
    return has(head, 0, "BM") && has(head, 6, "\0\0\0\0"sv) && has(head, 11, "\0\0\0"sv);
}

bool is_svg(std::string_view head) {
    const std::size_t begin = head.find_first_not_of("\xef\xbb\xbf \t\r\n");
    if (begin == head.npos || head[begin] != '<') return false;
    return head.find("<svg") != head.npos;
}

const char* refused_format(std::string_view head) {
    for (const Magic& magic : kRefused)
        if (has(head, magic.offset, magic.bytes)) return magic.what;
    if (const char* what = iso_media(head)) return what;
    if (is_bmp(head)) return "a BMP";
    if (is_svg(head)) return "an SVG drawing";
    return nullptr;
}

}  // namespace

const char* name_of(FileFormat format) {
    switch (format) {
        case FileFormat::jpeg:
            return "JPEG";
        case FileFormat::png:
            return "PNG";
        case FileFormat::webp:
            return "WebP";
    }
    return "unknown";
}

FileFormat picture_format(std::span<const std::uint8_t> head_bytes, const std::string& name) {
    const std::string_view head(reinterpret_cast<const char*>(head_bytes.data()), head_bytes.size());
    if (head.empty()) throw Error(ErrorCode::corrupt_data, fmt::format("{} is empty", name));
    if (has(head, 0, "\xff\xd8\xff")) return FileFormat::jpeg;
    if (has(head, 0, "\x89PNG")) return FileFormat::png;
    if (has(head, 0, "RIFF") && has(head, 8, "WEBP")) return FileFormat::webp;
    if (const char* what = refused_format(head))
        throw Error(
            ErrorCode::unsupported,
            fmt::format("{} is {}, which stillreel does not read; convert it to JPEG or PNG", name, what));
    throw Error(ErrorCode::unsupported,
                fmt::format("{} is not a picture that stillreel reads (JPEG, PNG, WebP)", name));
}

}  // namespace stillreel::image
