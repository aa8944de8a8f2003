#include "prompt/tokens.h"

#include <fmt/core.h>

#include <array>
#include <cstdlib>
#include <unordered_map>

#include "base/error.h"

namespace stillreel::prompt {
namespace {

// Traditional characters of camera and weather words, each before its simplified form.
constexpr std::string_view kSimplified =
    "鏡镜頭头緩缓遠远環环繞绕雲云風风飄飘燈灯紅红藍蓝轉转動动機机攝摄時时間间慢慢開开從从後后車车門门"
    "霧雾煙烟電电閃闪陽阳樹树葉叶靜静穩稳無无沒没將将個个雙双電电彎弯點点專专業业輕轻強强這这們们來来"
    "過过還还進进邊边與与隨随著着滾滚飛飞熱热氣气塵尘蠟蜡燭烛螢萤蟲虫湧涌濤涛漣涟內内畫画聲声"
    "顫颤抖抖搖摇擺摆傾倾視视變变縮缩拉拉橫横對对準准圍围東东蕭萧櫻樱歲岁優优麗丽質质讓让請请";

bool is_letter(char32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7) || (c >= 0x370 && c <= 0x1FFF);
}

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

bool is_character(char32_t c) {
    return (c >= 0x3005 && c <= 0x3007) || (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) ||
           (c >= 0xAC00 && c <= 0xD7AF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}

char32_t half_width(char32_t c) {
    if (c >= 0xFF01 && c <= 0xFF5E) return c - 0xFEE0;
    if (c == 0x2019 || c == 0x2018) return '\'';
    if (c == 0x2010 || c == 0x2011 || c == 0x2013 || c == 0x2212) return '-';
    if (c == 0x3000 || c == 0xA0) return ' ';
    return c;
}

void append_utf8(std::string& text, char32_t c) {
    const auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
    } else {
        put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)),
            put(0x80 | (c & 0x3F));
    }
}

char32_t simplified(char32_t c) {
    static const auto table = [] {
        std::unordered_map<char32_t, char32_t> pairs;
        for (std::size_t at = 0; at < kSimplified.size();) {
            const char32_t traditional = next_code_point(kSimplified, at);
            pairs[traditional] = next_code_point(kSimplified, at);
        }
        return pairs;
    }();
    const auto found = table.find(c);
    return found == table.end() ? c : found->second;
}

/// Bytes of the valid sequence at `at`, or 0.
std::size_t sequence_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    };
    const unsigned lead = byte(at);
    const auto tail = [&](std::size_t i) { return (byte(at + i) & 0xC0) == 0x80; };
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (!tail(1) || !tail(2)) return 0;
        const unsigned c = (lead & 0xF) << 12 | (byte(at + 1) & 0x3F) << 6;
        return c < 0x800 || (c >= 0xD800 && c <= 0xDFFF) ? 0 : 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (!tail(1) || !tail(2) || !tail(3)) return 0;
        const unsigned c = (lead & 7) << 18 | (byte(at + 1) & 0x3F) << 12;
        return c < 0x10000 || c > 0x10FFFF ? 0 : 4;
    }
    return 0;
}

void expect_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequence_length(text, at);
        if (length == 0)
            throw Error(ErrorCode::invalid_argument,
                        fmt::format("the prompt is not UTF-8 text: byte {} is 0x{:02x}; save it as UTF-8", at,
                                    static_cast<unsigned char>(text[at])));
        at += length;
    }
}

bool ends_with(const std::string& word, std::string_view tail) { return word.ends_with(tail); }

bool has_vowel(std::string_view word) { return word.find_first_of("aeiouy") != word.npos; }

/// "pann" -> "pan"; ll, ss, zz and ff belong to their words (roll, pass, buzz, puff).
void undouble(std::string& word) {
    const std::size_t n = word.size();
    if (n > 2 && word[n - 1] == word[n - 2] &&
        std::string_view("bdgmnprt").find(word[n - 1]) != std::string_view::npos)
        word.pop_back();
}

void drop_final_e(std::string& word) {
    if (word.size() > 3 && word.back() == 'e') word.pop_back();
}

