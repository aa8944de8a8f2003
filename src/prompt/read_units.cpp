// Units and clauses: words into meanings, meanings into groups.
#include <algorithm>
#include <array>
#include <utility>

#include "prompt/grammar.h"

namespace stillreel::prompt {
namespace {

constexpr std::array<std::pair<std::string_view, Measure>, 22> kMeasures = {{
    {"degre", Measure::degrees},  {"deg", Measure::degrees}, {"°", Measure::degrees},
    {"度", Measure::degrees},     {"x", Measure::factor},    {"time", Measure::factor},
    {"倍", Measure::factor},      {"%", Measure::fraction},  {"percent", Measure::fraction},
    {"second", Measure::seconds}, {"sec", Measure::seconds}, {"s", Measure::seconds},
    {"秒", Measure::seconds},     {"k", Measure::format},    {"p", Measure::format},
    {"fps", Measure::format},     {"mm", Measure::format},   {"hz", Measure::format},
    {"bit", Measure::format},     {"d", Measure::format},    {"h", Measure::format},
    {"secs", Measure::seconds},
}};

Measure measure_of(std::string_view word) {
    for (const auto& [name, measure] : kMeasures)
        if (name == word) return measure;
    return Measure::none;
}

class UnitReader {
  public:
    explicit UnitReader(Sentence& sentence) : tokens_(sentence.tokens), units_(sentence.units) {}

    void run() {
        while (at_ < tokens_.size()) {
            const TokenKind kind = tokens_[at_].kind;
            if (kind == TokenKind::comma || kind == TokenKind::stop)
                punctuation();
            else if (kind == TokenKind::number)
                number(tokens_[at_].value, at_ + 1, tokens_[at_].suffix);
            else
                known_or_unknown();
        }
    }

  private:
    Unit& add(std::size_t last) {
        Unit& unit = units_.emplace_back();
        unit.first = at_;
        unit.last = at_ = last;
        return unit;
    }

    void punctuation() {
        const bool stop = tokens_[at_].kind == TokenKind::stop;
        Unit& unit = add(at_ + 1);
        unit.punctuation = true;
        unit.stop = stop;
    }

    void known_or_unknown() {
        const Lexicon::Match match = Lexicon::instance().longest(tokens_, at_);
        if (match.entry && match.entry->sense == Sense::number && tokens_[at_].word != "quarter" &&
            at_ + match.tokens < tokens_.size() && unit_word(at_ + match.tokens) != Measure::none)
            return number(match.entry->value, at_ + match.tokens, "");
        if (match.entry && match.entry->sense == Sense::number && match.entry->value >= 90) {
            const double value = match.entry->value;
            add(at_ + match.tokens).quantity = {Measure::degrees, value, {}};
            return;
        }
        if (match.entry) {
            add(at_ + match.tokens).entry = match.entry;
            return;
        }
        // Unknown Chinese stays together until the next known word.
        std::size_t last = at_ + 1;
        if (tokens_[at_].kind == TokenKind::character)
            while (last < tokens_.size() && tokens_[last].kind == TokenKind::character &&
                   !Lexicon::instance().longest(tokens_, last).entry)
                ++last;
        add(last).unknown = true;
    }

    Measure unit_word(std::size_t at) const {
        if (at >= tokens_.size()) return Measure::none;
        return measure_of(tokens_[at].stem);
    }

    /// A number whose text ends before `next`; its measure is its suffix or the next word, perhaps after a
    /// range.
    void number(double value, std::size_t next, const std::string& suffix) {
        Quantity quantity{Measure::plain, value, {}};
        if (!suffix.empty()) {
            const Measure measure = measure_of(suffix);
            quantity.measure = measure == Measure::none ? Measure::format : measure;
        }
        const bool dash =
            next + 1 < tokens_.size() && (tokens_[next].word == "-" || tokens_[next].word == "to" ||
                                          tokens_[next].word == "到" || tokens_[next].word == "至");
        if (dash && tokens_[next + 1].kind == TokenKind::number) {
            const Token& second = tokens_[next + 1];
            const Measure measure = second.suffix.empty() ? unit_word(next + 2) : measure_of(second.suffix);
            if (measure == Measure::seconds &&
                (quantity.measure == Measure::plain || quantity.measure == measure)) {
                add(next + (second.suffix.empty() ? 3 : 2)).quantity = {measure, value, second.value};
                return;
            }
        }
        if (suffix.empty() && unit_word(next) != Measure::none) quantity.measure = unit_word(next++);
        if (quantity.measure == Measure::fraction) quantity.value /= 100;
        if (quantity.measure == Measure::plain && (value == 360 || value == 180))
            quantity.measure = Measure::degrees;
        add(next).quantity = quantity;
    }

    const std::vector<Token>& tokens_;
    std::vector<Unit>& units_;
    std::size_t at_ = 0;
};

bool is_joint(const Unit& unit) { return unit.punctuation || unit.is(Sense::separator); }

bool is_verb(const Unit& unit) {
    return unit.is(Sense::verb) || unit.is(Sense::act) || unit.is(Sense::action);
}

/// The words that join decide more than the commas beside them.
int weight(std::string_view joint) {
    if (joint == "then" || joint == "final" || joint == "after") return 4;
    if (joint == "while" || joint == "with" || joint == "as") return 3;
    if (joint == "or" || joint == "and" || joint == "first") return 2;
    return joint == "stop" ? 1 : 0;
}

}  // namespace

void read_units(Sentence& sentence) { UnitReader(sentence).run(); }

void read_clauses(Sentence& sentence) {
    auto& units = sentence.units;
    int step = 0;
    bool after_opens = false;  // "after the pan, ...": the next comma means then
    for (std::size_t at = 0; at < units.size();) {
        Clause clause;
        clause.joint = "stop";
        int heaviest = -1;
        bool comma = false;
        for (; at < units.size() && is_joint(units[at]); ++at) {
            const std::string joint =
                units[at].punctuation ? (units[at].stop ? "stop" : "comma") : units[at].entry->name;
            comma = comma || units[at].punctuation;
            if (weight(joint) > heaviest) clause.joint = joint, heaviest = weight(joint);
            units[at].clause = static_cast<int>(sentence.clauses.size());
            units[at].glue = true;
        }
        if (after_opens && comma) clause.joint = "then", after_opens = false;
        clause.begin = at;
        while (at < units.size() && !is_joint(units[at]))
            units[at++].clause = static_cast<int>(sentence.clauses.size());
        clause.end = at;
        const bool first = sentence.clauses.empty();
        const bool gerund = std::any_of(units.begin() + static_cast<long>(clause.begin),
                                        units.begin() + static_cast<long>(clause.end), is_verb);
        if (clause.joint == "then" || clause.joint == "final") step += first ? 0 : 1;
        if (clause.joint == "after" && gerund && !first && !comma) {
            // "zoom in after panning left": what stood before comes later.
            for (Clause& earlier : sentence.clauses)
                if (earlier.step == step) ++earlier.step;
            clause.step = step++;
        } else {
            after_opens = after_opens || (clause.joint == "after" && gerund);
            clause.step = step;
        }
        clause.final = clause.joint == "final";
        clause.opens_step =
            clause.joint == "then" || clause.final ||
            ((clause.joint == "and" || clause.joint == "or") && !first && sentence.clauses.back().opens_step);
        sentence.clauses.push_back(clause);
    }
}

}  // namespace stillreel::prompt
