#include "app/picture_list.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "base/error.h"

namespace stillreel::app {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> pictures_in(const fs::path& folder) {
    std::vector<fs::path> pictures;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
        if (at->is_regular_file(failed) && looks_like_picture(at->path())) pictures.push_back(at->path());
    if (failed)
        throw Error(ErrorCode::io,
                    fmt::format("cannot read the folder {}: {}", folder.string(), failed.message()));
    if (pictures.empty())
        throw Error(
            ErrorCode::not_found,
            fmt::format("the folder {} holds no pictures (.jpg, .jpeg, .png or .webp)", folder.string()));
    std::sort(pictures.begin(), pictures.end());
    return pictures;
}

}  // namespace

bool looks_like_picture(const fs::path& path) {
    static const std::set<std::string> known = {".jpg", ".jpeg", ".png", ".webp"};
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return known.contains(extension) && path.filename().string().front() != '.';
}

std::vector<fs::path> list_pictures(const std::vector<std::string>& arguments) {
    std::vector<fs::path> pictures;
    for (const std::string& argument : arguments) {
        std::error_code failed;
        if (fs::is_directory(argument, failed)) {
            const auto found = pictures_in(argument);
            pictures.insert(pictures.end(), found.begin(), found.end());
        } else {
            pictures.emplace_back(argument);
        }
    }
    return pictures;
}

}  // namespace stillreel::app
