// Which picture libraries are in use, for `stillreel doctor`.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace stillreel::image {

/// Library and version: {"libpng", "1.6.39"}.
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace stillreel::image
