// Gives every head of a clause what was said about it: speed, strength, amount, colour, distance, time.
#include <algorithm>
#include <cstdlib>

#include "prompt/grammar.h"

namespace stillreel::prompt {
namespace {

class ModifierReader {
  public:
    explicit ModifierReader(Sentence& sentence) : s_(sentence), units_(sentence.units) {}

    void run() {
        for (std::size_t c = 0; c < s_.clauses.size(); ++c)
            for (std::size_t i = s_.clauses[c].begin; i < s_.clauses[c].end; ++i)
                unit(i, static_cast<int>(c));
        share_speed();
        for (Head& head : s_.heads) settle_lights(head);
    }

  private:
    void unit(std::size_t i, int c) {
        Unit& u = units_[i];
        if (u.is(Sense::modifier))
            modifier(i, c);
        else if (u.is(Sense::distance))
            give(i, nearest(i, c, &is_effect), [](Head& h) { h.distant = true; });
        else if (u.is(Sense::colour))
            colour(i, c);
        else if (u.quantity.measure != Measure::none)
            quantity(i, c);
        else if (u.is(Sense::direction) && u.head < 0)
            direction(i, c);
        if (u.is(Sense::time) || (u.quantity.measure == Measure::seconds)) time(i, c);
    }

    static bool is_any(const Head& head) { return head.kind != HeadKind::hold; }
    static bool is_effect(const Head& head) { return head.kind == HeadKind::effect; }
    static bool is_camera(const Head& head) { return head.kind == HeadKind::camera; }
    static bool is_lights(const Head& head) {
        return is_effect(head) &&
               std::any_of(head.effects.begin(), head.effects.end(), [](const EffectSpec& e) {
                   return e.kind == EffectKind::police_lights || e.kind == EffectKind::neon;
               });
    }
    static bool blows(const Head& head) { return head.kind == HeadKind::wind || is_effect(head); }

    bool chinese(std::size_t i) const { return s_.tokens[units_[i].first].kind == TokenKind::character; }
    const std::string& word(std::size_t i) const { return s_.tokens[units_[i].first].word; }

    /// The nearest head of the clause that `fits`. Adjectives and Chinese modifiers stand before what they
    /// modify.
    int nearest(std::size_t i, int c, bool (*fits)(const Head&)) const {
        const Clause& clause = s_.clauses[static_cast<std::size_t>(c)];
        const std::string& last = s_.tokens[units_[i].last - 1].word;
        const bool adverb = last.ends_with("ly") && !chinese(i);
        int before = -1, after = -1;
        std::size_t before_distance = 0, after_distance = 0;
        for (std::size_t j = i; j-- > clause.begin && before < 0;)
            if (units_[j].head >= 0 && fits(s_.heads[static_cast<std::size_t>(units_[j].head)]))
                before = units_[j].head, before_distance = i - j;
        for (std::size_t j = i + 1; j < clause.end && after < 0; ++j)
            if (units_[j].head >= 0 && fits(s_.heads[static_cast<std::size_t>(units_[j].head)]))
                after = units_[j].head, after_distance = j - i;
        if (before < 0) return after;
        if (after < 0 || before == after) return before;
        if (!adverb) return after_distance <= before_distance + 2 ? after : before;
        return after_distance < before_distance ? after : before;
    }

    /// With no head in its own clause: the last of the clause before ("zoom in, slowly"), else the first of
    /// the next.
    int neighbour(int c, bool (*fits)(const Head&)) const {
        int before = -1, after = -1;
        for (std::size_t h = 0; h < s_.heads.size(); ++h) {
            if (!fits(s_.heads[h])) continue;
            if (s_.heads[h].clause == c - 1) before = static_cast<int>(h);
            if (s_.heads[h].clause == c + 1 && after < 0) after = static_cast<int>(h);
        }
        return before >= 0 ? before : after;
    }

