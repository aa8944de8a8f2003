// A safetensors file in memory: mapped read-only, so that only what is read takes room.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "weights/safetensors_header.h"

namespace stillreel::weights {

class SafetensorsFile {
  public:
    /// Maps the file and checks its whole header (safetensors_header.h). Throws not_found, io, corrupt_data.
    static SafetensorsFile open(const std::filesystem::path& path);

    SafetensorsFile(SafetensorsFile&& other) noexcept;
    SafetensorsFile& operator=(SafetensorsFile&& other) noexcept;
    SafetensorsFile(const SafetensorsFile&) = delete;
    SafetensorsFile& operator=(const SafetensorsFile&) = delete;
    ~SafetensorsFile();

    const std::filesystem::path& path() const { return path_; }
    /// All tensors by name, of whatever type.
    const std::map<std::string, StoredTensor>& tensors() const { return header_.tensors; }
    const std::map<std::string, std::string>& metadata() const { return header_.metadata; }
    std::uint64_t bytes() const { return bytes_; }

    /// Null when there is none.
    const StoredTensor* find(const std::string& name) const;

    /// A tensor's numbers where they lie (any alignment), until this object goes away. Throws unsupported for
    /// a type that is not computed with, or more than 5 dimensions; corrupt_data when the file has been cut
    /// since it was opened: the system would end a process that reads behind a file's end (SIGBUS). A file
    /// that is cut after this check is beyond help.
    tensor::WeightData weight(const std::string& name) const;

    /// Gives a tensor's pages back to the system; they are read again when somebody looks.
    void release(const std::string& name) const;

  private:
    SafetensorsFile(std::filesystem::path path, int descriptor);

    std::filesystem::path path_;
    int descriptor_ = -1;  // kept to see whether the file still has its length
    std::byte* data_ = nullptr;
    std::uint64_t bytes_ = 0;
    SafetensorsHeader header_;
};

}  // namespace stillreel::weights
