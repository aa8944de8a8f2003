// Shared by this room's sources: owners of FFmpeg's objects, FFmpeg's errors as ours, FFmpeg's log in ours.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct AVCodec;
struct AVCodecContext;
struct AVFilterGraph;
struct AVFormatContext;
struct AVFrame;
struct AVPacket;
struct SwsContext;

namespace stillreel::media {

struct AvFree {
    void operator()(AVCodecContext* codec) const;
    void operator()(AVFilterGraph* graph) const;
    void operator()(AVFrame* frame) const;
    void operator()(AVPacket* packet) const;
    void operator()(SwsContext* scaler) const;
};
template <class T>
using AvPtr = std::unique_ptr<T, AvFree>;

/// Empty objects. Throw out_of_memory.
AvPtr<AVFrame> new_frame();
AvPtr<AVPacket> new_packet();
/// A codec context for an encoder by FFmpeg's name. Throws unsupported naming the encoder and Debian's
/// package.
AvPtr<AVCodecContext> new_encoder(const char* name);

/// FFmpeg's wording of an error code ("No space left on device").
std::string av_reason(int error);
/// Throws "cannot <doing> <path>: <reason>" when `error` is negative. out_of_memory and not_found keep their
/// code, everything else becomes io, which is what it is while writing.
void check_av(int error, std::string_view doing, const std::filesystem::path& path);

/// The name under which FFmpeg opens a local file: nothing in it is read as a protocol, a list or an option.
std::string local_url(const std::filesystem::path& path);

/// From now on FFmpeg's warnings and errors go to base/log. Cheap to call again.
void route_av_log();

/// While it lives, FFmpeg's error lines of this thread are kept here, for the sentence of an Error, and not
/// logged.
class AvErrorLines {
  public:
    AvErrorLines();
    ~AvErrorLines();
    AvErrorLines(const AvErrorLines&) = delete;
    AvErrorLines& operator=(const AvErrorLines&) = delete;
    /// The last line, or `fallback` when there is none.
    std::string last_or(std::string_view fallback) const;

  private:
    std::string last_;
    std::string* before_;
};

}  // namespace stillreel::media
