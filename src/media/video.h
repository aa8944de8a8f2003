// Moving pictures in and out, by FFmpeg's libraries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/rational.h"
#include "image/image.h"

namespace stillreel::media {

/// What an output's name asks for: .mp4 H.264 High, .mov ProRes 422 (HQ), .gif, .webp (animated), .png (a
/// sequence: `name_%04d.png`, or `name.png` which becomes `name_0000.png` ...).
enum class Format { mp4, prores_mov, gif, webp, png_sequence };
/// By extension, any case. Throws unsupported naming the ones we write.
Format format_of(const std::filesystem::path& path);
/// True for the formats whose width and height must be even (chroma at half size): mp4, prores_mov.
bool needs_even_size(Format format);

/// Container tags such as {"comment", recipe JSON}, {"AIGC", ...}. mp4, mov (use_metadata_tags) and png
/// (iTXt, in every picture) keep all keys, webp keeps "comment" and "AIGC" (XMP), gif the "comment" (comment
/// extension).
using Tags = std::map<std::string, std::string>;

struct VideoSettings {
    int width_px = 0;
    int height_px = 0;
    Rational fps{24, 1};
    int crf = 18;                     // 0 to 51, mp4 only; 0 is lossless and leaves the High profile
    std::string preset = "veryfast";  // x264 speed preset
    int lookahead = 10;               // frames, x264 rc-lookahead
    int encoder_threads = 2;          // fixed, because x264's output depends on it
    Tags tags;
};

/// 8-bit RGBA pixels owned by somebody else; alpha is ignored by formats without it.
struct FrameView {
    const std::uint8_t* pixels = nullptr;
    int width_px = 0;
    int height_px = 0;
    std::ptrdiff_t stride_bytes = 0;
};

/// Writes one clip. The file is `<target>.part` until finish() gives it its name; a writer that is destroyed
/// unfinished (error, Ctrl-C) leaves nothing behind. Frames are taken one at a time and not kept.
class VideoWriter {
  public:
    /// Throws invalid_argument (size not even where it must be, size or rate out of range), unsupported (this
    /// FFmpeg lacks the encoder, by name), io.
    static VideoWriter open(const std::filesystem::path& target, const VideoSettings& settings);

    VideoWriter(VideoWriter&&) noexcept;
    VideoWriter& operator=(VideoWriter&&) noexcept;
    ~VideoWriter();

    /// The next frame, of the size in the settings. Throws io (disk full ...).
    void write(const FrameView& frame);

    enum class Existing { replace, keep };
    /// Flushes the encoder and gives the file its name. With Existing::keep a name that was taken meanwhile
    /// is left alone and false comes back; the clip is still there and finish_as() can place it elsewhere on
    /// the same file system.
    bool finish(Existing existing = Existing::replace);
    bool finish_as(const std::filesystem::path& target, Existing existing = Existing::keep);

  private:
    struct State;
    explicit VideoWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// What a file says of itself.
struct VideoFacts {
    std::string container;     // FFmpeg's short name: "mov,mp4,..."
    std::string codec;         // "h264"
    std::string profile;       // "High"
    std::string pixel_format;  // "yuv420p"
    std::string colour;        // "bt709" or "unknown"
    int width_px = 0;
    int height_px = 0;
    Rational fps;
    std::int64_t frames = 0;
    double duration_s = 0;
    std::int64_t bytes = 0;
    bool has_audio = false;
    Tags tags;
};

/// A file, or the name under which a PNG sequence was written (`name.png`, `name_%04d.png`; one of its
/// pictures is a clip of one frame). A GIF's rate is rounded by its hundredths of a second. Throws not_found,
/// io, corrupt_data (not a video that FFmpeg can read). Only local files are opened.
VideoFacts probe_video(const std::filesystem::path& path);

/// Decodes a clip frame by frame, in display order, as RGB.
class VideoReader {
  public:
    static VideoReader open(const std::filesystem::path& path);
    VideoReader(VideoReader&&) noexcept;
    VideoReader& operator=(VideoReader&&) noexcept;
    ~VideoReader();
    const VideoFacts& facts() const;
    /// The next frame, or nothing at the end. Throws corrupt_data.
    std::optional<image::Image> read();
    /// Passes over the next `frames` frames; in a long H.264 clip by going to the key frame before the wanted
    /// one, so that it takes no longer than a few seconds of the clip. Past the end, read() finds nothing.
    void skip(std::int64_t frames);

  private:
    struct State;
    explicit VideoReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::media
