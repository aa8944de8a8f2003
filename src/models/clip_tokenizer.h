// CLIP's byte-pair encoding: text to the token ids that the text tower was trained on (Radford et al. 2021;
// the ids are those of transformers' CLIPTokenizer).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stillreel::models {

struct Tokens {
    std::vector<std::int64_t> ids;  // start, text, end, padding: always context_length() of them
    std::string cut;                // what did not fit, as text; empty when all did
};

class ClipTokenizer {
  public:
    /// Reads vocab.json and merges.txt of a tokenizer folder, and the special tokens from
    /// special_tokens_map.json or tokenizer_config.json. `pad_token` overrides the folder's. Throws not_found
    /// (a file is missing, by name), corrupt_data (damaged, or a special token is not in the vocabulary).
    static ClipTokenizer open(const std::filesystem::path& folder, std::optional<std::string> pad_token = {});

    ClipTokenizer(ClipTokenizer&&) noexcept;
    ClipTokenizer& operator=(ClipTokenizer&&) noexcept;
    ~ClipTokenizer();

    /// The text is normalised (NFC), white space folded and lower-cased; special tokens written out in it
    /// count as such. Throws invalid_argument when it is not UTF-8.
    Tokens encode(std::string_view text) const;

    /// Tokens that the model reads at once: 77 in the published folders.
    int context_length() const;
    std::int64_t end_id() const;

  private:
    struct State;
    explicit ClipTokenizer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::models
