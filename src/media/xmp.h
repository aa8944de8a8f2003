// The tags "comment" and "AIGC" as an XMP packet (ISO 16684-1): dc:description, and AIGC in the name space
// that China's practice guide to GB 45438-2025 gives to pictures.
#pragma once

#include <string>

#include "media/video.h"

namespace stillreel::media {

/// Empty when neither tag is there.
std::string xmp_from_tags(const Tags& tags);
/// Reads what xmp_from_tags writes; of other XMP what has the same form.
Tags tags_from_xmp(const std::string& xmp);

}  // namespace stillreel::media
