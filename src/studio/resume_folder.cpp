#include "studio/resume_folder.h"

#include <fmt/core.h>

#include <charconv>
#include <chrono>

#include "base/error.h"
#include "base/file.h"

namespace stillreel::studio {
namespace {

constexpr std::chrono::hours kKept{14 * 24};
constexpr const char* kSeedFile = "seed";

std::optional<std::uint64_t> read_seed(const fs::path& folder) {
    try {
        const std::string text = read_text_file(folder / kSeedFile, 64);
        std::uint64_t seed = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), seed);
        if (read.ec == std::errc{}) return seed;
    } catch (const Error&) {
        return std::nullopt;
    }
    return std::nullopt;
}

/// The youngest change in the folder.
fs::file_time_type touched(const fs::path& folder) {
    std::error_code failed;
    fs::file_time_type latest = fs::last_write_time(folder, failed);
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
        latest = std::max(latest, at->last_write_time(failed));
    return latest;
}

void remove_stale(const fs::path& all) {
    std::error_code failed;
    const auto now = fs::file_time_type::clock::now();
    for (fs::directory_iterator at(all, failed), end; !failed && at != end; at.increment(failed)) {
        if (!at->is_directory(failed) || now - touched(at->path()) < kKept) continue;
        std::error_code ignored;
        if (NameClaim::take(at->path())) fs::remove_all(at->path(), ignored);
    }
}

}  // namespace

ResumeFolder ResumeFolder::claim(const fs::path& cache, const std::string& fingerprint, std::uint64_t seed) {
    const fs::path all = cache / "resume";
    remove_stale(all);
    for (int number = 1;; ++number) {
        const fs::path path = all / (number == 1 ? fingerprint : fmt::format("{}-{}", fingerprint, number));
        auto held = NameClaim::take(path);
        if (!held) continue;
        ResumeFolder folder(std::move(*held), path);
        const auto earlier = read_seed(path);
        folder.seed_ = earlier.value_or(seed);
        folder.goes_on_ = earlier.has_value();
        if (!earlier) write_file(path / kSeedFile, std::to_string(seed));
        return folder;
    }
}

void ResumeFolder::finish() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    claim_.reset();
    fs::remove(path_.parent_path(), ignored);  // where it is empty
}

}  // namespace stillreel::studio
