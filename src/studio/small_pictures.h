// Pictures of pictures and of clips, small enough to show many of them side by side.
#pragma once

#include <filesystem>

#include "base/cancel.h"
#include "image/image.h"

namespace stillreel::studio {

/// `picture` with a long side of at most `side_px`; never enlarged.
image::Image made_small(const image::Image& picture, int side_px);

/// Frame `number` of a clip, from 0. Throws invalid_argument with the numbers that there are; what
/// media::VideoReader throws; cancelled.
image::Image frame_of(const std::filesystem::path& clip, int number, const CancelFlag& cancel);

/// Up to 8 frames from the first to the last, side by side, each with a long side of at most 240 px. Throws
/// as frame_of.
image::Image contact_strip(const std::filesystem::path& clip, const CancelFlag& cancel);

}  // namespace stillreel::studio
