#include "media/encoder.h"

#include <fmt/core.h>

#include <utility>

#include "base/error.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
}

namespace stillreel::media {

namespace fs = std::filesystem;

Options::~Options() { av_dict_free(&dict_); }

void Options::set(const char* key, const std::string& value) { av_dict_set(&dict_, key, value.c_str(), 0); }

Encoder::Encoder(const char* name, int pixel_format, const VideoSettings& settings)
    : context_(new_encoder(name)), frame_(new_frame()), packet_(new_packet()) {
    context_->width = settings.width_px;
    context_->height = settings.height_px;
    context_->pix_fmt = static_cast<AVPixelFormat>(pixel_format);
    context_->framerate = {static_cast<int>(settings.fps.num), static_cast<int>(settings.fps.den)};
    context_->time_base = av_inv_q(context_->framerate);
    context_->sample_aspect_ratio = {1, 1};
    context_->thread_count = settings.encoder_threads;
    context_->thread_type = FF_THREAD_FRAME;
    context_->flags |= AV_CODEC_FLAG_BITEXACT;
}

void Encoder::start(Options& options) {
    int opened = 0;
    std::string reason;
    {
        const AvErrorLines lines;
        opened = avcodec_open2(context_.get(), context_->codec, options.get());
        reason = lines.last_or(av_reason(opened));
    }
    if (opened < 0)
        throw Error(opened == AVERROR(ENOMEM) ? ErrorCode::out_of_memory : ErrorCode::unsupported,
                    fmt::format("the encoder {} does not start: {}", context_->codec->name, reason));
    frame_->width = context_->width;
    frame_->height = context_->height;
    frame_->format = context_->pix_fmt;
    frame_->color_primaries = context_->color_primaries;
    frame_->color_trc = context_->color_trc;
    frame_->colorspace = context_->colorspace;
    frame_->color_range = context_->color_range;
    frame_->chroma_location = context_->chroma_sample_location;
    if (av_frame_get_buffer(frame_.get(), 0) < 0)
        throw Error(ErrorCode::out_of_memory, "not enough memory for a video frame");
}

AVFrame& Encoder::frame() {
    // An encoder with frame threads may still hold the pixels of the frame before.
    if (av_frame_make_writable(frame_.get()) < 0)
        throw Error(ErrorCode::out_of_memory, "not enough memory for a video frame");
    return *frame_;
}

void Encoder::encode(const TakePacket& take) {
    frame_->pts = next_pts_++;
    send(frame_.get(), take);
}

void Encoder::flush(const TakePacket& take) { send(nullptr, take); }

void Encoder::send(const AVFrame* frame, const TakePacket& take) {
    int result = avcodec_send_frame(context_.get(), frame);
    while (result >= 0) {
        result = avcodec_receive_packet(context_.get(), packet_.get());
        if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
        if (result < 0) break;
        packet_->duration = 1;
        take(*packet_);
        av_packet_unref(packet_.get());
    }
    throw Error(result == AVERROR(ENOMEM) ? ErrorCode::out_of_memory : ErrorCode::io,
                fmt::format("the encoder {} failed: {}", context_->codec->name, av_reason(result)));
}

Muxer::Muxer(const char* format, fs::path path) : path_(std::move(path)) {
    check_av(avformat_alloc_output_context2(&context_, nullptr, format, local_url(path_).c_str()), "write",
             path_);
    context_->flags |= AVFMT_FLAG_BITEXACT;
}

Muxer::~Muxer() {
    if (context_->pb) avio_closep(&context_->pb);
    avformat_free_context(context_);
}

void Muxer::begin(const AVCodecContext& encoder, const Tags& tags, Options& options) {
    AVStream* stream = avformat_new_stream(context_, nullptr);
    if (!stream || avcodec_parameters_from_context(stream->codecpar, &encoder) < 0)
        throw Error(ErrorCode::out_of_memory, "not enough memory for a video stream");
    stream->time_base = encoder.time_base;
    stream->avg_frame_rate = encoder.framerate;
    stream->r_frame_rate = encoder.framerate;
    stream->sample_aspect_ratio = encoder.sample_aspect_ratio;
    encoder_num_ = encoder.time_base.num;
    encoder_den_ = encoder.time_base.den;
    for (const auto& [key, value] : tags) av_dict_set(&context_->metadata, key.c_str(), value.c_str(), 0);
    check_av(avio_open2(&context_->pb, local_url(path_).c_str(), AVIO_FLAG_WRITE, nullptr, nullptr), "write",
             path_);
    check_av(avformat_write_header(context_, options.get()), "write", path_);
}

void Muxer::write(AVPacket& packet) {
    const AVRational from = {static_cast<int>(encoder_num_), static_cast<int>(encoder_den_)};
    packet.stream_index = 0;
    av_packet_rescale_ts(&packet, from, context_->streams[0]->time_base);
    check_av(av_interleaved_write_frame(context_, &packet), "write", path_);
}

void Muxer::finish() {
    check_av(av_write_trailer(context_), "write", path_);
    check_av(avio_closep(&context_->pb), "write", path_);
}

}  // namespace stillreel::media