const std::unordered_map<std::string_view, std::string_view>& irregular() {
    static const std::unordered_map<std::string_view, std::string_view> forms = {{"rose", "rise"},
                                                                                 {"risen", "rise"},
                                                                                 {"fell", "fall"},
                                                                                 {"fallen", "fall"},
                                                                                 {"blew", "blow"},
                                                                                 {"blown", "blow"},
                                                                                 {"flew", "fly"},
                                                                                 {"flies", "fly"},
                                                                                 {"swung", "swing"},
                                                                                 {"spun", "spin"},
                                                                                 {"shook", "shake"},
                                                                                 {"went", "go"},
                                                                                 {"goes", "go"},
                                                                                 {"came", "come"},
                                                                                 {"ran", "run"},
                                                                                 {"held", "hold"},
                                                                                 {"swept", "sweep"},
                                                                                 {"leaves", "leaf"},
                                                                                 {"lying", "lie"},
                                                                                 {"was", "be"},
                                                                                 {"is", "be"},
                                                                                 {"are", "be"},
                                                                                 {"were", "be"},
                                                                                 {"being", "be"},
                                                                                 {"been", "be"},
                                                                                 {"has", "have"},
                                                                                 {"does", "do"},
                                                                                 {"this", "this"},
                                                                                 {"men", "man"},
                                                                                 {"women", "woman"},
                                                                                 {"people", "people"},
                                                                                 {"children", "child"},
                                                                                 {"as", "as"},
                                                                                 {"its", "its"},
                                                                                 {"his", "his"},
                                                                                 {"us", "us"},
                                                                                 {"gas", "gas"},
                                                                                 {"bus", "bus"},
                                                                                 {"wolves", "wolf"},
                                                                                 {"lens", "lens"},
                                                                                 {"during", "during"},
                                                                                 {"thing", "thing"},
                                                                                 {"nothing", "nothing"},
                                                                                 {"everything", "everything"},
                                                                                 {"something", "something"},
                                                                                 {"morning", "morning"},
                                                                                 {"evening", "evening"},
                                                                                 {"red", "red"},
                                                                                 {"building", "building"},
                                                                                 {"buildings", "building"},
                                                                                 {"wedding", "wedding"},
                                                                                 {"bed", "bed"},
                                                                                 {"speed", "speed"},
                                                                                 {"seed", "seed"},
                                                                                 {"weed", "weed"},
                                                                                 {"hundred", "hundred"}};
    return forms;
}

void stem(Token& token) {
    std::string& s = token.stem;
    s = token.word;
    const auto cut = [&](std::size_t n, VerbForm form) {
        s.resize(s.size() - n);
        token.form = form;
    };
    if (const auto found = irregular().find(token.word); found != irregular().end()) {
        s = found->second;
        token.form = ends_with(token.word, "s") ? VerbForm::s : VerbForm::base;
        drop_final_e(s);
        return;
    }
    const std::size_t n = s.size();
    if (n > 4 && ends_with(s, "ies")) {
        cut(3, VerbForm::s);
        s += 'y';
    } else if (n > 4 && (ends_with(s, "sses") || ends_with(s, "shes") || ends_with(s, "ches") ||
                         ends_with(s, "xes"))) {
        cut(2, VerbForm::s);
    } else if (n > 3 && s.back() == 's' && !ends_with(s, "ss") && !ends_with(s, "us") &&
               !ends_with(s, "is")) {
        cut(1, VerbForm::s);
    } else if (n > 4 && ends_with(s, "ing") && has_vowel(std::string_view(s).substr(0, n - 3))) {
        cut(3, VerbForm::ing);
        undouble(s);
    } else if (n > 4 && ends_with(s, "ied")) {
        cut(3, VerbForm::ed);
        s += 'y';
    } else if (n > 3 && ends_with(s, "ed") && has_vowel(std::string_view(s).substr(0, n - 2))) {
        cut(2, VerbForm::ed);
        undouble(s);
    }
    drop_final_e(s);
}

class Tokeniser {
  public:
    explicit Tokeniser(std::string_view text) : text_(text) {}

    std::vector<Token> run() {
        while (at_ < text_.size()) {
            const std::size_t begin = at_;
            const char32_t c = take();
            if (is_letter(c))
                word(begin, c);
            else if (is_digit(c))
                number(begin, c);
            else if (is_character(c))
                character(begin, c);
            else
                mark(begin, c);
        }
        return std::move(tokens_);
    }

