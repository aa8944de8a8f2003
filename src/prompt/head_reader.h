// The reader behind read_heads: one pass over the clauses that keeps in mind who acts. In three files:
// read_heads.cpp (clauses, nouns, effects), read_camera.cpp (camera moves and their directions),
// read_acts.cpp (what things do).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "prompt/grammar.h"

namespace stillreel::prompt {

enum class ActorKind { none, camera, being, vehicle, machine, object, unknown, body, place, effect, surface };

struct Actor {
    ActorKind kind = ActorKind::none;
    std::size_t unit = 0;
    int head = -1;       // effect
    bool aside = false;  // behind a preposition: the rain of "a man in the rain"

    explicit operator bool() const { return kind != ActorKind::none; }
};

class HeadReader {
  public:
    explicit HeadReader(Sentence& sentence) : s_(sentence), units_(sentence.units) {}

    void run() {
        for (std::size_t c = 0; c < s_.clauses.size(); ++c) clause(c);
    }

  private:
    void clause(std::size_t index);
    void unit(std::size_t i);
    void read_paths();
    void noun(std::size_t i, ActorKind kind, int head = -1);
    void verb(std::size_t i);
    void act(std::size_t i, const Actor& actor);
    bool surface_moves(std::size_t surface, std::size_t verb);
    void subject_act(std::size_t i, const Actor& actor);
    void hold(std::size_t i);
    void effect(std::size_t i);
    void unknown(std::size_t i);
    void lone_direction(std::size_t i);
    void bare_camera(std::size_t i, Dir dir);
    void finish_pending();
    void blow_surfaces();

    Actor actor_for(std::size_t i) const;
    bool has_camera_as_object(std::size_t i) const;
    bool is_label(std::size_t i) const;
    void choose_side(std::size_t i, Head& head);
    bool repeats(std::size_t i, Dir dir);
    bool refines(std::size_t i, Dir dir);
    bool is_adjective(std::size_t i, const Actor& actor) const;
    bool means_camera(std::size_t i, const Actor& actor, Dir dir) const;
    std::optional<std::size_t> direction_for(std::size_t i) const;
    bool is_particle(std::size_t i, std::size_t verb) const;

    Head& add_head(HeadKind kind, std::size_t i);
    void not_rendered(std::size_t i, const std::string& reason);
    void tell(std::size_t i, Reading reading, const std::string& meaning) {
        units_[i].reading = reading;
        units_[i].meaning = meaning;
    }
    const Token& token(std::size_t unit) const { return s_.tokens[units_[unit].first]; }
    bool chinese(std::size_t unit) const { return token(unit).kind == TokenKind::character; }
    bool in_clause(std::size_t i) const { return i >= clause_->begin && i < clause_->end; }
    bool is_word(std::size_t i, std::string_view word) const {
        return in_clause(i) && units_[i].last == units_[i].first + 1 && token(i).word == word;
    }

    Sentence& s_;
    std::vector<Unit>& units_;
    Clause* clause_ = nullptr;
    int clause_index_ = 0;
    Actor main_;   // the sentence's subject, carried over to clauses that begin with a verb
    Actor local_;  // the nearest noun
    bool clause_has_main_ = false;
    bool negated_ = false;
    std::optional<std::size_t> negation_;
    std::optional<std::size_t> pending_;       // an act that waits for its noun ("falling leaves")
    std::optional<std::size_t> open_surface_;  // "trees and grass sway": the trees
    int last_camera_ = -1;                     // head
};

}  // namespace stillreel::prompt
