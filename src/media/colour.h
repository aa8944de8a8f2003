// Conversions of colour by swscale, exact in rounding and the same on every machine.
#pragma once

#include "image/image.h"
#include "media/av.h"

namespace stillreel::media {

/// Full-range RGBA to a YCbCr format of the same size, BT.709, limited range. `pixel_format` is an
/// AVPixelFormat.
AvPtr<SwsContext> rgba_to_bt709_limited(int width_px, int height_px, int pixel_format);

/// A decoded frame as RGB, by the frame's own matrix and range; where it names none, BT.709 from 720 rows up
/// and BT.601 below, as players do. `scaler` is kept between calls and made when it is empty or does not fit.
image::Image frame_to_rgb(const AVFrame& frame, AvPtr<SwsContext>& scaler);

}  // namespace stillreel::media
