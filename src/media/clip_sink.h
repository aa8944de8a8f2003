// One way of writing frames per kind of file. A sink writes to the name it is given; names, folders and what
// happens to unfinished files is the business of placing.h.
#pragma once

#include <filesystem>
#include <memory>

#include "media/video.h"

namespace stillreel::media {

class ClipSink {
  public:
    virtual ~ClipSink() = default;
    virtual void write(const FrameView& frame) = 0;
    /// Everything is written and closed when this returns. Called once, after at least one frame.
    virtual void finish() = 0;
};

/// H.264 in MP4, ProRes 422 HQ in QuickTime.
std::unique_ptr<ClipSink> open_mp4_sink(const std::filesystem::path& part, const VideoSettings& settings);
std::unique_ptr<ClipSink> open_prores_sink(const std::filesystem::path& part, const VideoSettings& settings);

}  // namespace stillreel::media
