#include "studio/spec_values.h"

#include <fmt/core.h>

#include "base/error.h"
#include "studio/suggest.h"

namespace stillreel::studio {
namespace {

constexpr std::size_t kMaxTextBytes = 1 << 20;
constexpr std::size_t kMaxShown = 60;
constexpr std::size_t kLongestSlip = 40;

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorCode::invalid_argument, message); }

}  // namespace

void refuse_text(std::string_view field, std::string_view expected, std::string found) {
    if (found.size() > kMaxShown) found = found.substr(0, kMaxShown - 3) + "...";
    refuse(fmt::format("{} must be {}, not {}", field, expected, found));
}

void refuse_name(std::string_view field, const std::vector<std::string>& names, const std::string& found) {
    if (found.size() > kLongestSlip) refuse_text(field, names_text(names), '"' + found + '"');
    refuse(fmt::format("{} must be {}, not \"{}\"{}", field, names_text(names), found,
                       did_you_mean(found, names)));
}

std::string checked_text(std::string_view field, const std::string& text) {
    if (text.size() > kMaxTextBytes)
        refuse(fmt::format("{} must have at most {} bytes, not {}", field, kMaxTextBytes, text.size()));
    if (text.find('\0') != std::string::npos) refuse(fmt::format("{} must not hold a zero byte", field));
    return text;
}

std::string range_text(std::string_view kind, double low, double high) {
    return fmt::format("{} from {} to {}", kind, low, high);
}

std::string range_text(std::string_view kind, std::int64_t low, std::int64_t high) {
    return fmt::format("{} from {} to {}", kind, low, high);
}

std::string names_text(const std::vector<std::string>& names) { return "one of " + listed(names); }

}  // namespace stillreel::studio
