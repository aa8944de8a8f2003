#include "image/picture_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "image/codec.h"
#include "image/colour.h"
#include "image/file_kind.h"
#include "image/upright.h"

namespace stillreel::image {
namespace {

constexpr std::uint64_t kMaxFileBytes = 512u << 20;
constexpr int kMinSide = 16, kMaxSide = 65535;

FileHeader read_header(Bytes bytes, const std::string& name) {
    switch (picture_format(bytes.first(std::min<std::size_t>(bytes.size(), 4096)), name)) {
        case FileFormat::jpeg:
            return read_jpeg_header(bytes, name);
        case FileFormat::png:
            return read_png_header(bytes, name);
        case FileFormat::webp:
            break;
    }
    return read_webp_header(bytes, name);
}

void check_size(Size size, const std::string& name, const ReadLimits& limits) {
    const int width = size.width_px, height = size.height_px;
    const auto refuse = [&](const std::string& why) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} is {}x{} pixels; {}", name, width, height, why));
    };
    if (width < kMinSide || height < kMinSide)
        refuse(fmt::format("a picture must be at least {}x{}", kMinSide, kMinSide));
    const double megapixels = static_cast<double>(width) * height / 1e6;
    if (megapixels > limits.max_megapixels)
        refuse(fmt::format("that is {:.4g} megapixels, and at most {:.4g} are read: make it smaller",
                           megapixels, limits.max_megapixels));
    if (width > kMaxSide || height > kMaxSide)
        refuse(fmt::format("a side may have at most {} pixels: make it smaller", kMaxSide));
}

FileHeader read_checked_header(Bytes bytes, const std::string& name, const ReadLimits& limits) {
    FileHeader header = read_header(bytes, name);
    check_size(header.stored, name, limits);
    return header;
}

void decode(Bytes bytes, const std::string& name, FileFormat format, int divisor, Depth depth,
            const RowSink& sink) {
    switch (format) {
        case FileFormat::jpeg:
            return decode_jpeg(bytes, name, divisor, sink);
        case FileFormat::png:
            return decode_png(bytes, name, depth, sink);
        case FileFormat::webp:
            return decode_webp(bytes, name, divisor, sink);
    }
}

/// The bytes of a picture file. A film that was named by mistake is refused by its first bytes, not read to
/// its end.
std::vector<std::uint8_t> read_picture_bytes(const std::filesystem::path& path) {
    std::error_code not_there;
    if (std::filesystem::is_regular_file(path, not_there)) {
        std::array<char, 4096> head;
        std::ifstream file(path, std::ios::binary);
        file.read(head.data(), head.size());
        if (file.is_open())
            picture_format(
                {reinterpret_cast<const std::uint8_t*>(head.data()), static_cast<std::size_t>(file.gcount())},
                path.string());
    }
    return read_file(path, kMaxFileBytes);
}

/// Value in [0, 1] and alpha in [0, 1] of pixel i of a row of PNG or WebP samples, full scale `top`.
template <class T>
float grey_of(const T* pixel, Layout layout, float top) {
    if (layout == Layout::grey || layout == Layout::grey_alpha) return static_cast<float>(pixel[0]) / top;
    return static_cast<float>(pixel[0] + pixel[1] + pixel[2]) / (3.0f * top);
}

/// Collects a grey map and, where wanted, the alpha of a picture.
class MapRows {
  public:
    MapRows(Size size, Layout layout, MapSource source)
        : layout_(layout), to_rgb_(layout, {}, {}), grey_(size.width_px, size.height_px) {
        if (source == MapSource::alpha_or_grey && has_alpha(layout))
            alpha_ = Plane(size.width_px, size.height_px);
    }

    void add(const RowPart& part) {
        if (part.samples16) return add_samples(part, part.samples16, layout_, 65535.0f);
        if (layout_ != Layout::cmyk) return add_samples(part, part.samples, layout_, 255.0f);
        rgb_.resize(static_cast<std::size_t>(part.count) * 3);
        to_rgb_.convert(part.samples, rgb_.data(), part.count);
        add_samples(part, rgb_.data(), Layout::rgb, 255.0f);
    }

