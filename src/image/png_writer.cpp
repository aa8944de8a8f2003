#include <fmt/core.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <new>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "image/picture_file.h"

namespace stillreel::image {
namespace {

constexpr int kCompressionLevel = 4;

struct WriteState {
    std::vector<std::uint8_t> bytes;
    std::jmp_buf back;
};

[[noreturn]] void on_error(png_structp png, png_const_charp) {
    std::longjmp(static_cast<WriteState*>(png_get_error_ptr(png))->back, 1);
}
void on_warning(png_structp, png_const_charp) {}

void on_write(png_structp png, png_bytep bytes, std::size_t count) {
    auto& written = static_cast<WriteState*>(png_get_io_ptr(png))->bytes;
    bool done = true;
    try {
        written.insert(written.end(), bytes, bytes + count);
    } catch (const std::bad_alloc&) {
        done = false;  // libpng is C: no exception may cross it
    }
    if (!done) png_error(png, "out of memory");
}
void on_flush(png_structp) {}

struct Samples {
    Size size;
    int bits;
    int colour_type;
    const std::uint8_t* first_row;
    std::size_t stride;
};

/// Holds nothing that needs a destructor: libpng jumps back here on an error.
bool write_rows(WriteState& state, png_structp png, png_infop info, const Samples& samples) {
    if (setjmp(state.back)) return false;
    png_set_write_fn(png, &state, &on_write, &on_flush);
    png_set_compression_level(png, kCompressionLevel);
    png_set_IHDR(png, info, samples.size.width_px, samples.size.height_px, samples.bits, samples.colour_type,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < samples.size.height_px; ++y)
        png_write_row(png, samples.first_row + y * samples.stride);
    png_write_end(png, nullptr);
    return true;
}

std::vector<std::uint8_t> encode(const Samples& samples) {
    WriteState state;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, &on_error, &on_warning);
    png_infop info = png ? png_create_info_struct(png) : nullptr;
    const bool written = info && write_rows(state, png, info, samples);
    png_destroy_write_struct(&png, &info);
    if (!written)
        throw Error(ErrorCode::out_of_memory, fmt::format("not enough memory to write a PNG of {}x{} pixels",
                                                          samples.size.width_px, samples.size.height_px));
    return std::move(state.bytes);
}

void write(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes) {
    write_file(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

}  // namespace

std::vector<std::uint8_t> encode_png(const Image& picture) {
    STILLREEL_CHECK(!picture.empty());
    STILLREEL_CHECK(picture.channels == 1 || picture.channels == 3 || picture.channels == 4);
    const int colour_type = picture.channels == 1   ? PNG_COLOR_TYPE_GRAY
                            : picture.channels == 3 ? PNG_COLOR_TYPE_RGB
                                                    : PNG_COLOR_TYPE_RGB_ALPHA;
    return encode({picture.size(), 8, colour_type, picture.row(0), picture.stride()});
}

void write_png(const std::filesystem::path& path, const Image& picture) { write(path, encode_png(picture)); }

void write_png(const std::filesystem::path& path, const Plane& plane) {
    STILLREEL_CHECK(!plane.empty());
    std::vector<std::uint8_t> samples;
    samples.reserve(plane.values.size() * 2);
    for (const float value : plane.values) {
        const float unit = value >= 0.0f ? std::min(value, 1.0f) : 0.0f;  // NaN becomes 0
        const long sample = std::lround(unit * 65535.0f);
        samples.push_back(static_cast<std::uint8_t>(sample >> 8));
        samples.push_back(static_cast<std::uint8_t>(sample & 255));
    }
    write(path, encode({plane.size(), 16, PNG_COLOR_TYPE_GRAY, samples.data(),
                        static_cast<std::size_t>(plane.width_px) * 2}));
}

}  // namespace stillreel::image
