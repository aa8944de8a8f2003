// Text to the words that byte-pair encoding works on, as CLIP does it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stillreel::models {

/// NFC, white space folded to single blanks, lower case. `text` must be UTF-8: throws invalid_argument
/// otherwise.
std::string normalised(std::string_view text);

/// English contractions ('s 't 're 've 'm 'll 'd), runs of letters, single digits, runs of anything else;
/// white space only separates. `text` is normalised UTF-8.
std::vector<std::string> words_of(std::string_view text);

}  // namespace stillreel::models
