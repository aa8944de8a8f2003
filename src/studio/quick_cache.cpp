#include "studio/quick_cache.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <string_view>
#include <system_error>
#include <vector>

namespace stillreel::studio {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::hours kLongestPassing{1};
constexpr std::string_view kPassing = "passing-";

struct Entry {
    fs::path path;
    fs::file_time_type written;
    std::uint64_t bytes = 0;
};

std::vector<Entry> entries_of(const fs::path& folder) {
    std::vector<Entry> entries;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
        std::error_code gone;
        if (!fs::is_regular_file(at->symlink_status(gone))) continue;
        const Entry entry{at->path(), at->last_write_time(gone), at->file_size(gone)};
        if (!gone) entries.push_back(entry);
    }
    return entries;
}

void remove_beginning(const fs::path& folder, const std::string& beginning) {
    for (const Entry& entry : entries_of(folder))
        if (entry.path.filename().string().starts_with(beginning)) {
            std::error_code ignored;
            fs::remove(entry.path, ignored);
        }
}

}  // namespace

void tidy_quick_cache(const fs::path& folder, std::uint64_t max_bytes) {
    std::vector<Entry> entries = entries_of(folder);
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.written < b.written; });
    std::uint64_t bytes = 0;
    for (const Entry& entry : entries) bytes += entry.bytes;
    const auto too_old = fs::file_time_type::clock::now() - kLongestPassing;
    for (const Entry& entry : entries) {
        const bool left_behind =
            entry.path.filename().string().starts_with(kPassing) && entry.written < too_old;
        if (!left_behind && bytes <= max_bytes) continue;
        std::error_code failed;
        if (fs::remove(entry.path, failed)) bytes -= entry.bytes;
    }
}

void forget_asset_pictures(const fs::path& folder, const std::string& asset) {
    remove_beginning(folder, fmt::format("asset-{}", asset));
}

void forget_clip_pictures(const fs::path& folder, const std::string& clip) {
    remove_beginning(folder, fmt::format("clip-{}-", clip));
}

std::string passing_name(const std::string& what) {
    std::random_device device;
    return fmt::format("{}{:08x}{:08x}{:08x}-{}", kPassing, device(), device(), device(), what);
}

}  // namespace stillreel::studio
