// A PNG sequence: one file a frame, each with the tags, because pictures get separated from their neighbours.

#include <cstring>
#include <string_view>

#include "base/file.h"
#include "media/clip_sink.h"
#include "media/encoder.h"
#include "media/png_text.h"
#include "media/sequence.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace stillreel::media {
namespace {

class PngSink final : public ClipSink {
  public:
    PngSink(const fs::path& folder, const fs::path& name, const VideoSettings& settings)
        : names_(folder / name), tags_(settings.tags), encoder_("png", AV_PIX_FMT_RGBA, settings) {
        tags_[kFrameRateTag] = to_string(settings.fps);
        Options png;
        png.set("pred", "paeth");
        encoder_.start(png);
    }

    void write(const FrameView& view) override {
        AVFrame& frame = encoder_.frame();
        for (int y = 0; y < view.height_px; ++y)
            std::memcpy(frame.data[0] + static_cast<std::ptrdiff_t>(y) * frame.linesize[0],
                        view.pixels + y * view.stride_bytes, static_cast<std::size_t>(view.width_px) * 4);
        encoder_.encode([&](AVPacket& packet) { save(packet); });
    }

    void finish() override {
        encoder_.flush([&](AVPacket& packet) { save(packet); });
    }

  private:
    void save(const AVPacket& packet) {
        const auto bytes = with_text({packet.data, static_cast<std::size_t>(packet.size)}, tags_);
        write_file(names_.frame(saved_++), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }

    SequenceNames names_;
    Tags tags_;
    Encoder encoder_;
    std::int64_t saved_ = 0;
};

}  // namespace

std::unique_ptr<ClipSink> open_png_sink(const fs::path& folder, const fs::path& name,
                                        const VideoSettings& settings) {
    return std::make_unique<PngSink>(folder, name, settings);
}

}  // namespace stillreel::media
