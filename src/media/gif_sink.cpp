// GIF in two passes with FFmpeg's palettegen and paletteuse: the colours of all frames are counted as they
// come, the frames wait on disk, and finish() maps them to the palette. Memory does not grow with the length.

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "media/av.h"
#include "media/clip_sink.h"
#include "media/encoder.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
}

namespace stillreel::media {
namespace {

/// Rows of bytes that come back in the order in which they went, in a file that nobody sees and that ends
/// with us.
class FrameStore {
  public:
    explicit FrameStore(const fs::path& beside) {
        std::string name = (beside.parent_path() / ".stillreel-frames-XXXXXX").string();
        fd_ = ::mkostemp(name.data(), O_CLOEXEC);
        if (fd_ < 0) fail("create a file in", fs::absolute(beside).parent_path());
        path_ = beside;
        ::unlink(name.c_str());
    }
    ~FrameStore() { ::close(fd_); }
    FrameStore(const FrameStore&) = delete;
    FrameStore& operator=(const FrameStore&) = delete;

    void append(const std::vector<std::uint8_t>& bytes) {
        for (std::size_t done = 0; done < bytes.size();) {
            const ssize_t wrote = ::write(fd_, bytes.data() + done, bytes.size() - done);
            if (wrote < 0 && errno != EINTR) fail("write", path_);
            if (wrote > 0) done += static_cast<std::size_t>(wrote);
        }
    }
    void rewind() {
        if (::lseek(fd_, 0, SEEK_SET) != 0) fail("read", path_);
    }
    /// Fills `bytes`.
    void next(std::vector<std::uint8_t>& bytes) {
        for (std::size_t done = 0; done < bytes.size();) {
            const ssize_t got = ::read(fd_, bytes.data() + done, bytes.size() - done);
            if (got == 0 || (got < 0 && errno != EINTR)) fail("read", path_);
            if (got > 0) done += static_cast<std::size_t>(got);
        }
    }

  private:
    [[noreturn]] static void fail(const char* doing, const fs::path& path) {
        throw Error(ErrorCode::io,
                    fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(errno)));
    }

    int fd_ = -1;
    fs::path path_;
};

void check_filter(int result, const char* doing) {
    if (result >= 0) return;
    throw Error(result == AVERROR(ENOMEM) ? ErrorCode::out_of_memory : ErrorCode::unsupported,
                fmt::format("FFmpeg's filters cannot {}: {}", doing, av_reason(result)));
}

/// A chain of filters by FFmpeg's notation, with inputs "in0", "in1" ... and the output "out".
class Filters {
  public:
    struct Input {
        int width_px, height_px;
        AVPixelFormat format;
        Rational fps;
    };
    Filters(const std::vector<Input>& inputs, const std::string& chain) : graph_(avfilter_graph_alloc()) {
        if (!graph_) throw Error(ErrorCode::out_of_memory, "not enough memory for a filter graph");
        graph_->nb_threads = 1;
        std::string text;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            text += fmt::format("buffer@in{}=video_size={}x{}:pix_fmt={}:time_base={}/{}[in{}];", i,
                                inputs[i].width_px, inputs[i].height_px, static_cast<int>(inputs[i].format),
                                inputs[i].fps.den, inputs[i].fps.num, i);
        text += chain + "[out];[out]buffersink@out";
        AVFilterInOut* open_in = nullptr;
        AVFilterInOut* open_out = nullptr;
        const int parsed = avfilter_graph_parse2(graph_.get(), text.c_str(), &open_in, &open_out);
        avfilter_inout_free(&open_in);
        avfilter_inout_free(&open_out);
        check_filter(parsed, "be set up");
        check_filter(avfilter_graph_config(graph_.get(), nullptr), "be connected");
        for (std::size_t i = 0; i < inputs.size(); ++i)
            inputs_.push_back(avfilter_graph_get_filter(graph_.get(), fmt::format("buffer@in{}", i).c_str()));
        output_ = avfilter_graph_get_filter(graph_.get(), "buffersink@out");
    }

    /// A null frame ends the input.
    void push(std::size_t input, AVFrame* frame) {
        check_filter(av_buffersrc_add_frame_flags(inputs_[input], frame, AV_BUFFERSRC_FLAG_KEEP_REF),
                     "take a frame");
    }
    /// The next frame, or null when the filters want more or have ended.
    AvPtr<AVFrame> pull() {
        AvPtr<AVFrame> frame = new_frame();
        const int result = av_buffersink_get_frame(output_, frame.get());
        if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return nullptr;
        check_filter(result, "give a frame");
        return frame;
    }

