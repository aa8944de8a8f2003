#include "weights/new_folder.h"

#include <fmt/core.h>

#include "base/error.h"

namespace stillreel::weights {
namespace {

namespace fs = std::filesystem;

fs::path without_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

void check_free(const fs::path& folder) {
    std::error_code failed;
    if (folder.empty() || (fs::exists(folder, failed) && !fs::is_empty(folder, failed)))
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} is not empty: name a new folder for the model", folder.string()));
}

}  // namespace

NewFolder::NewFolder(const fs::path& target) {
    check_free(target);
    target_ = without_slash(fs::absolute(target).lexically_normal());
    path_ = target_.string() + ".part";
    std::error_code failed;
    fs::remove_all(path_, failed);  // of a run that was killed
    fs::create_directories(path_, failed);
    if (failed)
        throw Error(ErrorCode::io,
                    fmt::format("cannot create the folder {}: {}", path_.string(), failed.message()));
}

NewFolder::~NewFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
}

void NewFolder::commit() {
    std::error_code failed;
    fs::remove(target_, failed);  // empty, if it is there
    fs::rename(path_, target_, failed);
    if (failed)
        throw Error(ErrorCode::io, fmt::format("cannot write {}: {}", target_.string(), failed.message()));
    path_.clear();
}

}  // namespace stillreel::weights
