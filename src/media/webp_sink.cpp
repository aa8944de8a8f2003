// Animated WebP: FFmpeg's libwebp encodes each frame, webp_file.h keeps the container.

#include "media/clip_sink.h"
#include "media/encoder.h"
#include "media/webp_file.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace stillreel::media {
namespace {

class WebpSink final : public ClipSink {
  public:
    WebpSink(const std::filesystem::path& part, const VideoSettings& settings)
        : settings_(settings),
          encoder_("libwebp", AV_PIX_FMT_BGRA, settings),
          file_(part, settings.width_px, settings.height_px) {
        encoder_.context().thread_count = 1;  // it has no threads
        Options webp;
        webp.set("quality", "85");
        encoder_.start(webp);
    }

    void write(const FrameView& view) override {
        AVFrame& frame = encoder_.frame();
        for (int y = 0; y < view.height_px; ++y) {
            const std::uint8_t* from = view.pixels + y * view.stride_bytes;
            std::uint8_t* to = frame.data[0] + static_cast<std::ptrdiff_t>(y) * frame.linesize[0];
            for (int x = 0; x < view.width_px; ++x, from += 4, to += 4) {
                to[0] = from[2];
                to[1] = from[1];
                to[2] = from[0];
                to[3] = from[3];
            }
        }
        encoder_.encode([&](AVPacket& packet) { add(packet); });
    }

    void finish() override {
        encoder_.flush([&](AVPacket& packet) { add(packet); });
        file_.finish(settings_.tags);
    }

  private:
    /// Frame ends are rounded, not durations: the rhythm does not drift.
    std::int64_t end_ms(std::int64_t frames) const {
        return (frames * 1000 * settings_.fps.den + settings_.fps.num / 2) / settings_.fps.num;
    }
    void add(const AVPacket& packet) {
        const std::int64_t duration_ms = end_ms(frames_ + 1) - end_ms(frames_);
        file_.add({packet.data, static_cast<std::size_t>(packet.size)}, static_cast<int>(duration_ms));
        ++frames_;
    }

    VideoSettings settings_;
    Encoder encoder_;
    WebpFileWriter file_;
    std::int64_t frames_ = 0;
};

}  // namespace

std::unique_ptr<ClipSink> open_webp_sink(const std::filesystem::path& part, const VideoSettings& settings) {
    return std::make_unique<WebpSink>(part, settings);
}

}  // namespace stillreel::media
