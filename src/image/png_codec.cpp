#include <fmt/core.h>
#include <png.h>

#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "image/codec.h"
#include "image/exif.h"

namespace stillreel::image {
namespace {

constexpr std::size_t kMaxChunkBytes = 16u << 20;  // what one compressed chunk (a profile) may unpack to
constexpr std::size_t kSignatureBytes = 8;

std::uint32_t big_endian(Bytes bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at]) << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 |
           bytes[at + 3];
}

/// Content of the first chunk of that type: eXIf may lie behind the picture data, where a header is not read.
Bytes find_chunk(Bytes bytes, const char* type) {
    constexpr std::size_t kFrame = 12;  // length, type, CRC
    std::size_t at = kSignatureBytes;
    while (at + kFrame <= bytes.size()) {
        const std::size_t length = big_endian(bytes, at);
        if (length > bytes.size() - at - kFrame) break;
        if (std::memcmp(bytes.data() + at + 4, type, 4) == 0) return bytes.subspan(at + 8, length);
        at += length + kFrame;
    }
    return {};
}

/// What libpng's callbacks see. libpng reports errors by a function that must not return: the guarded
/// functions of Decoder are the places to jump back to, and hold nothing that needs a destructor.
struct ReadState {
    Bytes rest;
    std::jmp_buf back;
    char message[200];
    bool truncated;
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
    auto& state = *static_cast<ReadState*>(png_get_error_ptr(png));
    std::snprintf(state.message, sizeof state.message, "%s", message);
    std::longjmp(state.back, 1);
}

/// Oddities of chunks that do not matter to the picture.
void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep into, std::size_t count) {
    auto& state = *static_cast<ReadState*>(png_get_io_ptr(png));
    if (state.rest.size() < count) {
        state.truncated = true;
        png_error(png, "the file ends early");
    }
    std::memcpy(into, state.rest.data(), count);
    state.rest = state.rest.subspan(count);
}

class Decoder {
  public:
    Decoder(Bytes bytes, const std::string& name) : name_(name) {
        state_.rest = bytes;
        png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state_, &on_error, &on_warning);
        if (png_) info_ = png_create_info_struct(png_);
        if (!info_) {
            png_destroy_read_struct(&png_, nullptr, nullptr);
            throw Error(ErrorCode::out_of_memory, fmt::format("not enough memory to decode {}", name_));
        }
    }
    ~Decoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    void read_header() {
        if (!guarded_read_header()) fail();
    }
    void start(Depth depth) {
        if (!guarded_start(depth)) fail();
    }
    void read_row(std::uint8_t* row) {
        if (!guarded_read_row(row)) fail();
    }
    void read_end() {
        if (!guarded_read_end()) fail();
    }

    int width() const { return static_cast<int>(png_get_image_width(png_, info_)); }
    int height() const { return static_cast<int>(png_get_image_height(png_, info_)); }
    int bits() const { return png_get_bit_depth(png_, info_); }
    bool interlaced() const { return png_get_interlace_type(png_, info_) == PNG_INTERLACE_ADAM7; }
    std::size_t row_bytes() const { return png_get_rowbytes(png_, info_); }

    /// As the file says it: palettes and transparent colours count as what they expand to.
    Layout layout() const {
        const int colour = png_get_color_type(png_, info_);
        const bool alpha = (colour & PNG_COLOR_MASK_ALPHA) || png_get_valid(png_, info_, PNG_INFO_tRNS);
        if (colour & PNG_COLOR_MASK_COLOR) return alpha ? Layout::rgba : Layout::rgb;
        return alpha ? Layout::grey_alpha : Layout::grey;
    }
    std::vector<std::uint8_t> icc_profile() const {
        png_charp profile_name = nullptr;
        png_bytep profile = nullptr;
        png_uint_32 length = 0;
        int compression = 0;
        if (!png_get_iCCP(png_, info_, &profile_name, &compression, &profile, &length)) return {};
        return std::vector<std::uint8_t>(profile, profile + length);
    }

  private:
    bool guarded_read_header() {
        if (setjmp(state_.back)) return false;
        png_set_read_fn(png_, &state_, &on_read);
        // The sizes that we accept are checked by the caller, with a better sentence.
        png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
        png_set_chunk_malloc_max(png_, kMaxChunkBytes);
        static constexpr png_byte kIgnored[] = "tEXt\0zTXt\0iTXt\0sPLT\0hIST\0pCAL\0sCAL\0eXIf";
        png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, kIgnored, sizeof kIgnored / 5);
        png_set_benign_errors(png_, 1);
        png_read_info(png_, info_);
        return true;
    }
    bool guarded_start(Depth depth) {
        if (setjmp(state_.back)) return false;
        png_set_expand(png_);
        if (png_get_bit_depth(png_, info_) == 16) {
            if (depth == Depth::eight)
                png_set_scale_16(png_);
            else if constexpr (std::endian::native == std::endian::little)
                png_set_swap(png_);
        }
        png_read_update_info(png_, info_);
        return true;
    }
    bool guarded_read_row(std::uint8_t* row) {
        if (setjmp(state_.back)) return false;
        png_read_row(png_, row, nullptr);
        return true;
    }
    bool guarded_read_end() {
        if (setjmp(state_.back)) return false;
        png_read_end(png_, nullptr);
        return true;
    }
    [[noreturn]] void fail() const {
        if (state_.truncated)
            throw Error(
                ErrorCode::corrupt_data,
                fmt::format("{} is truncated: the PNG ends before its picture does; copy it again", name_));
        if (std::strstr(state_.message, "memory"))
            throw Error(ErrorCode::out_of_memory, fmt::format("not enough memory to decode {}", name_));
        throw Error(ErrorCode::corrupt_data, fmt::format("{} is a damaged PNG ({})", name_, state_.message));
    }

    const std::string& name_;
    ReadState state_ = {};
    png_structp png_ = nullptr;
    png_infop info_ = nullptr;
};

}  // namespace

