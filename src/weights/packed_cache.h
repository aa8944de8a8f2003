// Packed weights kept on disk from one run to the next, so that a large tower is ready as fast as its file
// can be read. A file is whole and belongs to exactly these weights, this program and this machine, or it is
// not used: what is stale or damaged is removed and written anew by the next run. Nothing here ever stops a
// clip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "tensor/backend.h"

namespace stillreel::weights {

struct PackedCacheRequest {
    std::filesystem::path file;
    std::string title;                             // for lists: "unet of i2vgen-xl, f32"
    std::string key;                               // all that the numbers depend on
    std::uint64_t bytes = 0;                       // that the packed weights will have: room for a new file
    std::function<void(const std::string&)> note;  // a line for the user; may be empty
    std::function<std::uint64_t(const std::filesystem::path&)> free_space = free_bytes;
};

class PackedCache final : public tensor::PackedStore {
  public:
    explicit PackedCache(PackedCacheRequest request);
    ~PackedCache() override;

    bool restore(tensor::Packed& empty, ThreadPool& pool) override;
    void keep(tensor::Packed& packed, ThreadPool& pool) override;

    /// All weights have been asked for: a new file gets its name. Without it nothing is left.
    void finish();

  private:
    struct State;
    void note(const std::string& line) const;
    void open();
    void give_up(const std::string& why);
    void begin_file();

    PackedCacheRequest request_;
    std::unique_ptr<State> state_;
};

struct PackedCacheFile {
    std::filesystem::path path;
    std::string title;  // empty: damaged
    std::uint64_t bytes = 0;
};

/// The files of packed weights in a folder, by name. Throws nothing: a folder that is not there is empty.
std::vector<PackedCacheFile> packed_cache_files(const std::filesystem::path& folder);

/// The extension of such files, with its dot.
inline constexpr const char* kPackedExtension = ".packed";

}  // namespace stillreel::weights
