#include <fmt/core.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "image/codec.h"
#include "image/exif.h"

namespace stillreel::image {
namespace {

[[noreturn]] void fail_damaged(const std::string& name) {
    throw Error(ErrorCode::corrupt_data,
                fmt::format("{} is a damaged or truncated WebP; copy it again", name));
}

/// The container of a WebP file and its first frame.
class Container {
  public:
    Container(Bytes bytes, const std::string& name) : name_(name) {
        const WebPData data{bytes.data(), bytes.size()};
        demuxer_.reset(WebPDemux(&data));
        if (!demuxer_ || !WebPDemuxGetFrame(demuxer_.get(), 1, &frame_)) fail_damaged(name);
        if (WebPGetFeatures(frame_.fragment.bytes, frame_.fragment.size, &features_) != VP8_STATUS_OK)
            fail_damaged(name);
    }
    ~Container() { WebPDemuxReleaseIterator(&frame_); }
    Container(const Container&) = delete;
    Container& operator=(const Container&) = delete;

    Size canvas() const {
        return {static_cast<int>(WebPDemuxGetI(demuxer_.get(), WEBP_FF_CANVAS_WIDTH)),
                static_cast<int>(WebPDemuxGetI(demuxer_.get(), WEBP_FF_CANVAS_HEIGHT))};
    }
    const WebPIterator& frame() const { return frame_; }
    bool frame_is_canvas() const {
        return frame_.x_offset == 0 && frame_.y_offset == 0 && Size{frame_.width, frame_.height} == canvas();
    }
    /// Where a frame does not cover the canvas there is nothing.
    Layout layout() const { return features_.has_alpha || !frame_is_canvas() ? Layout::rgba : Layout::rgb; }

    Bytes chunk(const char* type) const {
        WebPChunkIterator chunk = {};
        Bytes content;  // stays valid: it points into the file's bytes
        if (WebPDemuxGetChunk(demuxer_.get(), type, 1, &chunk))
            content = {chunk.chunk.bytes, chunk.chunk.size};
        WebPDemuxReleaseChunkIterator(&chunk);
        return content;
    }

    /// The first frame at the given size.
    std::vector<std::uint8_t> decode_frame(Size size, Layout layout) const {
        WebPDecoderConfig config;
        if (!WebPInitDecoderConfig(&config)) fail_damaged(name_);
        std::vector<std::uint8_t> pixels(static_cast<std::size_t>(size.width_px) * size.height_px *
                                         channels_of(layout));
        config.output.colorspace = layout == Layout::rgba ? MODE_RGBA : MODE_RGB;
        config.output.is_external_memory = 1;
        config.output.u.RGBA.rgba = pixels.data();
        config.output.u.RGBA.stride = size.width_px * channels_of(layout);
        config.output.u.RGBA.size = pixels.size();
        config.options.use_scaling = size != Size{frame_.width, frame_.height};
        config.options.scaled_width = size.width_px;
        config.options.scaled_height = size.height_px;
        const VP8StatusCode status = WebPDecode(frame_.fragment.bytes, frame_.fragment.size, &config);
        if (status == VP8_STATUS_OUT_OF_MEMORY)
            throw Error(ErrorCode::out_of_memory, fmt::format("not enough memory to decode {}", name_));
        if (status != VP8_STATUS_OK) fail_damaged(name_);
        return pixels;
    }

  private:
    struct Release {
        void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
    };
    const std::string& name_;
    std::unique_ptr<WebPDemuxer, Release> demuxer_;
    WebPIterator frame_ = {};
    WebPBitstreamFeatures features_ = {};
};

}  // namespace

FileHeader read_webp_header(Bytes bytes, const std::string& name) {
    const Container container(bytes, name);
    FileHeader header;
    header.format = FileFormat::webp;
    header.stored = container.canvas();
    header.orientation = exif_orientation(container.chunk("EXIF"));
    header.layout = container.layout();
    const Bytes icc = container.chunk("ICCP");
    header.icc.assign(icc.begin(), icc.end());
    return header;
}

void decode_webp(Bytes bytes, const std::string& name, int divisor, const RowSink& sink) {
    const Container container(bytes, name);
    const Size canvas = shrunk(container.canvas(), divisor);
    const Layout layout = container.layout();
    const int channels = channels_of(layout);
    const Size frame = shrunk({container.frame().width, container.frame().height}, divisor);
    const int left = container.frame().x_offset / divisor, top = container.frame().y_offset / divisor;
    const std::vector<std::uint8_t> pixels = container.decode_frame(frame, layout);

    std::vector<std::uint8_t> row(static_cast<std::size_t>(canvas.width_px) * channels);
    const int columns = std::min(frame.width_px, canvas.width_px - left);
    for (int y = 0; y < canvas.height_px; ++y) {
        std::fill(row.begin(), row.end(), std::uint8_t{0});
        if (y >= top && y < top + frame.height_px) {
            const auto from =
                pixels.begin() + static_cast<std::ptrdiff_t>(y - top) * frame.width_px * channels;
            std::copy_n(from, columns * channels, row.begin() + left * channels);
        }
        sink({.y = y, .count = canvas.width_px, .samples = row.data()});
    }
}

}  // namespace stillreel::image
