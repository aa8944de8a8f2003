// ServiceFolders::quick(): files that can be made again, and files that wait for a moment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace stillreel::studio {

constexpr std::uint64_t kQuickCacheBytes = std::uint64_t{2} << 30;

/// Removes what was handed over for a moment and is still there an hour later, then the oldest files until at
/// most `max_bytes` are left. A file that cannot be removed is left.
void tidy_quick_cache(const std::filesystem::path& folder, std::uint64_t max_bytes = kQuickCacheBytes);

/// Removes what was made of this asset.
void forget_asset_pictures(const std::filesystem::path& folder, const std::string& asset);
/// Removes what was made of this clip.
void forget_clip_pictures(const std::filesystem::path& folder, const std::string& clip);

/// "passing-9f...-upload": a name that nobody else has, for a file that is handed over for a moment.
std::string passing_name(const std::string& what);

}  // namespace stillreel::studio
