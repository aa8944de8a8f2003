// H.264 in MP4 and ProRes in QuickTime: an encoder and a muxer, and the conversion of colours in front of
// them.

#include "media/av.h"
#include "media/clip_sink.h"
#include "media/colour.h"
#include "media/encoder.h"
#include "media/rgb_to_yuv.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/cpu.h>
#include <libswscale/swscale.h>
}

namespace stillreel::media {
namespace {

namespace fs = std::filesystem;

class StreamSink : public ClipSink {
  public:
    StreamSink(const char* container, const char* encoder, const fs::path& part,
               const VideoSettings& settings, AVPixelFormat pixel_format)
        : encoder_(encoder, pixel_format, settings), muxer_(container, part) {
        AVCodecContext& context = encoder_.context();
        context.color_primaries = AVCOL_PRI_BT709;
        context.color_trc = AVCOL_TRC_BT709;
        context.colorspace = AVCOL_SPC_BT709;
        context.color_range = AVCOL_RANGE_MPEG;
        context.chroma_sample_location = AVCHROMA_LOC_LEFT;
        context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }

    void write(const FrameView& view) override {
        convert(view, encoder_.frame());
        encoder_.encode([&](AVPacket& packet) { muxer_.write(packet); });
    }

    void finish() override {
        encoder_.flush([&](AVPacket& packet) { muxer_.write(packet); });
        muxer_.finish();
    }

  protected:
    virtual void convert(const FrameView& view, AVFrame& into) = 0;

    void begin(Options& encoding, const Tags& tags) {
        encoder_.start(encoding);
        Options muxing;
        muxing.set("movflags", "+faststart+use_metadata_tags");
        muxer_.begin(encoder_.context(), tags, muxing);
    }

  private:
    Encoder encoder_;
    Muxer muxer_;
};

class Mp4Sink final : public StreamSink {
  public:
    Mp4Sink(const fs::path& part, const VideoSettings& settings)
        : StreamSink("mp4", "libx264", part, settings, AV_PIX_FMT_YUV420P), converter_(settings.width_px) {
        Options x264;
        x264.set("preset", settings.preset);
        x264.set("crf", std::to_string(settings.crf));
        x264.set("rc-lookahead", std::to_string(settings.lookahead));
        // x264 calls crf 0 lossless, and the High profile has no lossless pictures.
        if (settings.crf > 0) x264.set("profile", "high");
        // x264's AVX-512 code lets memory that nobody wrote decide in its macroblock tree (r3095: two runs
        // differ under MALLOC_PERTURB_); its AVX2 code does not. Such processors all have AVX2.
        if (av_get_cpu_flags() & AV_CPU_FLAG_AVX512) x264.set("x264-params", "asm=AVX2");
        begin(x264, settings.tags);
    }

  private:
    void convert(const FrameView& view, AVFrame& into) override {
        converter_.convert(view, {into.data[0], into.data[1], into.data[2], into.linesize[0],
                                  into.linesize[1], into.linesize[2]});
    }

    Yuv420Converter converter_;
};

class ProresSink final : public StreamSink {
  public:
    ProresSink(const fs::path& part, const VideoSettings& settings)
        : StreamSink("mov", "prores_ks", part, settings, AV_PIX_FMT_YUV422P10LE),
          scaler_(rgba_to_bt709_limited(settings.width_px, settings.height_px, AV_PIX_FMT_YUV422P10LE)) {
        Options prores;
        prores.set("profile", "hq");
        prores.set("vendor", "apl0");
        begin(prores, settings.tags);
    }

  private:
    void convert(const FrameView& view, AVFrame& into) override {
        const int stride = static_cast<int>(view.stride_bytes);
        sws_scale(scaler_.get(), &view.pixels, &stride, 0, view.height_px, into.data, into.linesize);
    }

    AvPtr<SwsContext> scaler_;
};

}  // namespace

std::unique_ptr<ClipSink> open_mp4_sink(const fs::path& part, const VideoSettings& settings) {
    return std::make_unique<Mp4Sink>(part, settings);
}

std::unique_ptr<ClipSink> open_prores_sink(const fs::path& part, const VideoSettings& settings) {
    return std::make_unique<ProresSink>(part, settings);
}

}  // namespace stillreel::media
