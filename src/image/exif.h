// The one thing that we want from EXIF: which way is up.
#pragma once

#include <cstdint>
#include <span>

namespace stillreel::image {

/// Orientation 1 to 8 of an EXIF block: a TIFF structure, with or without "Exif\0\0" before it. 1 when it has
/// none or is broken: a picture is never refused for its EXIF.
int exif_orientation(std::span<const std::uint8_t> exif);

}  // namespace stillreel::image
