#include "media/placing.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "media/sequence.h"

namespace stillreel::media {
namespace {

/// The folders above a target that were not there before; removed again unless the clip is placed.
class FreshFolders {
  public:
    explicit FreshFolders(const fs::path& target) {
        std::error_code ignored;
        for (fs::path at = fs::absolute(target).parent_path();
             !fs::exists(at, ignored) && at.has_relative_path(); at = at.parent_path())
            folders_.push_back(at);
    }
    ~FreshFolders() {
        // rmdir refuses a folder into which somebody else has put something meanwhile.
        for (const fs::path& folder : folders_) ::rmdir(folder.c_str());
    }
    FreshFolders(const FreshFolders&) = delete;
    FreshFolders& operator=(const FreshFolders&) = delete;
    void keep() { folders_.clear(); }

  private:
    std::vector<fs::path> folders_;  // deepest first
};

class FilePlacing final : public Placing {
  public:
    explicit FilePlacing(const fs::path& target) : folders_(target), file_(PartFile::create(target)) {}

    const fs::path& part() const override { return file_.path(); }

    bool place(const fs::path& target, VideoWriter::Existing existing) override {
        if (target != file_.target()) file_.retarget(target);
        if (existing == VideoWriter::Existing::replace)
            file_.commit();
        else if (!file_.commit_new())
            return false;
        folders_.keep();
        return true;
    }

  private:
    FreshFolders folders_;
    PartFile file_;  // after folders_: it goes first
};

[[noreturn]] void throw_errno(const char* doing, const fs::path& path) {
    throw Error(ErrorCode::io, fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(errno)));
}

class SequencePlacing final : public Placing {
  public:
    explicit SequencePlacing(const fs::path& target)
        : folders_(target),
          part_(target.parent_path() / fmt::format(".{}.part", target.filename().string())),
          drafts_(part_ / target.filename()) {
        std::error_code failed;
        fs::remove_all(part_, failed);  // left by a process that was killed
        fs::create_directories(part_, failed);
        if (failed)
            throw Error(ErrorCode::io,
                        fmt::format("cannot create the folder {}: {}", part_.string(), failed.message()));
    }
    ~SequencePlacing() override {
        std::error_code ignored;
        fs::remove_all(part_, ignored);
    }

    const fs::path& part() const override { return part_; }

    bool place(const fs::path& target, VideoWriter::Existing existing) override {
        const SequenceNames names(target);
        const std::int64_t frames = drafts_.count();
        std::error_code failed;
        if (target.has_parent_path()) fs::create_directories(target.parent_path(), failed);
        if (existing == VideoWriter::Existing::replace)
            replace(names, frames);
        else if (!link_all(names, frames))
            return false;
        folders_.keep();
        return true;
    }

  private:
    void replace(const SequenceNames& names, std::int64_t frames) {
        for (std::int64_t i = 0; i < frames; ++i)
            if (::rename(drafts_.frame(i).c_str(), names.frame(i).c_str()) != 0)
                throw_errno("write", names.frame(i));
        for (std::int64_t i = frames; ::unlink(names.frame(i).c_str()) == 0;) ++i;
    }

    /// All frames or none: the first name that is taken undoes the others.
    bool link_all(const SequenceNames& names, std::int64_t frames) {
        if (fs::exists(names.frame(frames))) return false;
        for (std::int64_t i = 0; i < frames; ++i) {
            if (::link(drafts_.frame(i).c_str(), names.frame(i).c_str()) == 0) continue;
            const int error = errno;
            while (i-- > 0) ::unlink(names.frame(i).c_str());
            if (error == EEXIST) return false;
            if (error == EPERM || error == EOPNOTSUPP) {  // a file system without hard links
                if (names.count() > 0) return false;
                replace(names, frames);
                return true;
            }
            errno = error;
            throw_errno("write", names.frame(0));
        }
        return true;
    }

    FreshFolders folders_;
    fs::path part_;
    SequenceNames drafts_;
};

}  // namespace

std::unique_ptr<Placing> place_file(const fs::path& target) { return std::make_unique<FilePlacing>(target); }

std::unique_ptr<Placing> place_sequence(const fs::path& target) {
    return std::make_unique<SequencePlacing>(target);
}

}  // namespace stillreel::media
