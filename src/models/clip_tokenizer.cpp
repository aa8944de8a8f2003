#include "models/clip_tokenizer.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "models/byte_pairs.h"
#include "models/clip_words.h"

namespace stillreel::models {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxFileBytes = 64u << 20;

/// A token that counts as one wherever it is written in a text.
struct SpecialToken {
    std::string text;
    std::int64_t id = -1;
    bool in_normalised_text = false;  // looked for after the text was normalised, else before
};

json read_json(const fs::path& path) {
    if (!fs::exists(path)) return json::object();
    json parsed = json::parse(read_text_file(path, kMaxFileBytes), nullptr, false);
    if (!parsed.is_object())
        throw Error(ErrorCode::corrupt_data, fmt::format("{} is not a JSON object", path.string()));
    return parsed;
}

/// A special token as the first of the files that names it has it: a string, or an object with its content.
SpecialToken special_token(const std::vector<json>& files, const char* name, const char* otherwise) {
    for (const json& file : files) {
        const auto found = file.find(name);
        if (found == file.end()) continue;
        if (found->is_string()) return {found->get<std::string>()};
        if (found->is_object() && found->contains("content") && (*found)["content"].is_string()) {
            const auto flag = found->find("normalized");
            return {(*found)["content"], -1, flag != found->end() && *flag == true};
        }
    }
    return {otherwise};
}

struct Piece {
    std::string text;
    std::int64_t special_id = -1;
};

/// Cuts `text` at the special tokens of one kind; the longest wins where several begin at the same place.
std::vector<Piece> split_at(const std::string& text, const std::vector<SpecialToken>& specials,
                            bool normalised_text) {
    std::vector<Piece> pieces;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
        const SpecialToken* here = nullptr;
        for (const SpecialToken& special : specials)
            if (special.in_normalised_text == normalised_text && !special.text.empty() &&
                text.compare(at, special.text.size(), special.text) == 0 &&
                (!here || special.text.size() > here->text.size()))
                here = &special;
        if (!here) {
            ++at;
            continue;
        }
        if (at > begin) pieces.push_back({text.substr(begin, at - begin)});
        pieces.push_back({here->text, here->id});
        begin = at += here->text.size();
    }
    if (begin < text.size()) pieces.push_back({text.substr(begin)});
    return pieces;
}

}  // namespace

struct ClipTokenizer::State {
    BytePairs pairs;
    SpecialToken start, end, pad, unknown;
    std::vector<SpecialToken> specials;
    int context_length = 77;

    void encode_words(const std::string& text, std::vector<std::int64_t>& ids) const {
        for (const std::string& word : words_of(text)) pairs.encode(word, unknown.id, ids);
    }

    std::vector<std::int64_t> encode_all(std::string_view text) const {
        std::vector<std::int64_t> ids;
        for (const Piece& raw : split_at(std::string(text), specials, false)) {
            if (raw.special_id >= 0) {
                ids.push_back(raw.special_id);
                continue;
            }
            for (const Piece& piece : split_at(normalised(raw.text), specials, true)) {
                if (piece.special_id >= 0)
                    ids.push_back(piece.special_id);
                else
                    encode_words(piece.text, ids);
            }
        }
        return ids;
    }
};

ClipTokenizer ClipTokenizer::open(const fs::path& folder, std::optional<std::string> pad_token) {
    const std::vector<json> files = {read_json(folder / "special_tokens_map.json"),
                                     read_json(folder / "tokenizer_config.json")};
    const std::string vocabulary = read_text_file(folder / "vocab.json", kMaxFileBytes);
    const std::string merges = read_text_file(folder / "merges.txt", kMaxFileBytes);
    auto state = std::make_unique<State>(State{BytePairs(vocabulary, merges, folder.string()),
                                               special_token(files, "bos_token", "<|startoftext|>"),
                                               special_token(files, "eos_token", "<|endoftext|>"),
                                               special_token(files, "pad_token", "<|endoftext|>"),
                                               special_token(files, "unk_token", "<|endoftext|>"),
                                               {}});
    if (pad_token) state->pad = {*pad_token};
    if (const auto length = files[1].find("model_max_length");
        length != files[1].end() && length->is_number_unsigned() && *length >= 3 && *length <= 4096)
        state->context_length = *length;
    for (SpecialToken* special : {&state->start, &state->end, &state->pad, &state->unknown}) {
        special->id = state->pairs.id_of(special->text);
        if (special->id < 0)
            throw Error(ErrorCode::corrupt_data,
                        fmt::format("{}: the special token \"{}\" is not in vocab.json", folder.string(),
                                    special->text));
        const bool known =
            std::any_of(state->specials.begin(), state->specials.end(),
                        [&](const SpecialToken& other) { return other.text == special->text; });
        if (!known) state->specials.push_back(*special);
    }
    return ClipTokenizer(std::move(state));
}

Tokens ClipTokenizer::encode(std::string_view text) const {
    const std::vector<std::int64_t> all = state_->encode_all(text);
    const std::size_t room = static_cast<std::size_t>(state_->context_length) - 2;
    const std::size_t taken = std::min(all.size(), room);

    Tokens tokens;
    tokens.ids.push_back(state_->start.id);
    tokens.ids.insert(tokens.ids.end(), all.begin(), all.begin() + static_cast<std::ptrdiff_t>(taken));
    tokens.ids.push_back(state_->end.id);
    tokens.ids.resize(static_cast<std::size_t>(state_->context_length), state_->pad.id);
    for (std::size_t i = taken; i < all.size(); ++i) tokens.cut += state_->pairs.text_of(all[i]);
    if (tokens.cut.ends_with(' ')) tokens.cut.pop_back();
    return tokens;
}

int ClipTokenizer::context_length() const { return state_->context_length; }
std::int64_t ClipTokenizer::end_id() const { return state_->end.id; }

ClipTokenizer::ClipTokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
ClipTokenizer::ClipTokenizer(ClipTokenizer&&) noexcept = default;
ClipTokenizer& ClipTokenizer::operator=(ClipTokenizer&&) noexcept = default;
ClipTokenizer::~ClipTokenizer() = default;

}  // namespace stillreel::models
