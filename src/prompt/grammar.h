// Between words and plan. read_units finds the known words, read_heads decides in each clause who moves and
// how, attach_modifiers gives the heads their speed, strength, place and time. parse_prompt.cpp makes tracks
// of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "prompt/lexicon.h"

namespace stillreel::prompt {

enum class Measure { none, plain, factor, degrees, fraction, seconds, format };

struct Quantity {
    Measure measure = Measure::none;
    double value = 0;
    std::optional<double> until;  // "1-3 s"
};

/// A stretch of tokens with one meaning: an entry of the lexicon, a quantity, or an unknown word.
struct Unit {
    std::size_t first = 0, last = 0;  // tokens [first, last)
    const Entry* entry = nullptr;
    Quantity quantity;
    bool unknown = false;
    bool punctuation = false;
    bool stop = false;  // punctuation that ends a sentence
    int clause = -1;
    int head = -1;  // the head this belongs to
    Reading reading = Reading::not_understood;
    std::string meaning;
    bool glue = false;  // joins the phrase beside it

    bool is(Sense sense) const { return entry && entry->sense == sense; }
};

struct Clause {
    std::size_t begin = 0, end = 0;  // units
    std::string joint;   // how it is joined to what stands before: comma, stop, then, and, while, with ...
    int step = 0;        // place in the sequence
    bool final = false;  // "finally"
    bool opens_step = false;  // "then snow falls": what it names begins here
    bool negated = false;     // "no rain or snow": carries over
};

enum class HeadKind { camera, hold, effect, subject, wind, not_rendered };

/// Something that moves, and all that was said about it.
struct Head {
    HeadKind kind = HeadKind::camera;
    std::size_t unit = 0;
    int clause = 0;
    const Entry* entry = nullptr;
    bool negated = false;
    std::vector<MoveDir> moves;
    std::vector<EffectSpec> effects;
    SubjectMove subject = SubjectMove::breathing;
    std::string reason;
    std::optional<double> camera_speed, level, effect_speed;
    Quantity amount;
    bool distant = false;
    std::string colours;
    std::optional<double> direction;
    std::optional<Span> when;
    int part = 0, parts = 1;  // "left and right": halves of one move
    std::string meaning;
};

struct Sentence {
    std::vector<Token> tokens;
    std::vector<Unit> units;
    std::vector<Clause> clauses;
    std::vector<Head> heads;
    double duration_s = kDefaultDurationS;
    bool has_subject = false;      // somebody or something is named
    bool has_environment = false;  // a place, weather or time of day is named
};

void read_units(Sentence& sentence);
void read_clauses(Sentence& sentence);
void read_heads(Sentence& sentence);
void attach_modifiers(Sentence& sentence);

/// The time that a unit says, if any ("at the end", "after 2 seconds").
std::optional<Span> time_of(const Sentence& sentence, std::size_t unit);

/// Phrases of the finished reading; heads and units have their meaning.
std::vector<Phrase> phrases_of(const Sentence& sentence, std::string_view prompt);

std::vector<Lint> lint_of(const Sentence& sentence, const MotionPlan& plan);

/// "slowly, first half"; in words for phrases and tables.
std::string words_of(const Span& span);
std::string words_of(const CameraTrack& track);
std::string words_of(const EffectTrack& track);
std::string words_of(const SubjectTrack& track);

/// The sentence for an action's reason ("walk").
std::string reason_sentence(const std::string& reason);

}  // namespace stillreel::prompt
