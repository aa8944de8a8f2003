#include "studio/uploads.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "base/file.h"
#include "base/name_claim.h"

namespace stillreel::studio {

bool is_sha256(const std::string& text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

void UploadStore::keep(const std::string& sha256, const std::string& extension,
                       const std::vector<std::uint8_t>& bytes) const {
    STILLREEL_CHECK(is_sha256(sha256));
    if (find(sha256)) return;
    const fs::path target = folder_ / (sha256 + "." + extension);
    const auto claim = NameClaim::take(target);
    // Held by another process: it is writing the very same bytes.
    if (!claim) return;
    write_file(target, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<fs::path> UploadStore::find(const std::string& sha256) const {
    if (!is_sha256(sha256)) return std::nullopt;
    for (const char* extension : {".jpg", ".png", ".webp"}) {
        const fs::path path = folder_ / (sha256 + extension);
        std::error_code failed;
        if (fs::is_regular_file(path, failed)) return path;
    }
    return std::nullopt;
}

}  // namespace stillreel::studio
