#include "models/byte_pairs.h"

#include <fmt/core.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <queue>
#include <tuple>

#include "base/error.h"

namespace stillreel::models {
namespace {

constexpr std::string_view kWordEnd = "</w>";

void append_utf8(std::string& text, unsigned code) {
    if (code < 0x80) {
        text += static_cast<char>(code);
    } else {
        text += static_cast<char>(0xC0 | (code >> 6));
        text += static_cast<char>(0x80 | (code & 0x3F));
    }
}

/// The printable character that stands for each byte in vocabularies of this family (GPT-2, CLIP): itself
/// where Latin-1 prints it, else the next code point from 256 on.
std::array<std::string, 256> byte_alphabet() {
    std::array<std::string, 256> alphabet;
    unsigned next = 256;
    for (unsigned byte = 0; byte < 256; ++byte) {
        const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
        append_utf8(alphabet[byte], printable ? byte : next++);
    }
    return alphabet;
}

std::uint64_t pair_key(std::int64_t left, std::int64_t right) {
    return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
}

/// A word while it is being merged: symbols in a doubly linked list, -1 at the ends and for consumed symbols.
struct Symbol {
    std::int64_t id;
    int previous;
    int next;
};

}  // namespace

std::string byte_vocabulary(const std::vector<std::string>& special) {
    auto vocabulary = nlohmann::ordered_json::object();
    const auto add = [&](const std::string& token) { vocabulary[token] = vocabulary.size(); };
    for (const std::string& symbol : byte_alphabet()) add(symbol);
    for (const std::string& symbol : byte_alphabet()) add(symbol + std::string(kWordEnd));
    for (const std::string& token : special) add(token);
    return vocabulary.dump();
}

BytePairs::BytePairs(std::string_view vocabulary_json, std::string_view merges, const std::string& folder) {
    const auto vocabulary = nlohmann::json::parse(vocabulary_json, nullptr, false);
    if (!vocabulary.is_object())
        throw Error(ErrorCode::corrupt_data, fmt::format("{}/vocab.json is not a JSON object", folder));
    for (const auto& [token, id] : vocabulary.items()) {
        if (!id.is_number_unsigned() || id.get<std::uint64_t>() > std::numeric_limits<std::int32_t>::max())
            throw Error(ErrorCode::corrupt_data,
                        fmt::format("{}/vocab.json: the id of \"{}\" is not a token id", folder, token));
        ids_[token] = id.get<std::int64_t>();
        tokens_[id.get<std::int64_t>()] = token;
    }
    read_merges(merges, folder);
}

void BytePairs::read_merges(std::string_view merges, const std::string& folder) {
    std::int64_t rank = 0;
    for (std::size_t begin = 0; begin < merges.size();) {
        const std::size_t end = std::min(merges.find('\n', begin), merges.size());
        std::string_view line = merges.substr(begin, end - begin);
        begin = end + 1;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.starts_with("#version")) continue;
        const std::size_t blank = line.find(' ');
        if (blank == std::string_view::npos)
            throw Error(ErrorCode::corrupt_data,
                        fmt::format("{}/merges.txt: \"{}\" is not a pair", folder, line));
        const std::int64_t left = id_of(line.substr(0, blank)), right = id_of(line.substr(blank + 1));
        const std::int64_t result =
            id_of(std::string(line.substr(0, blank)) + std::string(line.substr(blank + 1)));
        if (left < 0 || right < 0 || result < 0)
            throw Error(ErrorCode::corrupt_data,
                        fmt::format("{}/merges.txt: \"{}\" names a token that vocab.json does not have",
                                    folder, line));
        merges_.emplace(pair_key(left, right), Merge{rank++, result});
    }
}

void BytePairs::encode(std::string_view word, std::int64_t unknown_id, std::vector<std::int64_t>& ids) const {
    static const std::array<std::string, 256> alphabet = byte_alphabet();
    std::vector<Symbol> symbols;
    for (std::size_t i = 0; i < word.size(); ++i) {
        std::string token = alphabet[static_cast<unsigned char>(word[i])];
        if (i + 1 == word.size()) token += kWordEnd;
        const std::int64_t id = id_of(token);
        const int place = static_cast<int>(i);
        symbols.push_back({id < 0 ? unknown_id : id, place - 1, place + 1});
    }
    if (symbols.empty()) return;
    symbols.back().next = -1;

    // Lowest rank first, leftmost first among equals; entries that a later merge made stale are recognised by
    // their ids.
    using Candidate = std::tuple<std::int64_t, int, std::int64_t, std::int64_t>;  // rank, place, left, right
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
    const auto propose = [&](int place) {
        if (place < 0 || symbols[place].next < 0) return;
        const std::int64_t left = symbols[place].id, right = symbols[symbols[place].next].id;
        if (const auto found = merges_.find(pair_key(left, right)); found != merges_.end())
            candidates.emplace(found->second.rank, place, left, right);
    };
    for (int i = 0; i < static_cast<int>(symbols.size()); ++i) propose(i);
    while (!candidates.empty()) {
        const auto [rank, place, left, right] = candidates.top();
        candidates.pop();
        Symbol& symbol = symbols[place];
        if (symbol.id != left || symbol.next < 0 || symbols[symbol.next].id != right) continue;
        Symbol& consumed = symbols[symbol.next];
        symbol.id = merges_.at(pair_key(left, right)).result;
        symbol.next = consumed.next;
        if (consumed.next >= 0) symbols[consumed.next].previous = place;
        consumed.id = -1;
        propose(symbol.previous);
        propose(place);
    }
    for (int i = 0; i >= 0; i = symbols[i].next) ids.push_back(symbols[i].id);
}

std::int64_t BytePairs::id_of(std::string_view token) const {
    const auto found = ids_.find(std::string(token));
    return found == ids_.end() ? -1 : found->second;
}

std::string BytePairs::text_of(std::int64_t id) const {
    static const std::unordered_map<std::string, char> bytes = [] {
        std::unordered_map<std::string, char> made;
        const auto alphabet = byte_alphabet();
        for (int byte = 0; byte < 256; ++byte) made[alphabet[byte]] = static_cast<char>(byte);
        return made;
    }();
    const auto found = tokens_.find(id);
    if (found == tokens_.end()) return {};
    std::string_view token = found->second;
    const bool ends_word = token.ends_with(kWordEnd);
    if (ends_word) token.remove_suffix(kWordEnd.size());
    std::string text;
    for (std::size_t at = 0; at < token.size();) {
        const std::size_t length = static_cast<unsigned char>(token[at]) < 0x80 ? 1 : 2;
        const auto byte = bytes.find(std::string(token.substr(at, length)));
        if (byte != bytes.end()) text += byte->second;
        at += length;
    }
    return ends_word ? text + ' ' : text;
}

}  // namespace stillreel::models
