#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "media/av.h"
#include "media/clip_sink.h"
#include "media/colour.h"
#include "media/frame_source.h"
#include "media/png_text.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

namespace stillreel::media {
namespace {

namespace fs = std::filesystem;

// Containers of moving pictures. Play lists (concat, hls, dash ...), which name further files, are not among
// them.
constexpr const char* kContainers = "mov,matroska,avi,gif,png_pipe,mpegts,mpeg,flv,ogg,mxf,h264,hevc,ivf";
// What FFmpeg lists among the tags though it describes the container.
constexpr std::string_view kFormatTags[] = {"major_brand", "minor_version", "compatible_brands"};
constexpr std::int64_t kMaxPixels = 100'000'000;
constexpr int kMaxStreams = 64;
constexpr int kReordered = 16;  // frames; H.264 allows no more

[[noreturn]] void corrupt(const fs::path& path, const std::string& reason) {
    throw Error(ErrorCode::corrupt_data,
                fmt::format("{} is not a video that can be read: {}", path.string(), reason));
}

/// Tells apart what FFmpeg reports alike: missing, unreadable, a folder, empty.
std::int64_t readable_bytes(const fs::path& path) {
    std::error_code failed;
    const fs::file_status status = fs::status(path, failed);
    if (status.type() == fs::file_type::not_found)
        throw Error(ErrorCode::not_found, fmt::format("there is no file {}", path.string()));
    if (failed)
        throw Error(ErrorCode::io, fmt::format("cannot open {}: {}", path.string(), failed.message()));
    if (status.type() != fs::file_type::regular)
        throw Error(ErrorCode::io, fmt::format("{} is not a regular file", path.string()));
    if (!std::ifstream(path, std::ios::binary))
        throw Error(ErrorCode::io, fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
    const auto bytes = static_cast<std::int64_t>(fs::file_size(path));
    if (bytes == 0) corrupt(path, "the file is empty");
    return bytes;
}

class Input {
  public:
    explicit Input(const fs::path& path) {
        const AvErrorLines lines;
        context_ = avformat_alloc_context();
        if (!context_) throw Error(ErrorCode::out_of_memory, "not enough memory to open a video");
        context_->max_streams = kMaxStreams;
        AVDictionary* options = nullptr;
        av_dict_set(&options, "protocol_whitelist", "file", 0);
        av_dict_set(&options, "format_whitelist", kContainers, 0);
        // On failure FFmpeg frees the context.
        int result = avformat_open_input(&context_, local_url(path).c_str(), nullptr, &options);
        av_dict_free(&options);
        if (result >= 0) result = avformat_find_stream_info(context_, nullptr);
        if (result < 0) {
            avformat_close_input(&context_);
            const std::string reason = lines.last_or(av_reason(result));
            corrupt(path, reason.starts_with("Format not on whitelist") ? "its format is none of those read"
                                                                        : reason);
        }
    }
    ~Input() { avformat_close_input(&context_); }
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    AVFormatContext* get() { return context_; }

  private:
    AVFormatContext* context_ = nullptr;
};

Rational from_av(AVRational value) {
    return value.num > 0 && value.den > 0 ? make_rational(value.num, value.den) : Rational{0, 1};
}

class AvSource final : public FrameSource {
  public:
    explicit AvSource(const fs::path& path)
        : path_(path),
          bytes_(readable_bytes(path)),
          input_(path),
          frame_(new_frame()),
          packet_(new_packet()) {
        const AvErrorLines lines;
        const AVCodec* codec = nullptr;
        const int found = av_find_best_stream(input_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
        if (found < 0 || !codec) corrupt(path_, "it holds no picture stream that FFmpeg decodes");
        stream_ = input_.get()->streams[found];
        for (unsigned i = 0; i < input_.get()->nb_streams; ++i)
            if (static_cast<int>(i) != found) input_.get()->streams[i]->discard = AVDISCARD_ALL;
        refuse_missing_samples();
        open_decoder(codec, lines);
        state_facts(codec);
    }

    std::optional<image::Image> read() override {
        const AvErrorLines lines;
        for (;;) {
            const int result = avcodec_receive_frame(decoder_.get(), frame_.get());
            if (result == AVERROR_EOF) return std::nullopt;
            if (result == AVERROR(EAGAIN)) {
                feed(lines);
                continue;
            }
            if (result < 0) corrupt(path_, lines.last_or(av_reason(result)));
            if (frame_->width != facts_.width_px || frame_->height != facts_.height_px)
                corrupt(path_, "its pictures change their size");
            if (frame_->best_effort_timestamp < first_wanted_) continue;
            if (to_drop_ > 0) {
                --to_drop_;
                continue;
            }
            ++next_;
            return frame_to_rgb(*frame_, scaler_);
        }
    }

    void skip(std::int64_t frames) override {
        const std::int64_t wanted = next_ + frames;
        if (to_drop_ > 0 || !go_to_key_frame(wanted)) to_drop_ += frames;
        next_ = wanted;
    }

  private:
    /// Ticks of the stream from one frame to the next; 0 when they are not all alike.
    std::int64_t frame_ticks() const {
        if (stream_->nb_frames < 1 || stream_->duration < 1 || stream_->duration % stream_->nb_frames != 0 ||
            stream_->start_time == AV_NOPTS_VALUE)
            return 0;
        return stream_->duration / stream_->nb_frames;
    }

    /// False, with nothing changed, when no key frame lies between here and frame `wanted`.
    bool go_to_key_frame(std::int64_t wanted) {
        const std::int64_t ticks = frame_ticks();
        if (ticks == 0) return false;
        const auto time_of = [&](std::int64_t number) { return stream_->start_time + number * ticks; };
        // The index is in the order of decoding, which may be ahead of the order shown by so many frames.
        const std::int64_t before = time_of(wanted - kReordered);
        const AVIndexEntry* key =
            avformat_index_get_entry_from_timestamp(stream_, before, AVSEEK_FLAG_BACKWARD);
        if (!key || key->timestamp <= time_of(next_)) return false;
        if (av_seek_frame(input_.get(), stream_->index, before, AVSEEK_FLAG_BACKWARD) < 0) return false;
        avcodec_flush_buffers(decoder_.get());
        first_wanted_ = time_of(wanted) - ticks / 2;
        return true;
    }

    /// A file that was cut short still has the whole table of its samples when the table stands in front.
    void refuse_missing_samples() {
        const int entries = avformat_index_get_entries_count(stream_);
        if (stream_->nb_frames > 0 && entries == 0 &&
            std::string_view(input_.get()->iformat->name).starts_with("mov"))
            corrupt(path_, "it is cut short in the middle of its index");
        for (int i = 0; i < entries; ++i) {
            const AVIndexEntry* entry = avformat_index_get_entry(stream_, i);
            if (entry->pos + entry->size > bytes_)
                corrupt(path_, fmt::format("it is cut short, {} bytes where its index needs {}", bytes_,
                                           entry->pos + entry->size));
        }
    }

    void open_decoder(const AVCodec* codec, const AvErrorLines& lines) {
        decoder_.reset(avcodec_alloc_context3(codec));
        if (!decoder_) throw Error(ErrorCode::out_of_memory, "not enough memory for a video decoder");
        int result = avcodec_parameters_to_context(decoder_.get(), stream_->codecpar);
        decoder_->pkt_timebase = stream_->time_base;
        decoder_->max_pixels = kMaxPixels;
        decoder_->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
        decoder_->thread_count = 1;
        if (result >= 0) result = avcodec_open2(decoder_.get(), codec, nullptr);
        if (result < 0) corrupt(path_, lines.last_or(av_reason(result)));
        if (decoder_->width < 1 || decoder_->height < 1) corrupt(path_, "its pictures have no size");
    }

    void state_facts(const AVCodec* codec) {
        const AVCodecParameters& picture = *stream_->codecpar;
        facts_.container = input_.get()->iformat->name;
        facts_.codec = avcodec_get_name(picture.codec_id);
        if (const char* profile = av_get_profile_name(codec, picture.profile)) facts_.profile = profile;
        if (const char* format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(picture.format)))
            facts_.pixel_format = format;
        const char* matrix = av_color_space_name(picture.color_space);
        facts_.colour = matrix && picture.color_space != AVCOL_SPC_UNSPECIFIED ? matrix : "unknown";
        facts_.width_px = picture.width;
        facts_.height_px = picture.height;
        facts_.fps =
            from_av(stream_->avg_frame_rate.num > 0 ? stream_->avg_frame_rate : stream_->r_frame_rate);
        facts_.bytes = bytes_;
        facts_.has_audio = av_find_best_stream(input_.get(), AVMEDIA_TYPE_AUDIO, -1, -1, nullptr, 0) >= 0;
        facts_.frames = stream_->nb_frames > 0 ? stream_->nb_frames : count_frames();
        if (stream_->duration > 0)
            facts_.duration_s = static_cast<double>(stream_->duration) * av_q2d(stream_->time_base);
        else if (facts_.fps.num > 0)
            facts_.duration_s = static_cast<double>(facts_.frames) / facts_.fps.value();
        for (const AVDictionaryEntry* tag = nullptr;
             (tag = av_dict_get(input_.get()->metadata, "", tag, AV_DICT_IGNORE_SUFFIX));)
            if (std::find(std::begin(kFormatTags), std::end(kFormatTags), std::string_view(tag->key)) ==
                std::end(kFormatTags))
                facts_.tags.emplace(tag->key, tag->value);
        if (facts_.container == "png_pipe") state_png_facts();
        // A GIF's rhythm is in hundredths of a second; FFmpeg's guess at it leaves out the last frame.
        if (facts_.container == "gif" && facts_.duration_s > 0)
            facts_.fps =
                make_rational(facts_.frames * 100, std::max(1ll, std::llround(facts_.duration_s * 100)));
    }

    /// One picture of a sequence has no time of its own, only what it says.
    void state_png_facts() {
        facts_.fps = {0, 1};
        facts_.duration_s = 0;
        facts_.tags.merge(png_text(path_));
        if (const auto rate = facts_.tags.extract(kFrameRateTag)) {
            try {
                facts_.fps = parse_rational(rate.mapped(), kFrameRateTag);
            } catch (const Error&) {
                // Somebody else's text under the same name.
            }
        }
    }

    std::int64_t count_frames() {
        // Reading to the end and back would disturb this input's state.
        Input counter(path_);
        std::int64_t frames = 0;
        int result = 0;
        while ((result = av_read_frame(counter.get(), packet_.get())) >= 0) {
            frames += packet_->stream_index == stream_->index;
            av_packet_unref(packet_.get());
        }
        if (result != AVERROR_EOF) corrupt(path_, av_reason(result));
        if (frames == 0) corrupt(path_, "it holds no frames");
        return frames;
    }

    /// Hands the decoder one packet of the picture stream, or the end.
    void feed(const AvErrorLines& lines) {
        int result = 0;
        do {
            av_packet_unref(packet_.get());
            result = av_read_frame(input_.get(), packet_.get());
        } while (result >= 0 && packet_->stream_index != stream_->index);
        if (result < 0 && result != AVERROR_EOF) corrupt(path_, lines.last_or(av_reason(result)));
        if (result >= 0 && (packet_->flags & AV_PKT_FLAG_CORRUPT)) corrupt(path_, "it is cut short");
        result = avcodec_send_packet(decoder_.get(), result == AVERROR_EOF ? nullptr : packet_.get());
        av_packet_unref(packet_.get());
        if (result < 0 && result != AVERROR_EOF) corrupt(path_, lines.last_or(av_reason(result)));
    }

    fs::path path_;
    std::int64_t bytes_;
    std::int64_t next_ = 0;  // frame that read() gives
    std::int64_t to_drop_ = 0;
    std::int64_t first_wanted_ = std::numeric_limits<std::int64_t>::min();
    Input input_;
    AVStream* stream_ = nullptr;
    AvPtr<AVCodecContext> decoder_;
    AvPtr<AVFrame> frame_;
    AvPtr<AVPacket> packet_;
    AvPtr<SwsContext> scaler_;
};

}  // namespace

std::unique_ptr<FrameSource> open_av_source(const fs::path& path) { return std::make_unique<AvSource>(path); }

}  // namespace stillreel::media
