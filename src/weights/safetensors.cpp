#include "weights/safetensors.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace stillreel::weights {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_errno(const char* doing, const fs::path& path, int error) {
    const ErrorCode code = error == ENOENT ? ErrorCode::not_found : ErrorCode::io;
    throw Error(code, fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(error)));
}

std::uint64_t regular_size(int descriptor, const fs::path& path) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) throw_errno("read", path, errno);
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorCode::io, fmt::format("{} is not a regular file", path.string()));
    return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const fs::path& path) {
    // O_NONBLOCK: a named pipe of this name must not make us wait for a writer.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) throw_errno("open", path, errno);
    SafetensorsFile file(path, descriptor);
    file.bytes_ = regular_size(descriptor, path);
    if (file.bytes_ > 0) {
        void* mapped = ::mmap(nullptr, file.bytes_, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (mapped == MAP_FAILED) throw_errno("map", path, errno);
        file.data_ = static_cast<std::byte*>(mapped);
    }
    file.header_ = parse_safetensors_header({file.data_, file.bytes_}, path.string());
    return file;
}

SafetensorsFile::SafetensorsFile(fs::path path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor) {}

SafetensorsFile::SafetensorsFile(SafetensorsFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      header_(std::move(other.header_)) {}

SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(descriptor_, other.descriptor_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(header_, other.header_);
    return *this;
}

SafetensorsFile::~SafetensorsFile() {
    if (data_) ::munmap(data_, bytes_);
    if (descriptor_ >= 0) ::close(descriptor_);
}

const StoredTensor* SafetensorsFile::find(const std::string& name) const {
    const auto found = header_.tensors.find(name);
    return found == header_.tensors.end() ? nullptr : &found->second;
}

tensor::WeightData SafetensorsFile::weight(const std::string& name) const {
    const StoredTensor* stored = find(name);
    STILLREEL_CHECK(stored != nullptr);
    const auto type = type_of_safetensors_name(stored->type);
    if (!type)
        throw Error(ErrorCode::unsupported,
                    fmt::format("{}: tensor {} holds {}, which is not supported: expected F32, F16 or BF16",
                                path_.string(), shown_name(name), stored->type));
    if (stored->shape.size() > tensor::Shape::kMaxRank)
        throw Error(ErrorCode::unsupported,
                    fmt::format("{}: tensor {} has {} dimensions, at most {} are supported", path_.string(),
                                shown_name(name), stored->shape.size(), tensor::Shape::kMaxRank));
    if (regular_size(descriptor_, path_) < stored->end)
        throw Error(
            ErrorCode::corrupt_data,
            fmt::format("{}: the file has been cut while it was in use: fetch it again", path_.string()));
    return {*type, tensor::Shape(std::span<const std::int64_t>(stored->shape)), data_ + stored->begin};
}

void SafetensorsFile::release(const std::string& name) const {
    const StoredTensor* stored = find(name);
    STILLREEL_CHECK(stored != nullptr);
    if (stored->bytes() == 0) return;
    // Outwards to whole pages: a neighbour's numbers on a shared page come back from the file when needed.
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t begin = stored->begin / page * page;
    ::madvise(data_ + begin, stored->end - begin, MADV_DONTNEED);
}

}  // namespace stillreel::weights
