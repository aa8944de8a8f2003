#include "media/placing.h"

#include <unistd.h>

#include <vector>

#include "base/file.h"

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

}  // namespace

std::unique_ptr<Placing> place_file(const fs::path& target) { return std::make_unique<FilePlacing>(target); }

}  // namespace stillreel::media
