#include "prompt/lexicon.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>

#include "base/check.h"

extern "C" const unsigned char stillreel_prompt_lexicon[], stillreel_prompt_lexicon_end[];

namespace stillreel::prompt {
namespace {

constexpr std::array<std::string_view, 24> kSenses = {
    "camera",  "verb",   "dir",       "act",      "hold",   "effect",   "surface", "wind",
    "subject", "action", "noun",      "pronoun",  "mod",    "distance", "colour",  "tempo",
    "night",   "time",   "separator", "negation", "number", "glue",     "style",   "scene"};
constexpr std::array<std::string_view, kDirCount> kDirs = {
    "bare", "left", "right", "up", "down", "in", "out", "forward", "back", "around", "cw", "ccw", "both"};

template <std::size_t N>
std::optional<std::size_t> index_in(const std::array<std::string_view, N>& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return {};
    return static_cast<std::size_t>(found - names.begin());
}

std::vector<std::string> split(const std::string& text, char by) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, by);) parts.push_back(part);
    return parts;
}

template <class Enum>
Enum named(std::string_view name, int count) {
    for (int i = 0; i < count; ++i)
        if (name_of(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
    STILLREEL_CHECK(!"a name of lexicon.txt is known");
    return {};
}

/// "water/waves+foliage"
std::vector<EffectSpec> effects_of(const std::string& text) {
    std::vector<EffectSpec> effects;
    for (const std::string& one : split(text, '+')) {
        const auto parts = split(one, '/');
        effects.push_back({named<EffectKind>(parts[0], 20), parts.size() > 1 ? parts[1] : ""});
    }
    return effects;
}

/// "dolly+,zoom-!": the moves, and ! when they need no camera in front.
void read_moves(Entry& entry, std::size_t dir, std::string text) {
    if (text.back() == '!') {
        entry.strong[dir] = true;
        text.pop_back();
    }
    for (std::string one : split(text, ',')) {
        const double direction = one.back() == '-' ? -1 : 1;
        one.pop_back();
        entry.moves[dir].push_back({named<CameraMove>(one, 10), direction});
    }
}

bool read_number(Entry& entry, const std::string& key, double value) {
    if (key == "level")
        entry.level = value;
    else if (key == "cam")
        entry.camera_speed = value;
    else if (key == "speed")
        entry.effect_speed = value;
    else if (key == "wind")
        entry.wind = value;
    else if (key == "value")
        entry.value = value;
    else if (key == "begin")
        entry.when.begin = value;
    else if (key == "end")
        entry.when.end = value;
    else
        return false;
    return true;
}

void read_attribute(Entry& entry, const std::string& key, const std::string& value) {
    const auto dir = index_in(kDirs, key);
    if (entry.sense == Sense::verb && dir)
        read_moves(entry, *dir, value);
    else if (read_number(entry, key, std::strtod(value.c_str(), nullptr)))
        return;
    else if (key == "colours")
        entry.colours = value;
    else if (key == "reason")
        entry.reason = value;
    else if (key == "act")
        entry.act = value;
    else if (entry.sense == Sense::surface)
        entry.by_act[key] = effects_of(value);
    else
        STILLREEL_CHECK(!"an attribute of lexicon.txt is known");
}

void read_name(Entry& entry, const std::string& word) {
    if (word == "firm")
        entry.firm = true;
    else if (word == "adjective")
        entry.adjective = true;
    else if (entry.sense == Sense::effect)
        entry.effects = effects_of(word);
    else if (entry.sense == Sense::subject)
        entry.subject = named<SubjectMove>(word, 4);
    else if (entry.sense == Sense::direction)
        entry.dir = static_cast<Dir>(index_in(kDirs, word).value());
    else
        entry.name = word;
}

Entry entry_of(const std::string& head) {
    Entry entry;
    std::istringstream words(head);
    std::string word;
    words >> word;
    const auto sense = index_in(kSenses, word);
    STILLREEL_CHECK(sense.has_value());
    entry.sense = static_cast<Sense>(*sense);
    while (words >> word) {
        const std::size_t equals = word.find('=');
        if (equals == word.npos)
            read_name(entry, word);
        else
            read_attribute(entry, word.substr(0, equals), word.substr(equals + 1));
    }
    return entry;
}

bool is_determiner(const Token& token) {
    static const std::set<std::string_view> words = {"the", "a",   "an",   "his",  "her",  "its",  "their",
                                                     "my",  "our", "your", "this", "that", "these"};
    return token.kind == TokenKind::word && words.contains(token.word);
}

/// Tokens from `at` that the keys cover, or 0.
std::size_t covered(const std::vector<std::string>& keys, const std::vector<Token>& tokens, std::size_t at) {
    std::size_t i = at;
    for (const std::string& key : keys) {
        if (key == "_") {
            if (i < tokens.size() && is_determiner(tokens[i])) ++i;
            continue;
        }
        if (i >= tokens.size() || tokens[i].kind == TokenKind::comma || tokens[i].kind == TokenKind::stop)
            return 0;
        const bool exact = key.size() > 1 && key[0] == '=';
        if (exact ? tokens[i].word != std::string_view(key).substr(1) : tokens[i].stem != key) return 0;
        ++i;
    }
    return i - at;
}

}  // namespace

const Lexicon& Lexicon::instance() {
    static const Lexicon lexicon(
        {reinterpret_cast<const char*>(stillreel_prompt_lexicon),
         static_cast<std::size_t>(stillreel_prompt_lexicon_end - stillreel_prompt_lexicon)});
    return lexicon;
}

Lexicon::Lexicon(std::string_view text) {
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line[0] == '#') continue;
        const std::size_t colon = line.find(" : ");
        STILLREEL_CHECK(colon != line.npos);
        entries_.push_back(std::make_unique<Entry>(entry_of(line.substr(0, colon))));
        for (const std::string& synonym : split(line.substr(colon + 3), '|'))
            add_synonym(synonym, entries_.back().get());
    }
    for (auto& [key, patterns] : patterns_)
        std::stable_sort(patterns.begin(), patterns.end(),
                         [](const Pattern& a, const Pattern& b) { return a.keys.size() > b.keys.size(); });
}

void Lexicon::add_synonym(const std::string& text, const Entry* entry) {
    Pattern pattern{{}, entry};
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (word == "_") {
            pattern.keys.push_back(word);
        } else if (word[0] == '=' && word.size() > 1) {
            pattern.keys.push_back(word);
        } else {
            for (const Token& token : tokenise(word)) pattern.keys.push_back(token.stem);
        }
    }
    STILLREEL_CHECK(!pattern.keys.empty() && pattern.keys.front() != "_");
    auto& bucket = patterns_[pattern.keys.front()];
    for (const Pattern& other : bucket)
        if (other.keys == pattern.keys) duplicates_.push_back(text);
    bucket.push_back(std::move(pattern));
}

Lexicon::Match Lexicon::longest(const std::vector<Token>& tokens, std::size_t at) const {
    Match best;
    for (const std::string& key : {"=" + tokens[at].word, tokens[at].stem}) {
        const auto bucket = patterns_.find(key);
        if (bucket == patterns_.end()) continue;
        for (const Pattern& pattern : bucket->second) {
            const std::size_t n = covered(pattern.keys, tokens, at);
            if (n > best.tokens) best = {pattern.entry, n};
        }
    }
    return best;
}

}  // namespace stillreel::prompt
