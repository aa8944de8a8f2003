#include "studio/output_name.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "media/sequence.h"
#include "media/video.h"

namespace stillreel::studio {

fs::path default_outputs() {
    if (const char* folder = std::getenv("STILLREEL_OUTPUTS"); folder && *folder) return folder;
    return "outputs";
}

NameClaim claim_fresh_name(const fs::path& folder, const std::string& stamp) {
    for (int number = 1;; ++number) {
        const std::string suffix = number == 1 ? "" : fmt::format("-{}", number);
        auto claim = NameClaim::take(folder / fmt::format("video_{}{}.mp4", stamp, suffix));
        // Asked after the claim: a finished clip of another process is seen by now, an unfinished one holds
        // its claim.
        if (claim && !fs::exists(fs::symlink_status(claim->target()))) return std::move(*claim);
    }
}

void check_writable(const fs::path& folder, std::uint64_t needed_bytes) {
    fs::path at = fs::absolute(folder).lexically_normal();
    std::error_code failed;
    while (!fs::exists(at, failed) && at.has_relative_path()) at = at.parent_path();
    if (!fs::is_directory(at, failed))
        throw Error(ErrorCode::io,
                    fmt::format("cannot write into {}: {} is not a folder", folder.string(), at.string()));
    if (::access(at.c_str(), W_OK | X_OK) != 0)
        throw Error(ErrorCode::io,
                    fmt::format("cannot write into {}: no permission; choose another place with -o",
                                folder.string()));
    const std::uint64_t available = free_bytes(at);
    if (available < needed_bytes)
        throw Error(ErrorCode::io,
                    fmt::format("{} has {:.1f} MB left and the clip needs about {:.1f} MB: make room, or "
                                "choose another place with -o",
                                folder.string(), static_cast<double>(available) / 1e6,
                                static_cast<double>(needed_bytes) / 1e6));
}

fs::path file_of_frame(const fs::path& output, int number) {
    if (media::format_of(output) != media::Format::png_sequence) return output;
    return media::SequenceNames(output).frame(number);
}

}  // namespace stillreel::studio
