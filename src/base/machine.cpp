#include "base/machine.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace stillreel {
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

/// Of the groups of this process and those around them, the least of what `unified` (version 2) and `memory`
/// (version 1) say of one.
template <class Unified, class Memory>
std::uint64_t least_of_groups(const fs::path& root, Unified unified, Memory memory) {
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
            least = std::min(least, least_upwards(root / "sys/fs/cgroup", place, unified));
        else if (controllers.find(",memory,") != std::string::npos)
            least = std::min(least, least_upwards(root / "sys/fs/cgroup/memory", place, memory));
    }
    return least;
}

}  // namespace

std::uint64_t free_memory_bytes(const fs::path& root) {
    const auto kilobytes = number_after(root / "proc/meminfo", "MemAvailable:");
    const std::uint64_t available = kilobytes ? *kilobytes * 1024 : kUnlimited;
    const std::uint64_t left = least_of_groups(
        root,
        [](const fs::path& group) {
            return left_in_group(group, "memory.max", "memory.current", "inactive_file");
        },
        [](const fs::path& group) {
            return left_in_group(group, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                 "total_inactive_file");
        });
    return std::min(available, left);
}

std::uint64_t total_memory_bytes(const fs::path& root) {
    const auto kilobytes = number_after(root / "proc/meminfo", "MemTotal:");
    const std::uint64_t whole = kilobytes ? *kilobytes * 1024 : kUnlimited;
    const auto limit_in = [](const char* file) {
        return [file](const fs::path& group) { return number_in(group / file).value_or(kUnlimited); };
    };
    return std::min(whole, least_of_groups(root, limit_in("memory.max"), limit_in("memory.limit_in_bytes")));
}

std::uint64_t disk_bytes(const fs::path& folder) {
    std::error_code failed;
    fs::path at = fs::absolute(folder, failed);
    while (!fs::exists(at, failed) && at.has_relative_path()) at = at.parent_path();
    const fs::space_info space = fs::space(at, failed);
    return failed ? 0 : space.capacity;
}

ProcessFacts process_facts() {
    ProcessFacts facts;
    std::ifstream in("/proc/self/stat");
    std::string text((std::istreambuf_iterator<char>(in)), {});
    // Behind the program's name, which may hold anything: state is the third field of proc(5).
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
    std::vector<std::string> values{std::istream_iterator<std::string>(fields), {}};
    const auto field = [&](std::size_t number) {
        return values.size() + 2 < number ? 0ull : std::strtoull(values[number - 3].c_str(), nullptr, 10);
    };
    facts.cpu_seconds =
        static_cast<double>(field(14) + field(15)) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    facts.threads = static_cast<int>(field(20));
    facts.virtual_bytes = field(23);
    facts.resident_bytes = field(24) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::error_code failed;
    for (fs::directory_iterator at("/proc/self/fd", failed), end; !failed && at != end; at.increment(failed))
        ++facts.open_files;
    return facts;
}

std::uint64_t peak_rss_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace stillreel
