// The hidden folder in which a model is gathered before it gets its name: `<models>/.<name>.partial/files`,
// and beside it a note of what the files are meant to be.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "weights/hub_listing.h"

namespace stillreel::weights {

class Gathering {
  public:
    /// For a model that will be `root`. Touches nothing.
    explicit Gathering(const std::filesystem::path& root);

    /// Keeps what an earlier pull gathered of the same content, removes everything else. Throws io.
    void begin(const std::vector<HubFile>& files);

    /// Takes a file of the model that is there over, without a second copy where the file system allows it.
    void adopt(const std::filesystem::path& root, const std::string& file);

    std::filesystem::path files() const { return folder_ / "files"; }
    std::filesystem::path path(const std::string& file) const { return files() / file; }

    /// Of a file, finished or not; of all of them.
    std::uint64_t bytes(const std::string& file) const;
    std::uint64_t bytes() const;
    /// True when every file is there under its own name.
    bool complete() const;

    void remove();

  private:
    std::filesystem::path folder_;
    std::vector<HubFile> wanted_;
};

}  // namespace stillreel::weights
