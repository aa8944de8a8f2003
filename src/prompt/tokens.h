// Words of a prompt. English words come lower-cased with a stem (moving, moves, moved -> mov); every Chinese
// character is a token of its own, and the lexicon's longest match makes words of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stillreel::prompt {

enum class TokenKind { word, character, number, symbol, comma, stop };
enum class VerbForm { base, s, ing, ed };

struct Token {
    TokenKind kind = TokenKind::word;
    std::string word;  // folded: lower case, half width, simplified Chinese
    std::string stem;  // what the lexicon compares
    VerbForm form = VerbForm::base;
    double value = 0;    // number
    std::string suffix;  // number: the letters written on to it ("2x": x)
    bool capital = false;
    std::size_t begin = 0, end = 0;  // bytes
};

/// Throws invalid_argument when `text` is not UTF-8.
std::vector<Token> tokenise(std::string_view text);

/// One code point of valid UTF-8, moving `at` past it.
char32_t next_code_point(std::string_view text, std::size_t& at);

/// Characters that take two columns on a terminal.
bool is_wide(char32_t c);

}  // namespace stillreel::prompt
