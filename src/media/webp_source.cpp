#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"
#include "media/av.h"
#include "media/colour.h"
#include "media/frame_source.h"
#include "media/webp_file.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace stillreel::media {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxPixels = 100'000'000;

class WebpSource final : public FrameSource {
  public:
    explicit WebpSource(const fs::path& path)
        : path_(path),
          layout_(read_webp_layout(path)),
          in_(path, std::ios::binary),
          frame_(new_frame()),
          packet_(new_packet()) {
        if (static_cast<std::int64_t>(layout_.width_px) * layout_.height_px > kMaxPixels)
            corrupt("it is too large");
        std::int64_t duration_ms = 0;
        for (const WebpFrame& frame : layout_.frames) duration_ms += frame.duration_ms;
        facts_.container = facts_.codec = "webp";
        facts_.colour = "unknown";
        facts_.width_px = layout_.width_px;
        facts_.height_px = layout_.height_px;
        facts_.frames = static_cast<std::int64_t>(layout_.frames.size());
        facts_.duration_s = static_cast<double>(duration_ms) / 1000;
        facts_.bytes = static_cast<std::int64_t>(fs::file_size(path));
        facts_.tags = layout_.tags;
        if (duration_ms > 0) facts_.fps = make_rational(facts_.frames * 1000, duration_ms);
        const AVCodec* codec = avcodec_find_decoder(AV_CODEC_ID_WEBP);
        if (!codec) throw Error(ErrorCode::unsupported, "the FFmpeg libraries here have no decoder webp");
        decoder_.reset(avcodec_alloc_context3(codec));
        if (!decoder_) throw Error(ErrorCode::out_of_memory, "not enough memory for a video decoder");
        decoder_->max_pixels = kMaxPixels;
        decoder_->thread_count = 1;
        if (avcodec_open2(decoder_.get(), codec, nullptr) < 0) corrupt("its decoder does not start");
    }

    std::optional<image::Image> read() override {
        if (next_ == layout_.frames.size()) return std::nullopt;
        const WebpFrame& frame = layout_.frames[next_++];
        if (canvas_.empty()) canvas_ = image::Image(layout_.width_px, layout_.height_px, 3);
        const image::Image picture = decode(frame);
        for (int y = 0; y < frame.height_px; ++y)
            std::copy_n(picture.row(y), picture.stride(), canvas_.at(frame.x, frame.y + y));
        image::Image shown = canvas_;
        if (frame.cleared_afterwards)
            for (int y = 0; y < frame.height_px; ++y)
                std::fill_n(canvas_.at(frame.x, frame.y + y), picture.stride(), 0);
        return shown;
    }

  private:
    [[noreturn]] void corrupt(const std::string& reason) {
        throw Error(ErrorCode::corrupt_data,
                    fmt::format("{} is not a WebP that can be read: {}", path_.string(), reason));
    }

    image::Image decode(const WebpFrame& frame) {
        const AvErrorLines lines;
        std::string chunks(frame.bytes, '\0');
        in_.seekg(static_cast<std::streamoff>(frame.offset));
        if (!in_.read(chunks.data(), frame.bytes)) corrupt("it is cut short");
        if (frame.blended && has_alpha(chunks))
            throw Error(ErrorCode::unsupported, fmt::format("{} has frames that are laid over each other by "
                                                            "transparency, which stillreel does not read",
                                                            path_.string()));
        // A picture of its own, as the decoder expects it: the alpha chunk, dropped here, would need VP8X.
        if (chunks.starts_with("ALPH")) chunks.erase(0, skipped_bytes(chunks));
        const auto size = static_cast<std::uint32_t>(chunks.size() + 4);
        std::string still = "RIFF";
        for (int shift = 0; shift < 32; shift += 8) still += static_cast<char>(size >> shift & 255);
        still += "WEBP" + chunks;
        if (av_new_packet(packet_.get(), static_cast<int>(still.size())) < 0)
            throw Error(ErrorCode::out_of_memory, "not enough memory for a video packet");
        std::memcpy(packet_->data, still.data(), still.size());
        int result = avcodec_send_packet(decoder_.get(), packet_.get());
        av_packet_unref(packet_.get());
        if (result >= 0) result = avcodec_receive_frame(decoder_.get(), frame_.get());
        if (result < 0) corrupt(lines.last_or(av_reason(result)));
        if (frame_->width != frame.width_px || frame_->height != frame.height_px)
            corrupt("a picture has another size than its frame");
        frame_->colorspace = AVCOL_SPC_SMPTE170M;  // what WebP's lossy pictures are, by specification
        return frame_to_rgb(*frame_, scaler_);
    }

    static bool has_alpha(const std::string& chunks) {
        if (chunks.starts_with("ALPH")) return true;
        constexpr std::size_t kAlphaByte =
            12;  // of VP8L: chunk head, signature, 28 bits of size, then the flag
        return chunks.starts_with("VP8L") && chunks.size() > kAlphaByte && (chunks[kAlphaByte] & 0x10);
    }

    std::size_t skipped_bytes(const std::string& chunks) {
        if (chunks.size() < 8) corrupt("it is cut short");
        std::size_t size = 0;
        for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<std::uint8_t>(chunks[4 + i]);
        const std::size_t whole = 8 + size + size % 2;
        if (whole >= chunks.size()) corrupt("a frame holds no picture");
        return whole;
    }

    fs::path path_;
    WebpLayout layout_;
    std::ifstream in_;
    AvPtr<AVCodecContext> decoder_;
    AvPtr<AVFrame> frame_;
    AvPtr<AVPacket> packet_;
    AvPtr<SwsContext> scaler_;
    image::Image canvas_;
    std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<FrameSource> open_webp_source(const fs::path& path) {
    return std::make_unique<WebpSource>(path);
}

}  // namespace stillreel::media
