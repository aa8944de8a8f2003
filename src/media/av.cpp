#include "media/av.h"

#include <fmt/core.h>

#include <cctype>
#include <mutex>

#include "base/error.h"
#include "base/log.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavutil/log.h>
#include <libswscale/swscale.h>
}

namespace stillreel::media {
namespace {

// Lines that FFmpeg prints for correct files and that help nobody.
constexpr std::string_view kNoise[] = {
    "deprecated pixel format used",
    "No accelerated colorspace conversion",
    "data is not aligned",
    "Could not find codec parameters",
    "Consider increasing the value for the 'analyzeduration'",
    "skipping unsupported chunk",
    "Using libwebp for RGB-to-YUV conversion",
};

std::string*& kept_error_line() {
    thread_local std::string* line = nullptr;
    return line;
}

std::string trimmed(const char* text) {
    std::string line = text;
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    return line;
}

void log_line(void* source, int level, const char* format, va_list values) {
    if (level > AV_LOG_WARNING) return;
    char text[1024];
    int print_prefix = kept_error_line() ? 0 : 1;
    av_log_format_line2(source, level, format, values, text, sizeof text, &print_prefix);
    const std::string line = trimmed(text);
    if (line.empty()) return;
    for (const std::string_view noise : kNoise)
        if (line.find(noise) != std::string::npos) return;
    if (std::string* kept = kept_error_line()) {
        if (level <= AV_LOG_ERROR) *kept = line;
    } else if (level <= AV_LOG_ERROR) {
        log::error("FFmpeg: " + line);
    } else {
        log::warning("FFmpeg: " + line);
    }
}

}  // namespace

void AvFree::operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
void AvFree::operator()(AVFilterGraph* graph) const { avfilter_graph_free(&graph); }
void AvFree::operator()(AVFrame* frame) const { av_frame_free(&frame); }
void AvFree::operator()(AVPacket* packet) const { av_packet_free(&packet); }
void AvFree::operator()(SwsContext* scaler) const { sws_freeContext(scaler); }

AvPtr<AVFrame> new_frame() {
    AvPtr<AVFrame> frame(av_frame_alloc());
    if (!frame) throw Error(ErrorCode::out_of_memory, "not enough memory for a video frame");
    return frame;
}

AvPtr<AVPacket> new_packet() {
    AvPtr<AVPacket> packet(av_packet_alloc());
    if (!packet) throw Error(ErrorCode::out_of_memory, "not enough memory for a video packet");
    return packet;
}

AvPtr<AVCodecContext> new_encoder(const char* name) {
    const AVCodec* codec = avcodec_find_encoder_by_name(name);
    if (!codec)
        throw Error(ErrorCode::unsupported,
                    fmt::format("the FFmpeg libraries here have no encoder {}; Debian's package "
                                "libavcodec-extra59 or libavcodec59 has it",
                                name));
    AvPtr<AVCodecContext> context(avcodec_alloc_context3(codec));
    if (!context) throw Error(ErrorCode::out_of_memory, "not enough memory for a video encoder");
    return context;
}

std::string av_reason(int error) {
    char text[AV_ERROR_MAX_STRING_SIZE] = {};
    av_strerror(error, text, sizeof text);
    return text;
}

void check_av(int error, std::string_view doing, const std::filesystem::path& path) {
    if (error >= 0) return;
    ErrorCode code = ErrorCode::io;
    if (error == AVERROR(ENOMEM)) code = ErrorCode::out_of_memory;
    if (error == AVERROR(ENOENT)) code = ErrorCode::not_found;
    throw Error(code, fmt::format("cannot {} {}: {}", doing, path.string(), av_reason(error)));
}

std::string local_url(const std::filesystem::path& path) { return "file:" + path.string(); }

void route_av_log() {
    static std::once_flag once;
    std::call_once(once, [] { av_log_set_callback(&log_line); });
}

AvErrorLines::AvErrorLines() : before_(kept_error_line()) { kept_error_line() = &last_; }
AvErrorLines::~AvErrorLines() { kept_error_line() = before_; }

std::string AvErrorLines::last_or(std::string_view fallback) const {
    return last_.empty() ? std::string(fallback) : last_;
}

}  // namespace stillreel::media
