#include "media/sequence.h"

#include <fmt/core.h>

#include <regex>

namespace stillreel::media {

namespace fs = std::filesystem;

SequenceNames::SequenceNames(const fs::path& target) : folder_(target.parent_path()) {
    static const std::regex number_form("%(0?[1-9])?d");
    const std::string name = target.filename().string();
    std::smatch match;
    if (std::regex_search(name, match, number_form)) {
        numbered_ = true;
        before_ = match.prefix();
        after_ = match.suffix();
        digits_ = match[1].matched ? std::stoi(match[1]) : 1;
    } else {
        before_ = target.stem().string() + "_";
        after_ = target.extension().string();
    }
}

fs::path SequenceNames::frame(std::int64_t index) const {
    return folder_ / fmt::format("{}{:0{}}{}", before_, index, digits_, after_);
}

std::int64_t SequenceNames::count() const {
    std::int64_t frames = 0;
    while (fs::exists(frame(frames))) ++frames;
    return frames;
}

}  // namespace stillreel::media
