// The pictures that a command line names: files as they are, folders as the pictures in them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace stillreel::app {

/// By its name: .jpg, .jpeg, .png or .webp in any case, and not hidden.
bool looks_like_picture(const std::filesystem::path& path);

/// In the order given, a folder's pictures (.jpg, .jpeg, .png, .webp, not hidden ones, not in subfolders) by
/// name. Throws not_found for a missing file and for a folder without pictures.
std::vector<std::filesystem::path> list_pictures(const std::vector<std::string>& arguments);

}  // namespace stillreel::app
