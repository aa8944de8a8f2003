// A folder of files that is there when it is whole, or not at all.
#pragma once

#include <filesystem>

namespace stillreel::weights {

/// `<target>.part`, which becomes `target` at commit() and goes away without it.
class NewFolder {
  public:
    /// Throws invalid_argument when `target` exists and is not empty, io.
    explicit NewFolder(const std::filesystem::path& target);
    ~NewFolder();
    NewFolder(const NewFolder&) = delete;
    NewFolder& operator=(const NewFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    /// Throws io.
    void commit();

  private:
    std::filesystem::path target_;
    std::filesystem::path path_;
};

}  // namespace stillreel::weights
