// Wording of choices in messages: lists of names, and the one that was probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stillreel::studio {

/// "preview, standard and high".
std::string listed(const std::vector<std::string>& names);

/// " (did you mean \"standard\"?)" when one of the names is close to `word`, else nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& names);

}  // namespace stillreel::studio
