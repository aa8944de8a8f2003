#include "studio/suggest.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

namespace stillreel::studio {
namespace {

/// Insertions, deletions and replacements that turn `a` into `b` (Wagner and Fischer 1974).
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

}  // namespace

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
        text += names[i];
    }
    return text;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& names) {
    if (word.size() > 64) return "";
    const std::string* best = nullptr;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string& name : names) {
        const std::size_t distance = edit_distance(word, name);
        // A word with nothing in common is no suggestion, however short it is.
        if (distance < best_distance && distance < name.size()) {
            best = &name;
            best_distance = distance;
        }
    }
    return best ? fmt::format(" (did you mean \"{}\"?)", *best) : "";
}

}  // namespace stillreel::studio
