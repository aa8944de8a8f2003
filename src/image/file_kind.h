// What a file is, from its first bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "image/picture_file.h"

namespace stillreel::image {

/// The format of a picture that we read, from the file's first bytes (4 kB are plenty).
/// Throws corrupt_data when there are none, and unsupported for everything else: by its name where we know
/// it, with what to do.
FileFormat picture_format(std::span<const std::uint8_t> head, const std::string& name);

}  // namespace stillreel::image