    Plane take() { return std::move(opaque_ ? grey_ : alpha_); }

  private:
    template <class T>
    void add_samples(const RowPart& part, const T* samples, Layout layout, float top) {
        const int channels = channels_of(layout);
        for (int i = 0; i < part.count; ++i) {
            const T* pixel = samples + static_cast<std::size_t>(i) * channels;
            const int x = part.first + i * part.step;
            grey_.at(x, part.y) = grey_of(pixel, layout, top);
            if (alpha_.empty()) continue;
            const float alpha = static_cast<float>(pixel[channels - 1]) / top;
            alpha_.at(x, part.y) = alpha;
            if (alpha < 1.0f) opaque_ = false;
        }
    }

    Layout layout_;
    RowToRgb to_rgb_;
    std::vector<std::uint8_t> rgb_;
    Plane grey_, alpha_;
    bool opaque_ = true;
};

}  // namespace

int shrink_divisor(Size stored, Size at_least) {
    if (at_least.width_px <= 0 || at_least.height_px <= 0) return 1;
    for (const int divisor : {8, 4, 2}) {
        const Size size = shrunk(stored, divisor);
        if (size.width_px >= at_least.width_px && size.height_px >= at_least.height_px) return divisor;
    }
    return 1;
}

Size shrunk(Size stored, int divisor) {
    return {(stored.width_px + divisor - 1) / divisor, (stored.height_px + divisor - 1) / divisor};
}

Colour parse_colour(const std::string& text, const char* field) {
    const bool valid = text.size() == 7 && text[0] == '#' &&
                       text.find_first_not_of("0123456789abcdefABCDEF", 1) == text.npos;
    if (!valid)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} must be a colour like #1a2B3c, not \"{}\"", field, text));
    const unsigned long rgb = std::stoul(text.substr(1), nullptr, 16);
    return {static_cast<std::uint8_t>(rgb >> 16), static_cast<std::uint8_t>(rgb >> 8),
            static_cast<std::uint8_t>(rgb)};
}

PictureFacts probe_picture(const std::filesystem::path& path, const ReadLimits& limits) {
    const FileHeader header = read_checked_header(read_picture_bytes(path), path.string(), limits);
    return {.format = header.format,
            .size = upright_size(header.stored, header.orientation),
            .has_alpha = has_alpha(header.layout),
            .bits = header.bits,
            .has_icc = !header.icc.empty()};
}

Image decode_picture(const std::vector<std::uint8_t>& bytes, const std::string& name,
                     const ReadOptions& options) {
    const FileHeader header = read_checked_header(bytes, name, options.limits);
    const int divisor =
        header.format == FileFormat::png
            ? 1
            : shrink_divisor(header.stored, upright_size(options.at_least, header.orientation));
    const Size size = shrunk(header.stored, divisor);
    const RowToRgb to_rgb(header.layout, header.icc, options.background);
    Image picture(size.width_px, size.height_px, 3);
    std::vector<std::uint8_t> pass_row;
    decode(bytes, name, header.format, divisor, Depth::eight, [&](const RowPart& part) {
        if (part.step == 1) return to_rgb.convert(part.samples, picture.at(part.first, part.y), part.count);
        pass_row.resize(static_cast<std::size_t>(part.count) * 3);
        to_rgb.convert(part.samples, pass_row.data(), part.count);
        for (int i = 0; i < part.count; ++i)
            std::memcpy(picture.at(part.first + i * part.step, part.y), &pass_row[i * 3], 3);
    });
    return upright(std::move(picture), header.orientation);
}

Image read_picture(const std::filesystem::path& path, const ReadOptions& options) {
    return decode_picture(read_picture_bytes(path), path.string(), options);
}

Plane read_map(const std::filesystem::path& path, MapSource source, const ReadLimits& limits) {
    const std::vector<std::uint8_t> bytes = read_picture_bytes(path);
    const FileHeader header = read_checked_header(bytes, path.string(), limits);
    MapRows rows(header.stored, header.layout, source);
    decode(bytes, path.string(), header.format, 1, Depth::as_stored,
           [&](const RowPart& part) { rows.add(part); });
    return upright(rows.take(), header.orientation);
}

}  // namespace stillreel::image
