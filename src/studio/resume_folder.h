// Where the finished steps of a clip under way lie, so that the same command goes on after a kill.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/name_claim.h"

namespace stillreel::studio {

/// `<cache>/resume/<fingerprint>`, or with -2, -3 ... where another process makes the same clip just now.
/// Held by this process as long as the object lives; what lies there stays until finish().
class ResumeFolder {
  public:
    /// `fingerprint`: of all that the clip depends on, 64 hex digits; `seed` is the one to use unless an
    /// earlier try left its own. Removes folders that nobody has touched for two weeks. Throws io.
    static ResumeFolder claim(const std::filesystem::path& cache, const std::string& fingerprint,
                              std::uint64_t seed);

    const std::filesystem::path& path() const { return path_; }
    /// The seed of the earlier try, or the given one.
    std::uint64_t seed() const { return seed_; }
    /// True when there was an earlier try.
    bool goes_on() const { return goes_on_; }

    /// The clip is there: removes the folder.
    void finish();

  private:
    ResumeFolder(NameClaim claim, std::filesystem::path path)
        : claim_(std::move(claim)), path_(std::move(path)) {}

    std::optional<NameClaim> claim_;
    std::filesystem::path path_;
    std::uint64_t seed_ = 0;
    bool goes_on_ = false;
};

}  // namespace stillreel::studio
