// The originals that clips were made from, kept by content: `<sha256>.<ext>`, so that a clip can be repeated
// after its picture was moved, renamed or changed. A file lies there once, however many clips use it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stillreel::studio {

class UploadStore {
  public:
    /// The folder need not exist yet.
    explicit UploadStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Puts a file there unless it is there already, whole or not at all. `extension` without the dot. Throws
    /// io.
    void keep(const std::string& sha256, const std::string& extension,
              const std::vector<std::uint8_t>& bytes) const;

    /// The file with this content, or nothing.
    std::optional<std::filesystem::path> find(const std::string& sha256) const;

    const std::filesystem::path& folder() const { return folder_; }

  private:
    std::filesystem::path folder_;
};

/// True for 64 lower-case hex digits: what may become part of a path.
bool is_sha256(const std::string& text);

}  // namespace stillreel::studio
