#include "base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/digest.h"
#include "base/error.h"

namespace stillreel {
namespace {

[[noreturn]] void throw_errno(const char* doing, const fs::path& path, int error) {
    const ErrorCode code = error == ENOENT ? ErrorCode::not_found : ErrorCode::io;
    throw Error(code, fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(error)));
}

/// An open file descriptor, closed at the end of its scope.
class Descriptor {
  public:
    Descriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }

  private:
    int fd_;
};

std::uint64_t regular_file_size(const Descriptor& file, const fs::path& path) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) throw_errno("read", path, errno);
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorCode::io, fmt::format("{} is not a regular file", path.string()));
    return static_cast<std::uint64_t>(status.st_size);
}

std::size_t read_some(const Descriptor& file, void* into, std::size_t bytes, const fs::path& path) {
    for (;;) {
        const ssize_t got = ::read(file.get(), into, bytes);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) throw_errno("read", path, errno);
    }
}

template <class Bytes>
Bytes read_all(const fs::path& path, std::uint64_t max_bytes) {
    const Descriptor file(path, O_RDONLY);
    if (!file) throw_errno("open", path, errno);
    const std::uint64_t size = regular_file_size(file, path);
    if (size > max_bytes)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} has {} bytes; at most {} are read here", path.string(), size, max_bytes));
    Bytes bytes(size, {});
    std::size_t done = 0;
    while (done < size) {
        const std::size_t got = read_some(file, bytes.data() + done, size - done, path);
        if (got == 0) break;
        done += got;
    }
    bytes.resize(done);
    return bytes;
}

void create_folder_of(const fs::path& target) {
    if (!target.has_parent_path()) return;
    std::error_code failed;
    fs::create_directories(target.parent_path(), failed);
    if (failed)
        throw Error(ErrorCode::io, fmt::format("cannot create the folder {}: {}",
                                               target.parent_path().string(), failed.message()));
}

}  // namespace

std::vector<std::uint8_t> read_file(const fs::path& path, std::uint64_t max_bytes) {
    return read_all<std::vector<std::uint8_t>>(path, max_bytes);
}

std::string read_text_file(const fs::path& path, std::uint64_t max_bytes) {
    return read_all<std::string>(path, max_bytes);
}

PartFile PartFile::create(const fs::path& target) {
    create_folder_of(target);
    fs::path part = target;
    part += ".part";
    const Descriptor file(part, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file)
        throw Error(ErrorCode::io, fmt::format("cannot write {}: {}", part.string(), std::strerror(errno)));
    return PartFile(target, part);
}

PartFile::PartFile(PartFile&& other) noexcept
    : target_(std::move(other.target_)), part_(std::exchange(other.part_, {})) {}

PartFile& PartFile::operator=(PartFile&& other) noexcept {
    std::swap(target_, other.target_);
    std::swap(part_, other.part_);
    return *this;
}

PartFile::~PartFile() {
    if (!part_.empty()) ::unlink(part_.c_str());
}

void PartFile::retarget(const fs::path& target) {
    create_folder_of(target);
    target_ = target;
}

void PartFile::sync() const {
    const Descriptor file(part_, O_WRONLY);
    if (!file || ::fsync(file.get()) != 0) throw_errno("write", part_, errno);
}

void PartFile::commit() {
    sync();
    if (::rename(part_.c_str(), target_.c_str()) != 0) throw_errno("write", target_, errno);
    part_.clear();
}

bool PartFile::commit_new() {
    sync();
    // link() refuses an existing name in one step, where rename() would replace it.
    if (::link(part_.c_str(), target_.c_str()) != 0) {
        if (errno == EEXIST) return false;
        // File systems without hard links (exFAT, some mounts): the check and the rename are two steps there.
        if (fs::exists(target_)) return false;
        commit();
        return true;
    }
    ::unlink(part_.c_str());
    part_.clear();
    return true;
}

void write_file(const fs::path& path, std::string_view bytes) {
    PartFile part = PartFile::create(path);
    {
        std::ofstream out(part.path(), std::ios::binary);
        out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        out.flush();
        if (!out)
            throw Error(ErrorCode::io,
                        fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
    }
    part.commit();
}

std::string sha256_hex(std::string_view bytes) {
    Digest digest = Digest::sha256();
    digest.add(bytes.data(), bytes.size());
    return digest.hex();
}

std::string sha256_hex_of_file(const fs::path& path, const CancelFlag* cancel) {
    const Descriptor file(path, O_RDONLY);
    if (!file) throw_errno("open", path, errno);
    regular_file_size(file, path);
    Digest digest = Digest::sha256();
    std::vector<char> chunk(1 << 20);
    while (const std::size_t got = read_some(file, chunk.data(), chunk.size(), path)) {
        if (cancel) cancel->throw_if_requested();
        digest.add(chunk.data(), got);
    }
    return digest.hex();
}

std::uint64_t free_bytes(const fs::path& folder) {
    fs::path at = fs::absolute(folder);
    while (!fs::exists(at) && at.has_relative_path()) at = at.parent_path();
    std::error_code failed;
    const fs::space_info space = fs::space(at, failed);
    if (failed)
        throw Error(ErrorCode::io,
                    fmt::format("cannot ask for the free space of {}: {}", at.string(), failed.message()));
    return space.available;
}

fs::path data_home() {
    if (const char* home = std::getenv("STILLREEL_HOME"); home && *home) return home;
    if (const char* xdg = std::getenv("XDG_DATA_HOME"); xdg && *xdg) return fs::path(xdg) / "stillreel";
    const char* user = std::getenv("HOME");
    return fs::path(user && *user ? user : ".") / ".local/share/stillreel";
}

}  // namespace stillreel