FileHeader read_png_header(Bytes bytes, const std::string& name) {
    Decoder decoder(bytes, name);
    decoder.read_header();
    FileHeader header;
    header.format = FileFormat::png;
    header.stored = {decoder.width(), decoder.height()};
    header.orientation = exif_orientation(find_chunk(bytes, "eXIf"));
    header.layout = decoder.layout();
    header.bits = decoder.bits();
    header.icc = decoder.icc_profile();
    return header;
}

void decode_png(Bytes bytes, const std::string& name, Depth depth, const RowSink& sink) {
    Decoder decoder(bytes, name);
    decoder.read_header();
    const int width = decoder.width(), height = decoder.height();
    const bool wide = decoder.bits() == 16 && depth == Depth::as_stored;
    const bool interlaced = decoder.interlaced();
    const std::size_t samples = static_cast<std::size_t>(width) * channels_of(decoder.layout());
    decoder.start(depth);
    STILLREEL_CHECK_EQ(decoder.row_bytes(), samples * (wide ? 2 : 1));

    // The passes of an interlaced file come as small pictures of their own: no second full buffer is needed.
    std::vector<std::uint16_t> row(wide ? samples : (samples + 1) / 2);
    const auto row_bytes = reinterpret_cast<std::uint8_t*>(row.data());
    for (int pass = 0; pass < (interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1); ++pass) {
        RowPart part{.count = width};
        int rows = height;
        if (interlaced) {
            part.first = PNG_PASS_START_COL(pass);
            part.step = PNG_PASS_COL_OFFSET(pass);
            part.count = PNG_PASS_COLS(width, pass);
            rows = part.count > 0 ? PNG_PASS_ROWS(height, pass) : 0;
        }
        (wide ? void(part.samples16 = row.data()) : void(part.samples = row_bytes));
        for (int i = 0; i < rows; ++i) {
            decoder.read_row(row_bytes);
            part.y = interlaced ? static_cast<int>(PNG_ROW_FROM_PASS_ROW(i, pass)) : i;
            sink(part);
        }
    }
    decoder.read_end();
}

}  // namespace stillreel::image
