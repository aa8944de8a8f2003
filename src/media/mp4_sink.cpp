// MP4 and QuickTime: an encoder and a muxer of FFmpeg, and the conversion of colours in front of them.

#include <fmt/core.h>

#include <utility>

#include "base/error.h"
#include "media/av.h"
#include "media/clip_sink.h"
#include "media/colour.h"
#include "media/rgb_to_yuv.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/cpu.h>
#include <libavutil/dict.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

namespace stillreel::media {
namespace {

namespace fs = std::filesystem;

class Options {
  public:
    ~Options() { av_dict_free(&dict_); }
    Options() = default;
    Options(const Options&) = delete;
    Options& operator=(const Options&) = delete;
    void set(const char* key, const std::string& value) { av_dict_set(&dict_, key, value.c_str(), 0); }
    AVDictionary** get() { return &dict_; }

  private:
    AVDictionary* dict_ = nullptr;
};

/// An output file of FFmpeg, closed (not finished) at the end of its scope.
class Muxer {
  public:
    Muxer(const char* format, fs::path path) : path_(std::move(path)) {
        check_av(avformat_alloc_output_context2(&context_, nullptr, format, local_url(path_).c_str()),
                 "write", path_);
        context_->flags |= AVFMT_FLAG_BITEXACT;
    }
    ~Muxer() {
        if (context_->pb) avio_closep(&context_->pb);
        avformat_free_context(context_);
    }
    Muxer(const Muxer&) = delete;
    Muxer& operator=(const Muxer&) = delete;

    AVFormatContext* get() { return context_; }

    void begin(Options& options) {
        check_av(avio_open2(&context_->pb, local_url(path_).c_str(), AVIO_FLAG_WRITE, nullptr, nullptr),
                 "write", path_);
        check_av(avformat_write_header(context_, options.get()), "write", path_);
    }
    void write(AVPacket* packet) { check_av(av_interleaved_write_frame(context_, packet), "write", path_); }
    void finish() {
        check_av(av_write_trailer(context_), "write", path_);
        check_av(avio_closep(&context_->pb), "write", path_);
    }

  private:
    fs::path path_;
    AVFormatContext* context_ = nullptr;
};

AVRational to_av(const Rational& value) { return {static_cast<int>(value.num), static_cast<int>(value.den)}; }

void describe_picture(AVCodecContext& encoder, const VideoSettings& settings, AVPixelFormat format) {
    encoder.width = settings.width_px;
    encoder.height = settings.height_px;
    encoder.pix_fmt = format;
    encoder.framerate = to_av(settings.fps);
    encoder.time_base = av_inv_q(encoder.framerate);
    encoder.sample_aspect_ratio = {1, 1};
    encoder.color_primaries = AVCOL_PRI_BT709;
    encoder.color_trc = AVCOL_TRC_BT709;
    encoder.colorspace = AVCOL_SPC_BT709;
    encoder.color_range = AVCOL_RANGE_MPEG;
    encoder.chroma_sample_location = AVCHROMA_LOC_LEFT;
    encoder.thread_count = settings.encoder_threads;
    encoder.thread_type = FF_THREAD_FRAME;
    encoder.flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_GLOBAL_HEADER;
}

/// What the two kinds share: encoder -> muxer, tags, the rhythm of packets.
class StreamSink : public ClipSink {
  public:
    StreamSink(const char* container, const char* encoder, const fs::path& part,
               const VideoSettings& settings, AVPixelFormat pixel_format)
        : encoder_(new_encoder(encoder)),
          muxer_(container, part),
          frame_(new_frame()),
          packet_(new_packet()) {
        describe_picture(*encoder_, settings, pixel_format);
        frame_->width = settings.width_px;
        frame_->height = settings.height_px;
        frame_->format = pixel_format;
        frame_->color_primaries = encoder_->color_primaries;
        frame_->color_trc = encoder_->color_trc;
        frame_->colorspace = encoder_->colorspace;
        frame_->color_range = encoder_->color_range;
        frame_->chroma_location = encoder_->chroma_sample_location;
        if (av_frame_get_buffer(frame_.get(), 0) < 0)
            throw Error(ErrorCode::out_of_memory, "not enough memory for a video frame");
        for (const auto& [key, value] : settings.tags)
            av_dict_set(&muxer_.get()->metadata, key.c_str(), value.c_str(), 0);
    }

    void write(const FrameView& view) override {
        // An encoder with frame threads may still hold the pixels of the frame before.
        if (av_frame_make_writable(frame_.get()) < 0)
            throw Error(ErrorCode::out_of_memory, "not enough memory for a video frame");
        convert(view, *frame_);
        frame_->pts = next_pts_++;
        encode(frame_.get());
    }

    void finish() override {
        encode(nullptr);
        muxer_.finish();
    }

  protected:
    virtual void convert(const FrameView& view, AVFrame& into) = 0;

    AVCodecContext& encoder() { return *encoder_; }

    void begin(Options& encoder_options) {
        int opened = 0;
        std::string reason;
        {
            const AvErrorLines lines;
            opened = avcodec_open2(encoder_.get(), encoder_->codec, encoder_options.get());
            reason = lines.last_or(opened < 0 ? av_reason(opened) : "");
        }
        if (opened < 0)
            throw Error(opened == AVERROR(ENOMEM) ? ErrorCode::out_of_memory : ErrorCode::unsupported,
                        fmt::format("the encoder {} does not start: {}", encoder_->codec->name, reason));
        stream_ = avformat_new_stream(muxer_.get(), nullptr);
        if (!stream_ || avcodec_parameters_from_context(stream_->codecpar, encoder_.get()) < 0)
            throw Error(ErrorCode::out_of_memory, "not enough memory for a video stream");
        stream_->time_base = encoder_->time_base;
        stream_->avg_frame_rate = encoder_->framerate;
        stream_->r_frame_rate = encoder_->framerate;
        stream_->sample_aspect_ratio = encoder_->sample_aspect_ratio;
        Options muxing;
        muxing.set("movflags", "+faststart+use_metadata_tags");
        muxer_.begin(muxing);
    }

  private:
    /// A null frame flushes.
    void encode(const AVFrame* frame) {
        int result = avcodec_send_frame(encoder_.get(), frame);
        while (result >= 0) {
            result = avcodec_receive_packet(encoder_.get(), packet_.get());
            if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
            if (result < 0) break;
            packet_->stream_index = stream_->index;
            packet_->duration = 1;
            av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
            muxer_.write(packet_.get());
        }
        throw Error(result == AVERROR(ENOMEM) ? ErrorCode::out_of_memory : ErrorCode::io,
                    fmt::format("the encoder {} failed: {}", encoder_->codec->name, av_reason(result)));
    }

    AvPtr<AVCodecContext> encoder_;
    Muxer muxer_;
    AvPtr<AVFrame> frame_;
    AvPtr<AVPacket> packet_;
    AVStream* stream_ = nullptr;
    std::int64_t next_pts_ = 0;
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
        begin(x264);
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
        begin(prores);
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
