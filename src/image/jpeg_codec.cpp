#include <cstddef>
#include <cstdio>  // jpeglib.h needs it

#include <fmt/core.h>
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "image/codec.h"
#include "image/exif.h"

namespace stillreel::image {
namespace {

constexpr int kExifMarker = JPEG_APP0 + 1, kIccMarker = JPEG_APP0 + 2;
constexpr int kMaxScans = 64;  // a progressive file has about ten
constexpr std::size_t kMaxIccBytes = 16u << 20;

/// libjpeg reports errors by a function that must not return. Each of the guarded functions of Decoder is a
/// place to jump back to: they hold nothing that needs a destructor, and everything else stays outside of
/// them.
struct ErrorState {
    jpeg_error_mgr manager;  // first: libjpeg hands back a pointer to it
    std::jmp_buf back;
    char message[JMSG_LENGTH_MAX];
    int code;
    bool truncated;
};

ErrorState& state_of(j_common_ptr info) { return *reinterpret_cast<ErrorState*>(info->err); }

[[noreturn]] void jump_back(j_common_ptr info) {
    ErrorState& state = state_of(info);
    state.code = info->err->msg_code;
    info->err->format_message(info, state.message);
    std::longjmp(state.back, 1);
}

bool means_damage(int warning) {
    switch (warning) {
        case JWRN_HIT_MARKER:
        case JWRN_HUFF_BAD_CODE:
        case JWRN_MUST_RESYNC:
            return true;
        default:
            return false;
    }
}

/// libjpeg calls missing and wrong data a warning and goes on in grey: to us such a picture is broken.
void on_message(j_common_ptr info, int level) {
    if (level < 0 && means_damage(info->err->msg_code)) jump_back(info);
}

/// Past the last byte. A picture whose one scan is complete may lack the end marker, so one is supplied; if
/// data was missing, the decoder notices. A file of several scans would just come out coarse.
boolean on_end_of_data(j_decompress_ptr info) {
    static constexpr JOCTET kEndMarker[] = {0xff, JPEG_EOI};
    state_of(reinterpret_cast<j_common_ptr>(info)).truncated = true;
    if (info->comp_info && jpeg_has_multiple_scans(info)) {
        info->err->msg_code = JWRN_JPEG_EOF;
        jump_back(reinterpret_cast<j_common_ptr>(info));
    }
    info->src->next_input_byte = kEndMarker;
    info->src->bytes_in_buffer = sizeof kEndMarker;
    return TRUE;
}

/// Small files with thousands of scans over a large picture keep a decoder busy for minutes.
void on_progress(j_common_ptr common) {
    const auto info = reinterpret_cast<j_decompress_ptr>(common);
    if (info->input_scan_number <= kMaxScans) return;
    ErrorState& state = state_of(common);
    state.code = JERR_BAD_PROGRESSION;
    std::snprintf(state.message, sizeof state.message, "more than %d scans", kMaxScans);
    std::longjmp(state.back, 1);
}

class Decoder {
  public:
    Decoder(Bytes bytes, const std::string& name) : name_(name) {
        info_.err = jpeg_std_error(&error_.manager);
        error_.manager.error_exit = &jump_back;
        error_.manager.emit_message = &on_message;
        progress_.progress_monitor = &on_progress;
        if (!open(bytes)) fail();
    }
    ~Decoder() { jpeg_destroy_decompress(&info_); }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    void read_header() {
        if (!guarded_read_header()) fail();
        if (info_.num_components != 1 && info_.num_components != 3 && info_.num_components != 4)
            throw Error(
                ErrorCode::unsupported,
                fmt::format("{} is a JPEG of {} colour channels, which stillreel does not read; convert it "
                            "to an RGB JPEG or PNG",
                            name_, info_.num_components));
    }
    void start(int divisor) {
        if (!guarded_start(divisor)) fail();
    }
    void read_row(std::uint8_t* row) {
        if (!guarded_read_row(row)) fail();
    }

    const jpeg_decompress_struct& info() const { return info_; }
    int orientation() const;
    std::vector<std::uint8_t> icc_profile();
    Layout layout() const {
        if (info_.num_components == 1) return Layout::grey;
        return info_.num_components == 4 ? Layout::cmyk : Layout::rgb;
    }

