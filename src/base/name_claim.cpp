#include "base/name_claim.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace stillreel {
namespace fs = std::filesystem;
namespace {

fs::path part_of(const fs::path& target) {
    fs::path part = target;
    part += ".part";
    return part;
}

/// Makes the folder and its parents. Returns the outermost one that was missing, or an empty path.
fs::path make_folder(const fs::path& folder) {
    fs::path missing;
    for (fs::path at = folder; !at.empty() && !fs::exists(at); at = at.parent_path()) {
        missing = at;
        if (at == at.root_path()) break;
    }
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed)
        throw Error(ErrorCode::io,
                    fmt::format("cannot create the folder {}: {}", folder.string(), failed.message()));
    return missing;
}

/// rmdir from `folder` up to `outermost`, as far as they are empty.
void remove_empty(fs::path folder, const fs::path& outermost) {
    while (::rmdir(folder.c_str()) == 0 && folder != outermost) folder = folder.parent_path();
}

}  // namespace

std::optional<NameClaim> NameClaim::take(const fs::path& target) {
    NameClaim claim;
    claim.target_ = fs::absolute(target).lexically_normal();
    claim.first_made_ = make_folder(claim.target_.parent_path());
    const fs::path part = part_of(claim.target_);
    for (;;) {
        claim.lock_ = ::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (claim.lock_ < 0) {
            const int error = errno;
            if (!claim.first_made_.empty()) remove_empty(claim.target_.parent_path(), claim.first_made_);
            claim.first_made_.clear();
            throw Error(ErrorCode::io,
                        fmt::format("cannot write {}: {}", part.string(), std::strerror(error)));
        }
        if (::flock(claim.lock_, LOCK_EX | LOCK_NB) != 0) {
            ::close(std::exchange(claim.lock_, -1));
            return std::nullopt;
        }
        // The holder before us may have renamed or removed the file between our open and our lock.
        struct stat mine {
        }, named{};
        const bool same = ::fstat(claim.lock_, &mine) == 0 && ::stat(part.c_str(), &named) == 0 &&
                          mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
        if (same) return claim;
        ::close(std::exchange(claim.lock_, -1));
    }
}

NameClaim::NameClaim(NameClaim&& other) noexcept
    : target_(std::move(other.target_)),
      first_made_(std::move(other.first_made_)),
      lock_(std::exchange(other.lock_, -1)) {}

NameClaim& NameClaim::operator=(NameClaim&& other) noexcept {
    std::swap(target_, other.target_);
    std::swap(first_made_, other.first_made_);
    std::swap(lock_, other.lock_);
    return *this;
}

NameClaim::~NameClaim() {
    if (lock_ < 0) return;
    const fs::path part = part_of(target_);
    struct stat mine {
    }, named{};
    if (::fstat(lock_, &mine) == 0 && ::stat(part.c_str(), &named) == 0 && mine.st_ino == named.st_ino)
        ::unlink(part.c_str());
    ::close(lock_);
    if (!first_made_.empty()) remove_empty(target_.parent_path(), first_made_);
}

}  // namespace stillreel