    bool clause_is_bare(int c) const {
        const Clause& clause = s_.clauses[static_cast<std::size_t>(c)];
        return std::all_of(units_.begin() + static_cast<long>(clause.begin),
                           units_.begin() + static_cast<long>(clause.end), [](const Unit& u) {
                               return u.is(Sense::modifier) || u.is(Sense::glue) || u.is(Sense::time) ||
                                      u.is(Sense::distance) || u.is(Sense::style) ||
                                      u.is(Sense::camera_word) || u.quantity.measure != Measure::none;
                           });
    }

    template <class Change>
    void give(std::size_t i, int head, Change change) {
        if (head < 0) {
            if (units_[i].meaning.empty())
                units_[i].reading = Reading::scene, units_[i].meaning = "in the picture";
            return;
        }
        units_[i].head = head;
        const std::size_t at = s_.heads[static_cast<std::size_t>(head)].unit;
        for (Head& h : s_.heads)
            if (h.unit == at) change(h);
    }

    void modifier(std::size_t i, int c) {
        const Entry& entry = *units_[i].entry;
        int head = nearest(i, c, &is_any);
        if (entry.adjective) {
            const std::size_t next = i + 1;
            const bool before = next < s_.clauses[static_cast<std::size_t>(c)].end && units_[next].head >= 0;
            head = before ? units_[next].head : -1;
        } else if (head < 0 && clause_is_bare(c)) {
            head = neighbour(c, &is_any);
        }
        give(i, head, [&](Head& h) {
            combine(h.camera_speed, entry.camera_speed);
            if (entry.level)
                h.level = h.level && *entry.level > 0.5 ? std::max(*h.level, *entry.level) : *entry.level;
            combine(h.effect_speed, entry.effect_speed);
        });
    }

    /// Of two words the stronger counts: "slowly and gently", "very quick".
    static void combine(std::optional<double>& value, const std::optional<double>& said) {
        if (!said) return;
        if (!value || *value == 1)
            value = said;
        else if (*said < 1)
            value = std::min(*value, *said);
        else if (*said > 1)
            value = std::max(*value, *said);
    }

    void colour(std::size_t i, int c) {
        const int head = nearest(i, c, &is_lights);
        give(i, head, [&](Head& h) {
            const std::string& said = units_[i].entry->name;
            h.colours = h.colours.empty() || h.colours == said ? said : "red_blue";
        });
    }

    void quantity(std::size_t i, int c) {
        Unit& u = units_[i];
        const Quantity& q = u.quantity;
        if (q.measure == Measure::seconds) return;
        if (q.measure == Measure::format || q.measure == Measure::plain) {
            u.reading = q.measure == Measure::format ? Reading::style : Reading::scene;
            u.meaning = q.measure == Measure::format ? "format: nothing moves by it" : "in the picture";
            return;
        }
        int head = nearest(i, c, &is_camera);
        if (head < 0 && clause_is_bare(c)) head = neighbour(c, &is_camera);
        give(i, head, [&](Head& h) { h.amount = q; });
    }

    void direction(std::size_t i, int c) {
        const Dir dir = units_[i].entry->dir;
        if ((dir != Dir::left && dir != Dir::right) || !names_side(i)) return;
        const int head = nearest(i, c, &blows);
        if (head < 0) return;
        const bool from =
            i > 0 && (word(i - 1) == "from" || (i > 1 && word(i - 2) == "from") || word(i - 1) == "从");
        give(i, head, [&](Head& h) { h.direction = (dir == Dir::right) != from ? 1 : -1; });
    }

    /// "across" leaves the side open, "to the left" does not.
    bool names_side(std::size_t i) const {
        for (std::size_t t = units_[i].first; t < units_[i].last; ++t) {
            const std::string& w = s_.tokens[t].word;
            if (w.starts_with("left") || w.starts_with("right") || w == "左" || w == "右") return true;
        }
        return false;
    }

