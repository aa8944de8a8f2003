#include "media/colour.h"

#include "base/error.h"

extern "C" {
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

namespace stillreel::media {
namespace {

constexpr int kExact =
    SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
constexpr int kUnity = 1 << 16;

void set_colours(SwsContext* scaler, int source_matrix, bool source_full, int target_matrix,
                 bool target_full) {
    sws_setColorspaceDetails(scaler, sws_getCoefficients(source_matrix), source_full,
                             sws_getCoefficients(target_matrix), target_full, 0, kUnity, kUnity);
}

int matrix_of(const AVFrame& frame) {
    switch (frame.colorspace) {
        case AVCOL_SPC_BT709:
            return SWS_CS_ITU709;
        case AVCOL_SPC_FCC:
            return SWS_CS_FCC;
        case AVCOL_SPC_SMPTE240M:
            return SWS_CS_SMPTE240M;
        case AVCOL_SPC_BT470BG:
        case AVCOL_SPC_SMPTE170M:
            return SWS_CS_ITU601;
        case AVCOL_SPC_BT2020_NCL:
        case AVCOL_SPC_BT2020_CL:
            return SWS_CS_BT2020;
        default:
            return frame.height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
    }
}

}  // namespace

AvPtr<SwsContext> rgba_to_bt709_limited(int width_px, int height_px, int pixel_format) {
    AvPtr<SwsContext> scaler(sws_getContext(width_px, height_px, AV_PIX_FMT_RGBA, width_px, height_px,
                                            static_cast<AVPixelFormat>(pixel_format), kExact, nullptr,
                                            nullptr, nullptr));
    if (!scaler) throw Error(ErrorCode::out_of_memory, "not enough memory for a colour conversion");
    set_colours(scaler.get(), SWS_CS_DEFAULT, true, SWS_CS_ITU709, false);
    return scaler;
}

image::Image frame_to_rgb(const AVFrame& frame, AvPtr<SwsContext>& scaler) {
    const auto format = static_cast<AVPixelFormat>(frame.format);
    scaler.reset(sws_getCachedContext(scaler.release(), frame.width, frame.height, format, frame.width,
                                      frame.height, AV_PIX_FMT_RGB24, kExact, nullptr, nullptr, nullptr));
    if (!scaler) throw Error(ErrorCode::unsupported, "this video's pixel format cannot be converted to RGB");
    const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(format);
    const bool full = frame.color_range == AVCOL_RANGE_JPEG || (description->flags & AV_PIX_FMT_FLAG_RGB);
    set_colours(scaler.get(), matrix_of(frame), full, SWS_CS_DEFAULT, true);
    image::Image picture(frame.width, frame.height, 3);
    std::uint8_t* pixels = picture.pixels.data();
    const int stride = static_cast<int>(picture.stride());
    sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, &pixels, &stride);
    return picture;
}

}  // namespace stillreel::media
