// Text chunks of PNG files (PNG specification, 11.3.4), which FFmpeg does not write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "media/video.h"

namespace stillreel::media {

/// True when the file begins as a PNG does.
bool is_png(const std::filesystem::path& path);

/// `png` with one iTXt chunk (UTF-8, not compressed) a tag behind its header; "comment" becomes PNG's
/// "Comment".
std::vector<std::uint8_t> with_text(std::span<const std::uint8_t> png, const Tags& tags);

/// The uncompressed iTXt and tEXt chunks before the pixels. Throws corrupt_data on a broken chunk.
Tags png_text(const std::filesystem::path& path);

}  // namespace stillreel::media
