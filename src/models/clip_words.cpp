#include "models/clip_words.h"

#include <utf8proc.h>

#include <array>
#include <cstdlib>
#include <memory>

#include "base/error.h"

namespace stillreel::models {
namespace {

struct Decoded {
    utf8proc_int32_t code;
    std::size_t bytes;
};

Decoded decode(std::string_view text, std::size_t at) {
    utf8proc_int32_t code = 0;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at;
    const auto used = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    if (used <= 0) throw Error(ErrorCode::invalid_argument, "the prompt is not UTF-8 text");
    return {code, static_cast<std::size_t>(used)};
}

void append(std::string& text, utf8proc_int32_t code) {
    std::array<utf8proc_uint8_t, 4> bytes;
    const auto count = utf8proc_encode_char(code, bytes.data());
    text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(count));
}

/// Unicode's White_Space.
bool is_space(utf8proc_int32_t code) {
    return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F ||
           code == 0x205F || code == 0x3000;
}

enum class Kind { space, letter, number, other };

Kind kind_of(utf8proc_int32_t code) {
    if (is_space(code)) return Kind::space;
    const auto category = utf8proc_category(code);
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return Kind::letter;
    if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return Kind::number;
    return Kind::other;
}

std::string composed(std::string_view text) {
    utf8proc_uint8_t* out = nullptr;
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &out,
                                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(out, &std::free);
    if (size < 0) throw Error(ErrorCode::invalid_argument, "the prompt is not UTF-8 text");
    return {reinterpret_cast<const char*>(out), static_cast<std::size_t>(size)};
}

std::size_t contraction_at(std::string_view text, std::size_t at) {
    for (const std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})
        if (text.substr(at).starts_with(ending)) return ending.size();
    return 0;
}

}  // namespace

std::string normalised(std::string_view text) {
    const std::string nfc = composed(text);
    std::string out;
    bool in_space = false;
    for (std::size_t at = 0; at < nfc.size();) {
        const auto [code, bytes] = decode(nfc, at);
        at += bytes;
        if (is_space(code)) {
            if (!in_space) out += ' ';
            in_space = true;
            continue;
        }
        in_space = false;
        append(out, utf8proc_tolower(code));
        // The one letter whose lower case is two code points: utf8proc maps it to its first.
        if (code == 0x130) append(out, 0x307);
    }
    return out;
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < text.size();) {
        if (const std::size_t length = contraction_at(text, at)) {
            words.emplace_back(text.substr(at, length));
            at += length;
            continue;
        }
        const auto [code, bytes] = decode(text, at);
        const Kind kind = kind_of(code);
        std::size_t end = at + bytes;
        while (kind != Kind::number && end < text.size()) {
            const auto next = decode(text, end);
            if (kind_of(next.code) != kind) break;
            end += next.bytes;
        }
        if (kind != Kind::space) words.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return words;
}

}  // namespace stillreel::models
