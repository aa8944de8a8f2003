// One way of reading frames per kind of file, and what the file says of itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "media/video.h"

namespace stillreel::media {

class FrameSource {
  public:
    virtual ~FrameSource() = default;
    const VideoFacts& facts() const { return facts_; }
    /// The next frame in display order as RGB, or nothing at the end. Throws corrupt_data.
    virtual std::optional<image::Image> read() = 0;
    /// As VideoReader::skip.
    virtual void skip(std::int64_t frames) {
        while (frames-- > 0 && read()) {
        }
    }

  protected:
    VideoFacts facts_;
};

/// What FFmpeg demuxes and decodes. Throws not_found, io, corrupt_data.
std::unique_ptr<FrameSource> open_av_source(const std::filesystem::path& path);
/// WebP, still or animated. Throws io, corrupt_data, unsupported (frames blended by transparency).
std::unique_ptr<FrameSource> open_webp_source(const std::filesystem::path& path);
/// The pictures of a PNG sequence (sequence.h). Throws corrupt_data.
std::unique_ptr<FrameSource> open_sequence_source(const std::filesystem::path& name);

}  // namespace stillreel::media