  private:
    AvPtr<AVFilterGraph> graph_;
    std::vector<AVFilterContext*> inputs_;
    AVFilterContext* output_ = nullptr;
};

AvPtr<AVFrame> picture_frame(int width_px, int height_px, AVPixelFormat format) {
    AvPtr<AVFrame> frame = new_frame();
    frame->width = width_px;
    frame->height = height_px;
    frame->format = format;
    if (av_frame_get_buffer(frame.get(), 0) < 0)
        throw Error(ErrorCode::out_of_memory, "not enough memory for a video frame");
    return frame;
}

/// Writes `text` as comment extension (GIF89a, section 24) before the trailer.
void append_comment(const fs::path& path, const std::string& text) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(-1, std::ios::end);
    file.put(0x21).put(static_cast<char>(0xfe));
    for (std::size_t at = 0; at < text.size(); at += 255) {
        const std::size_t size = std::min<std::size_t>(255, text.size() - at);
        file.put(static_cast<char>(size)).write(text.data() + at, static_cast<std::streamsize>(size));
    }
    file.put(0).put(0x3b);
    file.flush();
    if (!file)
        throw Error(ErrorCode::io, fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
}

class GifSink final : public ClipSink {
  public:
    GifSink(const fs::path& part, const VideoSettings& settings)
        : part_(part),
          settings_(settings),
          store_(part),
          row_bytes_(static_cast<std::size_t>(settings.width_px) * 3),
          frame_bytes_(row_bytes_ * settings.height_px),
          sample_(picture_frame((settings.width_px + 1) / 2, (settings.height_px + 1) / 2, AV_PIX_FMT_RGB24)),
          counting_({{sample_->width, sample_->height, AV_PIX_FMT_RGB24, settings.fps}},
                    "[in0]palettegen=stats_mode=full"),
          encoder_("gif", AV_PIX_FMT_PAL8, settings),
          muxer_("gif", part) {
        Options none, loop;
        encoder_.start(none);
        loop.set("loop", "0");
        muxer_.begin(encoder_.context(), {}, loop);
    }

    void write(const FrameView& view) override {
        for (int y = 0; y < view.height_px; ++y) {
            const std::uint8_t* from = view.pixels + y * view.stride_bytes;
            std::uint8_t* to = frame_bytes_.data() + row_bytes_ * y;
            for (int x = 0; x < view.width_px; ++x)
                for (int c = 0; c < 3; ++c) to[3 * x + c] = from[4 * x + c];
        }
        store_.append(frame_bytes_);
        count_colours();
        ++frames_;
    }

    void finish() override {
        counting_.push(0, nullptr);
        const AvPtr<AVFrame> palette = counting_.pull();
        if (!palette) throw Error(ErrorCode::unsupported, "FFmpeg's filter palettegen gave no palette");
        const int width = settings_.width_px, height = settings_.height_px;
        Filters mapping(
            {{width, height, AV_PIX_FMT_RGB24, settings_.fps},
             {palette->width, palette->height, static_cast<AVPixelFormat>(palette->format), settings_.fps}},
            "[in0][in1]paletteuse=dither=sierra2_4a");
        palette->pts = 0;
        mapping.push(1, palette.get());
        mapping.push(1, nullptr);
        store_.rewind();
        for (std::int64_t i = 0; i < frames_; ++i) {
            store_.next(frame_bytes_);
            const AvPtr<AVFrame> frame = picture_frame(width, height, AV_PIX_FMT_RGB24);
            for (int y = 0; y < height; ++y)
                std::memcpy(frame->data[0] + static_cast<std::ptrdiff_t>(y) * frame->linesize[0],
                            frame_bytes_.data() + row_bytes_ * y, row_bytes_);
            frame->pts = i;
            mapping.push(0, frame.get());
            encode_ready(mapping);
        }
        mapping.push(0, nullptr);
        encode_ready(mapping);
        encoder_.flush([&](AVPacket& packet) { muxer_.write(packet); });
        muxer_.finish();
        if (const auto comment = settings_.tags.find("comment"); comment != settings_.tags.end())
            append_comment(part_, comment->second);
    }

  private:
    /// Shows palettegen a quarter of the pixels at 6 bits a channel: enough for 255 colours, and its table of
    /// colours stays small whatever the clip.
    void count_colours() {
        if (av_frame_make_writable(sample_.get()) < 0)
            throw Error(ErrorCode::out_of_memory, "not enough memory for a video frame");
        for (int y = 0; y < sample_->height; ++y) {
            const std::uint8_t* from = frame_bytes_.data() + row_bytes_ * (2 * y);
            std::uint8_t* to = sample_->data[0] + static_cast<std::ptrdiff_t>(y) * sample_->linesize[0];
            for (int x = 0; x < sample_->width; ++x)
                for (int c = 0; c < 3; ++c) {
                    const std::uint8_t value = from[6 * x + c];
                    to[3 * x + c] = static_cast<std::uint8_t>((value & 0xfc) | value >> 6);
                }
        }
        sample_->pts = frames_;
        counting_.push(0, sample_.get());
        counting_.pull();
    }

    void encode_ready(Filters& mapping) {
        while (const AvPtr<AVFrame> mapped = mapping.pull()) {
            AVFrame& frame = encoder_.frame();
            av_frame_copy(&frame, mapped.get());
            encoder_.encode([&](AVPacket& packet) { muxer_.write(packet); });
        }
    }

    fs::path part_;
    VideoSettings settings_;
    FrameStore store_;
    std::size_t row_bytes_;
    std::vector<std::uint8_t> frame_bytes_;
    AvPtr<AVFrame> sample_;
    Filters counting_;
    Encoder encoder_;
    Muxer muxer_;
    std::int64_t frames_ = 0;
};

}  // namespace

std::unique_ptr<ClipSink> open_gif_sink(const fs::path& part, const VideoSettings& settings) {
    return std::make_unique<GifSink>(part, settings);
}

}  // namespace stillreel::media
