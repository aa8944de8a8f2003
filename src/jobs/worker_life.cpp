#include "jobs/worker_life.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace stillreel::jobs {
namespace fs = std::filesystem;
namespace {

fs::path lock_file(const fs::path& folder, const std::string& worker) { return folder / (worker + ".lock"); }

struct flock whole_file() {
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    return range;
}

/// A lock of the open file, not of the process: it excludes other openings in the same process too.
bool lock(int file) {
    struct flock range = whole_file();
    return ::fcntl(file, F_OFD_SETLK, &range) == 0;
}

bool is_named(int file, const fs::path& path) {
    struct stat mine {
    }, named{};
    return ::fstat(file, &mine) == 0 && ::stat(path.c_str(), &named) == 0 && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
}

bool held(const fs::path& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    // Only a missing file is proof: with too many files open, say, everybody else would seem dead.
    if (file < 0) return errno != ENOENT;
    struct flock range = whole_file();
    const bool free = ::fcntl(file, F_OFD_GETLK, &range) == 0 && range.l_type == F_UNLCK;
    ::close(file);
    return !free;
}

/// Whoever removes a lock file holds its lock, so that nobody who is just taking it loses it.
void clear_away_dead(const fs::path& folder) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        if (entry.path().extension() != ".lock") continue;
        const int file = ::open(entry.path().c_str(), O_RDWR | O_CLOEXEC);
        if (file < 0) continue;
        if (lock(file) && is_named(file, entry.path())) ::unlink(entry.path().c_str());
        ::close(file);
    }
}

}  // namespace

WorkerLife WorkerLife::begin(const fs::path& folder, const std::string& worker) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    const fs::path path = lock_file(folder, worker);
    if (failed)
        throw Error(ErrorCode::io,
                    fmt::format("cannot create the folder {}: {}", folder.string(), failed.message()));
    clear_away_dead(folder);
    // Somebody who clears away may hold the lock for an instant, or remove the file between open and lock.
    for (int tries = 0; tries < 100; ++tries) {
        const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (file < 0)
            throw Error(ErrorCode::io,
                        fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
        if (lock(file) && is_named(file, path)) {
            WorkerLife life;
            life.file_ = path;
            life.lock_ = file;
            return life;
        }
        ::close(file);
        ::usleep(1000);
    }
    throw Error(ErrorCode::busy,
                fmt::format("a worker named {} is running already: give this one another name", worker));
}

WorkerLife::WorkerLife(WorkerLife&& other) noexcept
    : file_(std::move(other.file_)), lock_(std::exchange(other.lock_, -1)) {}

WorkerLife& WorkerLife::operator=(WorkerLife&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(lock_, other.lock_);
    return *this;
}

WorkerLife::~WorkerLife() {
    if (lock_ < 0) return;
    ::unlink(file_.c_str());
    ::close(lock_);
}

bool alive(const fs::path& folder, const std::string& worker) { return held(lock_file(folder, worker)); }

std::string fresh_worker_name() {
    return fmt::format("worker-{}-{:08x}", ::getpid(), fresh_seed() & 0xffffffffu);
}

}  // namespace stillreel::jobs
