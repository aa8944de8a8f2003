// FFmpeg's encoder and muxer as two small objects, shared by the sinks.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "media/av.h"
#include "media/video.h"

struct AVDictionary;

namespace stillreel::media {

/// Options by name, as FFmpeg's documentation spells them.
class Options {
  public:
    Options() = default;
    ~Options();
    Options(const Options&) = delete;
    Options& operator=(const Options&) = delete;
    void set(const char* key, const std::string& value);
    AVDictionary** get() { return &dict_; }

  private:
    AVDictionary* dict_ = nullptr;
};

/// One encoder and the frame that is handed to it. Output does not depend on version strings, times or
/// memory.
class Encoder {
  public:
    /// `name` is FFmpeg's, `pixel_format` an AVPixelFormat. Size, rate and threads come from the settings.
    /// Throws unsupported naming the encoder.
    Encoder(const char* name, int pixel_format, const VideoSettings& settings);

    /// For fields that must be set before start().
    AVCodecContext& context() { return *context_; }
    void start(Options& options);

    /// The frame to fill for the next call of encode(); its pixels may be written.
    AVFrame& frame();
    using TakePacket = std::function<void(AVPacket&)>;
    /// Encodes frame() as the next one. Packets have times in units of 1/fps and a duration of 1.
    void encode(const TakePacket& take);
    /// No more frames: gives out what is still inside.
    void flush(const TakePacket& take);

  private:
    void send(const AVFrame* frame, const TakePacket& take);

    AvPtr<AVCodecContext> context_;
    AvPtr<AVFrame> frame_;
    AvPtr<AVPacket> packet_;
    std::int64_t next_pts_ = 0;
};

/// One file with one picture stream. Closed, but not finished, at the end of its scope.
class Muxer {
  public:
    /// `format` is FFmpeg's name of the container. Throws io.
    Muxer(const char* format, std::filesystem::path path);
    ~Muxer();
    Muxer(const Muxer&) = delete;
    Muxer& operator=(const Muxer&) = delete;

    /// Takes the stream's description from a started encoder and writes the header.
    void begin(const AVCodecContext& encoder, const Tags& tags, Options& options);
    /// `packet` in the encoder's time base.
    void write(AVPacket& packet);
    void finish();

  private:
    std::filesystem::path path_;
    AVFormatContext* context_ = nullptr;
    std::int64_t encoder_num_ = 1, encoder_den_ = 1;
};

}  // namespace stillreel::media
