// Reference data that lies beside the project, where there is any: ../shared, or the folder that
// $STILLREEL_SHARED names. Tests that need it skip without it.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace stillreel::testing {

/// The folder with goldens/; it may not exist.
inline std::filesystem::path shared_folder() {
    if (const char* named = std::getenv("STILLREEL_SHARED")) return named;
    return std::filesystem::path(STILLREEL_SOURCE_DIR).parent_path() / "shared";
}

}  // namespace stillreel::testing
