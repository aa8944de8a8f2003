// Choosing a name for a file that will be written as `<name>.part`, while other processes choose theirs.
#pragma once

#include <filesystem>
#include <optional>

namespace stillreel {

/// Holds `<target>.part`, locked: as long as the claim lives no other process that asks gets the same name. A
/// `.part` that a killed process left behind is no obstacle: its lock died with it. Destroyed, it removes the
/// `.part` if that is still there, and the folders that it made if they are empty.
class NameClaim {
  public:
    /// Nothing when another process holds the name. Whether `target` itself exists is the caller's question.
    /// Makes missing folders. Throws io.
    static std::optional<NameClaim> take(const std::filesystem::path& target);

    NameClaim(NameClaim&& other) noexcept;
    NameClaim& operator=(NameClaim&& other) noexcept;
    NameClaim(const NameClaim&) = delete;
    NameClaim& operator=(const NameClaim&) = delete;
    ~NameClaim();

    const std::filesystem::path& target() const { return target_; }

  private:
    NameClaim() = default;

    std::filesystem::path target_;
    std::filesystem::path first_made_;  // the outermost folder that did not exist before, or empty
    int lock_ = -1;
};

}  // namespace stillreel