    void time(std::size_t i, int c) {
        const auto span = time_of(s_, i);
        if (!span) return;
        Unit& u = units_[i];
        u.reading = Reading::rendered;
        u.meaning = "time: " + words_of(*span);
        int target = c;
        if (!has_head(c)) target = has_head(c + 1) && (c == 0 || clause_is_bare(c)) ? c + 1 : c - 1;
        for (Head& h : s_.heads)
            if (h.clause == target && !h.when) h.when = span;
    }

    bool has_head(int c) const {
        return std::any_of(s_.heads.begin(), s_.heads.end(), [&](const Head& h) { return h.clause == c; });
    }

    /// "slowly pushes in and pans right": both slowly; "pan left, then right": the same pan.
    void share_speed() {
        for (std::size_t h = 1; h < s_.heads.size(); ++h) {
            Head& head = s_.heads[h];
            if (head.kind != HeadKind::camera || head.camera_speed) continue;
            const Clause& clause = s_.clauses[static_cast<std::size_t>(head.clause)];
            const bool direction_only = units_[head.unit].is(Sense::direction);
            bool names_camera = false;
            for (std::size_t i = clause.begin; i < head.unit; ++i)
                names_camera |= units_[i].is(Sense::camera_word);
            if (!direction_only && (clause.joint != "and" || names_camera)) continue;
            for (std::size_t e = h; e-- > 0;) {
                const Head& earlier = s_.heads[e];
                if (earlier.kind != HeadKind::camera || earlier.clause + 1 < head.clause) continue;
                if (direction_only || modified_in_front(earlier)) head.camera_speed = earlier.camera_speed;
                break;
            }
        }
    }

    bool modified_in_front(const Head& head) const {
        const Clause& clause = s_.clauses[static_cast<std::size_t>(head.clause)];
        for (std::size_t i = clause.begin; i < head.unit; ++i)
            if (units_[i].is(Sense::modifier)) return true;
        return false;
    }

    /// "red lights flashing" are the police's; plain flashing lights stay neon.
    static void settle_lights(Head& head) {
        const bool neon = is_lights(head) && head.effects.front().kind == EffectKind::neon;
        const bool flashes = head.entry && (head.entry->name == "flash" || head.entry->name == "rotate");
        if (neon && flashes && !head.colours.empty()) head.effects = {{EffectKind::police_lights, ""}};
    }

    Sentence& s_;
    std::vector<Unit>& units_;
};

Span clamped(double begin, double end) {
    begin = std::clamp(begin, 0.0, 1.0);
    end = std::clamp(end, 0.0, 1.0);
    return end - begin < 1e-3 ? Span{0, 1} : Span{begin, end};
}

}  // namespace

std::optional<Span> time_of(const Sentence& s, std::size_t i) {
    const Unit& u = s.units[i];
    if (u.is(Sense::time)) return u.entry->when;
    if (u.quantity.measure != Measure::seconds || s.duration_s <= 0) return {};
    const double at = u.quantity.value / s.duration_s;
    if (u.quantity.until) return clamped(at, *u.quantity.until / s.duration_s);
    const auto said = [&](std::size_t token, std::string_view word) {
        return token < s.tokens.size() && s.tokens[token].word == word;
    };
    const auto before = [&](std::string_view w) {
        return (u.first > 0 && said(u.first - 1, w)) || (u.first > 1 && said(u.first - 2, w));
    };
    const bool last = before("last") || before("final") || (u.first > 0 && said(u.first - 1, "后"));
    if (last) return clamped(1 - at, 1);
    if (before("after") || before("from") || before("at") || said(u.last, "后") || said(u.last, "以") ||
        said(u.last, "in") || said(u.last, "之") || said(u.last, "later") || before("第"))
        return clamped(at, 1);
    return clamped(0, at);
}

void attach_modifiers(Sentence& sentence) { ModifierReader(sentence).run(); }

}  // namespace stillreel::prompt
