// Animated WebP as a container (developers.google.com/speed/webp/docs/riff_container): FFmpeg 5.1 has an
// encoder and a decoder of single pictures, but reads no animation and merges equal frames when it writes
// one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "media/video.h"

namespace stillreel::media {

bool is_webp(const std::filesystem::path& path);

/// One frame's picture chunks inside the file.
struct WebpFrame {
    std::uint64_t offset = 0;  // of the first chunk (ALPH, VP8 or VP8L)
    std::uint32_t bytes = 0;
    int x = 0, y = 0, width_px = 0, height_px = 0;
    int duration_ms = 0;
    bool blended = false;             // laid over the canvas by its alpha
    bool cleared_afterwards = false;  // its rectangle becomes transparent before the next frame
};

struct WebpLayout {
    int width_px = 0, height_px = 0;
    std::vector<WebpFrame> frames;  // a still picture is one frame of duration 0
    Tags tags;                      // "comment", "AIGC" from our XMP
};

/// Throws corrupt_data (not a whole WebP), io.
WebpLayout read_webp_layout(const std::filesystem::path& path);

/// Writes frames that each cover the whole canvas, for ever looping.
class WebpFileWriter {
  public:
    WebpFileWriter(std::filesystem::path path, int width_px, int height_px);
    /// `still` is a whole WebP file of one picture as libwebp encodes it. Throws io.
    void add(std::span<const std::uint8_t> still, int duration_ms);
    void finish(const Tags& tags);

  private:
    void put(const std::string& bytes);

    std::filesystem::path path_;
    int width_px_, height_px_;
    std::ofstream out_;
    std::uint64_t written_ = 0;
    bool alpha_ = false;
};

}  // namespace stillreel::media
