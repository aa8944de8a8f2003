// One way of writing frames per kind of file. A sink writes to the name it is given; names, folders and what
// happens to unfinished files is the business of placing.h.
#pragma once

#include <filesystem>
#include <memory>

#include "media/video.h"

namespace stillreel::media {

/// The key under which each picture of a PNG sequence says its frames a second, "24" or "24000/1001".
inline constexpr const char* kFrameRateTag = "FrameRate";

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

/// One palette of 255 colours for the whole clip. Frames wait in a nameless file beside `part` (3 bytes a
/// pixel) until the palette is known; most of the work happens in finish(). Keeps the tag "comment".
std::unique_ptr<ClipSink> open_gif_sink(const std::filesystem::path& part, const VideoSettings& settings);

/// Every frame a whole lossy picture, written at once. Keeps the tags "comment" and "AIGC", as XMP.
std::unique_ptr<ClipSink> open_webp_sink(const std::filesystem::path& part, const VideoSettings& settings);

/// Pictures in `folder`, named after the sequence `name`. Keeps all tags.
std::unique_ptr<ClipSink> open_png_sink(const std::filesystem::path& folder,
                                        const std::filesystem::path& name, const VideoSettings& settings);

}  // namespace stillreel::media