  private:
    bool open(Bytes bytes) {
        if (setjmp(error_.back)) return false;
        jpeg_create_decompress(&info_);
        info_.progress = &progress_;
        jpeg_mem_src(&info_, bytes.data(), bytes.size());
        info_.src->fill_input_buffer = &on_end_of_data;
        jpeg_save_markers(&info_, kExifMarker, 0xffff);
        jpeg_save_markers(&info_, kIccMarker, 0xffff);
        return true;
    }
    bool guarded_read_header() {
        if (setjmp(error_.back)) return false;
        jpeg_read_header(&info_, TRUE);
        return true;
    }
    bool guarded_start(int divisor) {
        if (setjmp(error_.back)) return false;
        info_.scale_num = 1;
        info_.scale_denom = divisor;
        info_.out_color_space = info_.num_components == 1   ? JCS_GRAYSCALE
                                : info_.num_components == 4 ? JCS_CMYK
                                                            : JCS_RGB;
        jpeg_start_decompress(&info_);
        return true;
    }
    bool guarded_read_row(std::uint8_t* row) {
        if (setjmp(error_.back)) return false;
        jpeg_read_scanlines(&info_, &row, 1);
        return true;
    }
    bool guarded_read_icc(JOCTET** profile, unsigned* size) {
        if (setjmp(error_.back)) return false;
        return jpeg_read_icc_profile(&info_, profile, size);
    }
    [[noreturn]] void fail() const;

    const std::string& name_;
    ErrorState error_ = {};
    jpeg_progress_mgr progress_ = {};
    jpeg_decompress_struct info_ = {};
};

void Decoder::fail() const {
    switch (error_.code) {
        case JERR_OUT_OF_MEMORY:
            throw Error(ErrorCode::out_of_memory, fmt::format("not enough memory to decode {}", name_));
        case JERR_IMAGE_TOO_BIG:
            throw Error(ErrorCode::invalid_argument,
                        fmt::format("{} is too large: a side of a JPEG is at most {} pixels", name_,
                                    JPEG_MAX_DIMENSION));
        case JERR_BAD_PRECISION:
        case JERR_SOF_UNSUPPORTED:
        case JERR_NOT_COMPILED:
        case JERR_CONVERSION_NOTIMPL:
        case JERR_FRACT_SAMPLE_NOTIMPL:
        case JERR_CCIR601_NOTIMPL:
            throw Error(
                ErrorCode::unsupported,
                fmt::format("{} is a JPEG of a rare kind ({}), which stillreel does not read; convert it to "
                            "an ordinary JPEG or PNG",
                            name_, error_.message));
        default:
            break;
    }
    if (error_.truncated)
        throw Error(
            ErrorCode::corrupt_data,
            fmt::format("{} is truncated: the JPEG ends before its picture does; copy it again", name_));
    throw Error(ErrorCode::corrupt_data, fmt::format("{} is a damaged JPEG ({})", name_, error_.message));
}

int Decoder::orientation() const {
    constexpr std::uint8_t kExif[] = {'E', 'x', 'i', 'f', 0, 0};
    for (jpeg_saved_marker_ptr marker = info_.marker_list; marker; marker = marker->next) {
        const Bytes data(marker->data, marker->data_length);
        if (marker->marker == kExifMarker && data.size() > sizeof kExif &&
            std::equal(std::begin(kExif), std::end(kExif), data.begin()))
            return exif_orientation(data);
    }
    return 1;
}

std::vector<std::uint8_t> Decoder::icc_profile() {
    JOCTET* profile = nullptr;
    unsigned size = 0;
    if (!guarded_read_icc(&profile, &size)) return {};
    const std::unique_ptr<JOCTET, decltype(&std::free)> owner(profile, &std::free);
    if (size > kMaxIccBytes) return {};
    return std::vector<std::uint8_t>(profile, profile + size);
}

}  // namespace

FileHeader read_jpeg_header(Bytes bytes, const std::string& name) {
    Decoder decoder(bytes, name);
    decoder.read_header();
    FileHeader header;
    header.format = FileFormat::jpeg;
    header.stored = {static_cast<int>(decoder.info().image_width),
                     static_cast<int>(decoder.info().image_height)};
    header.orientation = decoder.orientation();
    header.layout = decoder.layout();
    header.bits = decoder.info().data_precision;
    header.icc = decoder.icc_profile();
    return header;
}

void decode_jpeg(Bytes bytes, const std::string& name, int divisor, const RowSink& sink) {
    Decoder decoder(bytes, name);
    decoder.read_header();
    decoder.start(divisor);
    const int width = static_cast<int>(decoder.info().output_width);
    const int height = static_cast<int>(decoder.info().output_height);
    // Adobe's programs store CMYK upside down, 255 for no ink, and say so by their marker.
    const bool inverted = decoder.layout() == Layout::cmyk && decoder.info().saw_Adobe_marker;
    std::vector<std::uint8_t> row(static_cast<std::size_t>(width) * channels_of(decoder.layout()));
    for (int y = 0; y < height; ++y) {
        decoder.read_row(row.data());
        if (inverted)
            for (std::uint8_t& ink : row) ink = static_cast<std::uint8_t>(255 - ink);
        sink({.y = y, .count = width, .samples = row.data()});
    }
}

}  // namespace stillreel::image
