// The words that are known, read from lexicon.txt (its head explains the format): a synonym is one word on
// one line.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "prompt/motion_plan.h"
#include "prompt/tokens.h"

namespace stillreel::prompt {

enum class Sense {
    camera_word,  // the camera, the shot: who moves
    verb,         // a camera move, if the camera does it
    direction,
    act,      // motion of things: falls, sways
    hold,     // static
    effect,   // motion by the noun alone: rain
    surface,  // a thing that moves once an act is said of it: trees sway
    wind,
    subject,  // a subject move said outright: breathing
    action,   // what is not rendered
    noun,
    pronoun,
    modifier,  // speed and strength
    distance,
    colour,
    tempo,
    night,
    time,
    separator,
    negation,
    number,
    glue,  // grammar words, prepositions
    style,
    scene,  // states and adjectives: sitting, wearing
};

enum class Dir { none, left, right, up, down, in, out, forward, back, around, clockwise, counter, both };
constexpr std::size_t kDirCount = 13;

struct MoveDir {
    CameraMove move = CameraMove::hold;
    double direction = 1;
};

struct EffectSpec {
    EffectKind kind = EffectKind::rain;
    std::string style;
};

struct Entry {
    Sense sense = Sense::glue;
    std::string
        name;  // noun: being, vehicle, object, place, body; act and verb: its name; separator: its kind
    std::array<std::vector<MoveDir>, kDirCount> moves;  // verb: what each direction makes of it
    std::array<bool, kDirCount> strong{};               // verb: camera whoever was named before
    Dir dir = Dir::none;
    std::vector<EffectSpec> effects;                        // effect
    std::map<std::string, std::vector<EffectSpec>> by_act;  // surface: act -> effects, "any" for the rest
    std::optional<SubjectMove> subject;
    std::optional<double> level;         // intensity of an effect, strength of shake
    std::optional<double> camera_speed;  // factor on a camera move
    std::optional<double> effect_speed;
    std::optional<double> wind;
    double value = 0;  // number, tempo
    Span when;         // time
    std::string colours;
    std::string reason;      // action: why it is not rendered
    std::string act;         // effect: the act that the same word can be (waves)
    bool firm = false;       // hold: means the camera even when somebody else was named
    bool adjective = false;  // modifier: counts only in front of what it modifies
};

class Lexicon {
  public:
    /// The built-in lexicon, read once.
    static const Lexicon& instance();

    /// Aborts on a malformed line: the text is part of the program.
    explicit Lexicon(std::string_view text);

    struct Match {
        const Entry* entry = nullptr;
        std::size_t tokens = 0;
    };
    /// The longest entry that begins at tokens[at]; among equals a word said exactly wins over a stem.
    Match longest(const std::vector<Token>& tokens, std::size_t at) const;

    /// Synonyms that stand in the file twice: the tests want none.
    const std::vector<std::string>& duplicates() const { return duplicates_; }

  private:
    struct Pattern {
        std::vector<std::string> keys;  // "=word", stem, or "_" for an optional determiner
        const Entry* entry = nullptr;
    };
    void add_synonym(const std::string& text, const Entry* entry);

    std::vector<std::unique_ptr<Entry>> entries_;
    std::unordered_map<std::string, std::vector<Pattern>> patterns_;  // by first key
    std::vector<std::string> duplicates_;
};

}  // namespace stillreel::prompt
