// RGBA to the 4:2:0 picture that an H.264 encoder takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/video.h"

namespace stillreel::media {

struct Yuv420Planes {
    std::uint8_t* y = nullptr;
    std::uint8_t* u = nullptr;
    std::uint8_t* v = nullptr;
    std::ptrdiff_t y_stride_bytes = 0;
    std::ptrdiff_t u_stride_bytes = 0;
    std::ptrdiff_t v_stride_bytes = 0;
};

/// Full-range RGB to BT.709 limited range (Y 16 to 235, U and V 16 to 240), in whole numbers only, so that
/// every machine gives the same bits:
///   Y = round(16 + 219/255 * (0.2126 R + 0.7152 G + 0.0722 B)), coefficients rounded to 1/65536;
///   U, V: of the colour weighted (1 2 1)/4 across and (1 1)/2 down around the even columns (edges repeated),
///   which is where H.264 places its chroma samples ("left"); coefficients rounded to 1/32768, rounded once
///   at the end.
class Yuv420Converter {
  public:
    /// `width_px` even, at least 2.
    explicit Yuv420Converter(int width_px);
    /// `frame` of the constructor's width and an even height; alpha is ignored.
    void convert(const FrameView& frame, const Yuv420Planes& planes);

  private:
    int width_px_;
    // U and V before the filter across, of one pair of rows; [0] repeats the left edge.
    std::vector<std::int32_t> u_row_;
    std::vector<std::int32_t> v_row_;
};

}  // namespace stillreel::media
