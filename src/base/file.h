// Files as stillreel writes them: a file is either whole and under its own name, or not there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"

namespace stillreel {

namespace fs = std::filesystem;

/// All bytes of a file. Throws not_found, io (a folder, no permission), or invalid_argument when it is
/// larger than `max_bytes`.
std::vector<std::uint8_t> read_file(const fs::path& path, std::uint64_t max_bytes);
std::string read_text_file(const fs::path& path, std::uint64_t max_bytes);

/// A file that is being written as `<target>.part` and gets its name at commit(). Not committed, it is removed by
/// the destructor. Creates the target's folder. Throws io with the reason (no permission, no space).
class PartFile {
  public:
    static PartFile create(const fs::path& target);

    PartFile(PartFile&& other) noexcept;
    PartFile& operator=(PartFile&& other) noexcept;
    PartFile(const PartFile&) = delete;
    PartFile& operator=(const PartFile&) = delete;
    ~PartFile();

    const fs::path& path() const { return part_; }
    const fs::path& target() const { return target_; }

    /// From now on commit() gives it this name instead, on the same file system. Creates the target's folder.
    void retarget(const fs::path& target);

    /// fsync, then rename onto the target, replacing what is there.
    void commit();
    /// The same, but never over an existing file: returns false, and changes nothing, when the target is taken.
    bool commit_new();

  private:
    PartFile(fs::path target, fs::path part) : target_(std::move(target)), part_(std::move(part)) {}
    void sync() const;

    fs::path target_;
    fs::path part_;
};

/// Writes `bytes` atomically through a PartFile.
void write_file(const fs::path& path, std::string_view bytes);

/// Lower-case hex SHA-256 of bytes, or of a file's content. Throws not_found, io; cancelled once a flag that
/// was given is raised.
std::string sha256_hex(std::string_view bytes);
std::string sha256_hex_of_file(const fs::path& path, const CancelFlag* cancel = nullptr);

/// Bytes that an unprivileged process may still write on the file system that holds `folder` (or its nearest
/// existing parent).
std::uint64_t free_bytes(const fs::path& folder);

/// $STILLREEL_HOME, else $XDG_DATA_HOME/stillreel, else ~/.local/share/stillreel. Not created.
fs::path data_home();

}  // namespace stillreel