  private:
    char32_t take() { return half_width(next_code_point(text_, at_)); }

    char32_t peek(std::size_t ahead = 0) const {
        std::size_t at = at_;
        char32_t c = 0;
        for (std::size_t i = 0; i <= ahead; ++i) {
            if (at >= text_.size()) return 0;
            c = half_width(next_code_point(text_, at));
        }
        return c;
    }

    Token& add(TokenKind kind, std::size_t begin) {
        Token& token = tokens_.emplace_back();
        token.kind = kind;
        token.begin = begin;
        token.end = at_;
        return token;
    }

    static void append_lower(std::string& word, char32_t c) {
        append_utf8(word, c >= 'A' && c <= 'Z' ? c + 32 : c);
    }

    void word(std::size_t begin, char32_t c) {
        std::string word;
        const bool capital = c >= 'A' && c <= 'Z';
        append_lower(word, c);
        while (is_letter(peek()) || is_digit(peek()) || (peek() == '\'' && is_letter(peek(1))))
            append_lower(word, take());
        if (ends_with(word, "'s") && word != "let's") word.resize(word.size() - 2);
        Token& token = add(TokenKind::word, begin);
        token.word = std::move(word);
        token.capital = capital;
        stem(token);
    }

    void number(std::size_t begin, char32_t c) {
        std::string digits;
        append_utf8(digits, c);
        while (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) append_utf8(digits, take());
        std::string suffix;
        while (is_letter(peek()) || (!suffix.empty() && is_digit(peek()))) append_lower(suffix, take());
        if (peek() == 0xD7) take(), suffix = "x";
        Token& token = add(TokenKind::number, begin);
        token.value = std::strtod(digits.c_str(), nullptr);
        token.word = digits + suffix;
        token.stem = token.word;
        token.suffix = std::move(suffix);
    }

    void character(std::size_t begin, char32_t c) {
        Token& token = add(TokenKind::character, begin);
        append_utf8(token.word, simplified(c));
        token.stem = token.word;
    }

    void mark(std::size_t begin, char32_t c) {
        constexpr std::u32string_view kStops = U".!?;\n\u3002\u2026";
        constexpr std::u32string_view kCommas =
            U",:()[]{}\"|/\u3001\u2014\u201c\u201d\u300a\u300b\u300c\u300d\u3010\u3011\u2192<>";
        constexpr std::u32string_view kSymbols = U"%°&+";
        const bool range = (c == '-' || c == '~') && !tokens_.empty() &&
                           tokens_.back().kind == TokenKind::number && is_digit(peek());
        if (range || kSymbols.find(c) != kSymbols.npos) {
            Token& token = add(TokenKind::symbol, begin);
            append_utf8(token.word, range ? '-' : c);
            token.stem = token.word;
        } else if (kStops.find(c) != kStops.npos) {
            add(TokenKind::stop, begin);
        } else if (kCommas.find(c) != kCommas.npos) {
            append_utf8(add(TokenKind::comma, begin).word, c);
        } else if (c > 0x7F && !(c >= 0x2000 && c <= 0x206F) && !(c >= 0xFE00 && c <= 0xFE0F)) {
            // Pictographs and the like: shown to the user as not understood.
            Token& token = add(TokenKind::word, begin);
            append_utf8(token.word, c);
            token.stem = token.word;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<Token> tokens_;
};

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) {
        return static_cast<char32_t>(static_cast<unsigned char>(text[at + i]));
    };
    const char32_t lead = byte(0);
    char32_t c = lead;
    std::size_t length = 1;
    if (lead >= 0xF0)
        c = (lead & 7) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), length = 4;
    else if (lead >= 0xE0)
        c = (lead & 0xF) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), length = 3;
    else if (lead >= 0xC0)
        c = (lead & 0x1F) << 6 | (byte(1) & 0x3F), length = 2;
    at += length;
    return c;
}

bool is_wide(char32_t c) {
    return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE4F) || (c >= 0xFF00 && c <= 0xFF60) ||
           (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
}

std::vector<Token> tokenise(std::string_view text) {
    expect_utf8(text);
    return Tokeniser(text).run();
}

}  // namespace stillreel::prompt
