#include "diffusion/free_memory.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

namespace stillreel::diffusion {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

/// The number in a file of one; nothing for "max" or when there is no such file.
std::optional<std::uint64_t> number_in(const fs::path& file) {
    std::uint64_t number = 0;
    std::ifstream in(file);
    if (in >> number) return number;
    return std::nullopt;
}

/// The number behind a word at the beginning of a line.
std::optional<std::uint64_t> number_after(const fs::path& file, const std::string& word) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string first;
        std::uint64_t number = 0;
        if (words >> first >> number && first == word) return number;
    }
    return std::nullopt;
}

/// What a control group still allows: its limit less what it holds and cannot drop.
std::uint64_t left_in_group(const fs::path& group, const char* limit_file, const char* usage_file,
                            const std::string& droppable) {
    const auto limit = number_in(group / limit_file);
    const auto used = number_in(group / usage_file);
    if (!limit || !used) return kUnlimited;
    const std::uint64_t cache = std::min(*used, number_after(group / "memory.stat", droppable).value_or(0));
    const std::uint64_t held = *used - cache;
    return *limit > held ? *limit - held : 0;
}

/// The least of a group and those that it lies in. `place` is relative to `mount`.
template <class Left>
std::uint64_t least_upwards(const fs::path& mount, fs::path place, Left left) {
    std::uint64_t least = left(mount);
    for (; place.has_relative_path(); place = place.parent_path())
        least = std::min(least, left(mount / place.relative_path()));
    return least;
}

std::uint64_t left_in_groups(const fs::path& root) {
    std::uint64_t least = kUnlimited;
    std::ifstream groups(root / "proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        // hierarchy:controllers:path, version 2 has no controllers
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = fmt::format(",{},", line.substr(first + 1, second - first - 1));
        const fs::path place = line.substr(second + 1);
        if (controllers == ",,")
            least = std::min(least, least_upwards(root / "sys/fs/cgroup", place, [](const fs::path& group) {
                                 return left_in_group(group, "memory.max", "memory.current", "inactive_file");
                             }));
        else if (controllers.find(",memory,") != std::string::npos)
            least = std::min(least,
                             least_upwards(root / "sys/fs/cgroup/memory", place, [](const fs::path& group) {
                                 return left_in_group(group, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                                      "total_inactive_file");
                             }));
    }
    return least;
}

}  // namespace

std::uint64_t free_memory_bytes(const fs::path& root) {
    const auto kilobytes = number_after(root / "proc/meminfo", "MemAvailable:");
    const std::uint64_t available = kilobytes ? *kilobytes * 1024 : kUnlimited;
    return std::min(available, left_in_groups(root));
}

}  // namespace stillreel::diffusion
