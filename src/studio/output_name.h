// Where a clip goes: a name that nobody else has.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/name_claim.h"

namespace stillreel::studio {

/// $STILLREEL_OUTPUTS, else ./outputs.
std::filesystem::path default_outputs();

/// A claim on `<folder>/video_<stamp>.mp4`, or with -2, -3 ... before the extension where that exists or is
/// being written. Throws io.
NameClaim claim_fresh_name(const std::filesystem::path& folder, const std::string& stamp);

/// Throws io naming the folder when a file could not be written there: the folder, or the nearest one above
/// it that exists, must be a folder that this user may write into, with `needed_bytes` free. Writes nothing.
void check_writable(const std::filesystem::path& folder, std::uint64_t needed_bytes);

/// The file that frame `number` of an output lies in: the clip itself, or a picture of a PNG sequence, named
/// as the VideoWriter names it.
std::filesystem::path file_of_frame(const std::filesystem::path& output, int number);

}  // namespace stillreel::studio
