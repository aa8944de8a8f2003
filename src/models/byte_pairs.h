// Byte-pair encoding over a fixed list of merges (Sennrich et al. 2016), in CLIP's byte-level alphabet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stillreel::models {

/// A vocab.json of single bytes, each inside of a word and at its end, then of the `special` tokens. With no
/// merges it can write down any text.
std::string byte_vocabulary(const std::vector<std::string>& special);

/// A vocabulary and its merges. Symbols are known by their token ids throughout.
class BytePairs {
  public:
    /// `vocabulary_json`: {"token": id, ...}; `merges`: lines "left right", the first line a version comment.
    /// `folder` is used in messages. Throws corrupt_data.
    BytePairs(std::string_view vocabulary_json, std::string_view merges, const std::string& folder);

    /// Appends the tokens of one word, given as UTF-8. A byte that the vocabulary lacks becomes `unknown_id`.
    void encode(std::string_view word, std::int64_t unknown_id, std::vector<std::int64_t>& ids) const;

    /// The id of a whole token as written in the vocabulary, or -1.
    std::int64_t id_of(std::string_view token) const;

    /// The bytes that a token stands for, with a blank at the end of a word; empty for an unknown id.
    std::string text_of(std::int64_t id) const;

  private:
    struct Merge {
        std::int64_t rank;
        std::int64_t result;
    };
    void read_merges(std::string_view merges, const std::string& folder);

    std::unordered_map<std::string, std::int64_t> ids_;
    std::unordered_map<std::int64_t, std::string> tokens_;
    std::unordered_map<std::uint64_t, Merge> merges_;  // key: left id, right id
};

}  // namespace stillreel::models
