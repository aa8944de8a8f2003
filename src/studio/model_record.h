// Which model made a clip: its name and the checksums of its files, never where it lies.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/cancel.h"

namespace stillreel::studio {

struct ModelRecord {
    std::string name;                          // "i2vgen-xl", or the base name of a folder
    std::map<std::string, std::string> files;  // path inside of the model -> SHA-256, lower-case hex
    friend bool operator==(const ModelRecord&, const ModelRecord&) = default;
};

/// SHA-256 of files that are large and hardly ever change, remembered in `<cache>/checksums.json` by path,
/// size and time of change. A file of the Hugging Face cache is not read: its blob is named by its checksum.
class ChecksumCache {
  public:
    /// An empty `cache` remembers nothing. A damaged file is like none.
    explicit ChecksumCache(const std::filesystem::path& cache);

    /// Throws not_found, io; cancelled.
    std::string sha256_of(const std::filesystem::path& file, const CancelFlag& cancel);

    /// Writes what is new. That it cannot is no error: the sums are worked out again.
    void save() const;

  private:
    struct Entry {
        std::uint64_t bytes = 0;
        std::int64_t changed_ns = 0;
        std::string sha256;
    };
    std::filesystem::path file_;
    std::map<std::string, Entry> entries_;
    bool changed_ = false;
};

/// The record of the model in `root`: of `weight_files` (an
/// index stands for its shards) and of every small file (JSON, text) beside and below
/// it. `name` may be a path; its last part is kept.
ModelRecord record_of_model(const std::string& name, const std::filesystem::path& root,
                            const std::vector<std::filesystem::path>& weight_files, ChecksumCache& checksums,
                            const CancelFlag& cancel);

/// The first file in which the two differ, as a clause: "unet/... differs", "has no vae/..."; empty when they
/// are the same model.
std::string difference(const ModelRecord& recorded, const ModelRecord& found);

}  // namespace stillreel::studio
