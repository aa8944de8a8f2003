// Who moves, and how: goes through each clause with the actor in mind. The camera's own words (zoom, pan) are
// camera moves whoever was named; other verbs are when the camera does them, or nobody was named.
#include <algorithm>

#include "prompt/grammar.h"

namespace stillreel::prompt {
namespace {

enum class ActorKind { none, camera, being, vehicle, machine, object, unknown, body, place, effect, surface };

struct Actor {
    ActorKind kind = ActorKind::none;
    std::size_t unit = 0;
    int head = -1;       // effect
    bool aside = false;  // behind a preposition: the rain of "a man in the rain"

    explicit operator bool() const { return kind != ActorKind::none; }
};

ActorKind kind_of_noun(const std::string& name) {
    if (name == "being") return ActorKind::being;
    if (name == "vehicle") return ActorKind::vehicle;
    if (name == "machine") return ActorKind::machine;
    if (name == "object") return ActorKind::object;
    if (name == "body") return ActorKind::body;
    return ActorKind::place;
}

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

void HeadReader::clause(std::size_t index) {
    clause_ = &s_.clauses[index];
    clause_index_ = static_cast<int>(index);
    const bool goes_on = clause_->joint == "or" || clause_->joint == "and";
    if (!goes_on) open_surface_.reset();
    const bool enumeration =
        clause_->joint == "or" ||
        (clause_->joint == "and" &&
         std::none_of(units_.begin() + static_cast<long>(clause_->begin),
                      units_.begin() + static_cast<long>(clause_->end),
                      [](const Unit& u) { return u.is(Sense::verb) || u.is(Sense::camera_word); }));
    negated_ = negated_ && enumeration;
    if (!negated_) negation_.reset();
    clause_->negated = negated_;
    local_ = {};
    clause_has_main_ = false;
    pending_.reset();
    read_paths();
    for (std::size_t i = clause_->begin; i < clause_->end; ++i)
        if (units_[i].head < 0) unit(i);
    finish_pending();
    blow_surfaces();
    if (local_.kind == ActorKind::surface && units_[local_.unit].head < 0) open_surface_ = local_.unit;
}

/// "down a narrow alley" leads forward, not down.
void HeadReader::read_paths() {
    static const Entry* const forward = Lexicon::instance().longest(tokenise("forward"), 0).entry;
    static constexpr std::string_view kPaths[] = {"street",   "road",  "alley",   "alleyway", "hallway",
                                                  "corridor", "hall",  "path",    "trail",    "lane",
                                                  "tunnel",   "aisle", "highway", "river"};
    for (std::size_t i = clause_->begin; i < clause_->end; ++i) {
        if (!is_word(i, "down") && !is_word(i, "up")) continue;
        for (std::size_t j = i + 1; j < std::min(i + 6, clause_->end) && !units_[j].is(Sense::verb); ++j) {
            const std::string& last = s_.tokens[units_[j].last - 1].word;
            if (std::find(std::begin(kPaths), std::end(kPaths), last) != std::end(kPaths))
                units_[i].entry = forward;
        }
    }
}

void HeadReader::unit(std::size_t i) {
    Unit& u = units_[i];
    if (u.quantity.measure != Measure::none) return;
    if (u.unknown) return unknown(i);
    switch (u.entry->sense) {
        case Sense::camera_word:
            return noun(i, ActorKind::camera);
        case Sense::verb:
            return verb(i);
        case Sense::act:
            return act(i, actor_for(i));
        case Sense::hold:
            return hold(i);
        case Sense::effect:
            return effect(i);
        case Sense::surface:
            return noun(i, ActorKind::surface);
        case Sense::noun:
            return noun(i, kind_of_noun(u.entry->name));
        case Sense::action:
            return not_rendered(i, u.entry->reason);
        case Sense::subject: {
            Head& head = add_head(HeadKind::subject, i);
            head.subject = *u.entry->subject;
            s_.has_subject = true;
            return;
        }
        case Sense::wind: {
            add_head(HeadKind::wind, i);
            return noun(i, ActorKind::effect, units_[i].head);
        }
        case Sense::pronoun:
            if (u.entry->name == "being") noun(i, ActorKind::being);
            return tell(i, Reading::scene, "in the picture");
        case Sense::negation:
            negated_ = true;
            negation_ = i;
            u.glue = true;
            return;
        case Sense::direction:
            return lone_direction(i);
        case Sense::glue:
            u.glue = true;
            return;
        case Sense::style:
            return tell(i, Reading::style, "style or quality: nothing moves by it");
        case Sense::scene:
            return tell(i, Reading::scene, "in the picture");
        case Sense::colour:
            return tell(i, Reading::scene, "in the picture");
        case Sense::number:
            u.glue = true;
            return;
        default:
            return;
    }
}

void HeadReader::noun(std::size_t i, ActorKind kind, int head) {
    Actor actor{kind, i, head, false};
    // Behind a preposition a noun is the surroundings of the main one; in Chinese the word for it stands
    // after.
    for (std::size_t j = i; j-- > clause_->begin;) {
        if (units_[j].is(Sense::noun) || units_[j].is(Sense::verb) || units_[j].is(Sense::act)) break;
        static constexpr std::string_view kPrepositions[] = {
            "in",     "on",      "at",     "under",  "through", "by",     "of",      "with",   "from",
            "over",   "along",   "behind", "near",   "into",    "across", "against", "beside", "inside",
            "toward", "towards", "past",   "around", "在",      "于",     "从"};
        if (std::find(std::begin(kPrepositions), std::end(kPrepositions), token(j).word) !=
            std::end(kPrepositions))
            actor.aside = true;
    }
    static constexpr std::string_view kPostpositions[] = {"下", "中", "里", "上", "前",
                                                          "旁", "内", "外", "之"};
    if (in_clause(i + 1) && chinese(i + 1) && units_[i + 1].is(Sense::glue) &&
        std::find(std::begin(kPostpositions), std::end(kPostpositions), token(i + 1).word) !=
            std::end(kPostpositions))
        actor.aside = true;
    local_ = actor;
    if (!clause_has_main_ && !actor.aside) {
        main_ = actor;
        clause_has_main_ = true;
    }
    if (kind == ActorKind::camera) {
        main_ = actor;
        tell(i, Reading::scene, "the camera");
        units_[i].glue = true;
        return;
    }
    if (head < 0) tell(i, Reading::scene, "in the picture");
    if (kind == ActorKind::place || kind == ActorKind::surface || kind == ActorKind::effect)
        s_.has_environment = true;
    if (kind != ActorKind::effect) s_.has_subject = true;
    if (pending_) {
        const std::size_t pending = *pending_;
        pending_.reset();
        act(pending, actor);
    }
}

Actor HeadReader::actor_for(std::size_t i) const {
    if (!local_)
        return clause_->begin < i || clause_->joint != "stop" || main_.kind == ActorKind::camera ? main_
                                                                                                 : Actor{};
    // In Chinese what the camera passes stands between it and its next verb.
    if (chinese(i) && main_.kind == ActorKind::camera && clause_has_main_ && units_[i].is(Sense::verb))
        return main_;
    if (!local_.aside || !clause_has_main_) return local_;
    const bool participle = token(i).form == VerbForm::ing || chinese(i);
    const bool able = local_.kind != ActorKind::place && local_.kind != ActorKind::camera;
    const bool fits = local_.kind == ActorKind::surface || local_.kind == ActorKind::effect
                          ? units_[i].is(Sense::act)
                          : able;
    const bool adjacent = local_.unit + 1 == i || !chinese(i);
    return participle && fits && adjacent ? local_ : main_;
}

bool HeadReader::is_adjective(std::size_t i, const Actor& actor) const {
    const bool camera_free = actor.kind != ActorKind::camera ||
                             (last_camera_ >= 0 && s_.heads[last_camera_].clause == clause_index_);
    if (!camera_free) return false;
    std::size_t next = i + 1;
    if (chinese(i)) {
        if (!is_word(next, "的")) return false;
        ++next;
    } else if (token(i).form != VerbForm::ing && token(i).form != VerbForm::ed) {
        return false;
    }
    while (in_clause(next) && (units_[next].is(Sense::colour) || units_[next].is(Sense::scene))) ++next;
    if (!in_clause(next)) return false;
    const Unit& u = units_[next];
    return u.is(Sense::noun) || u.is(Sense::surface) || u.is(Sense::effect);
}

bool HeadReader::is_particle(std::size_t i, std::size_t verb) const {
    if (!is_word(i, "in") && !is_word(i, "over") && !is_word(i, "about") && !is_word(i, "round")) return true;
    const bool beside = i == verb + 1 || (i == verb + 2 && units_[verb + 1].is(Sense::modifier));
    if (!beside) return false;
    if (!is_word(i, "in") || !in_clause(i + 1)) return true;
    if (units_[verb].entry->strong[static_cast<std::size_t>(Dir::in)]) return true;
    static constexpr std::string_view kAfter[] = {"on", "to", "from", "for", "toward", "towards", "through"};
    const Unit& next = units_[i + 1];
    return next.is(Sense::modifier) || next.is(Sense::direction) || next.quantity.measure != Measure::none ||
           std::find(std::begin(kAfter), std::end(kAfter), token(i + 1).word) != std::end(kAfter);
}

/// The direction word that belongs to the verb: the first behind it, else the nearest in front of it.
std::optional<std::size_t> HeadReader::direction_for(std::size_t i) const {
    const auto taken = [&](std::size_t j) {
        return units_[j].is(Sense::direction) && units_[j].head < 0 && is_particle(j, i) &&
               !units_[i].entry->moves[static_cast<std::size_t>(units_[j].entry->dir)].empty();
    };
    const auto ends = [&](std::size_t j) {
        return units_[j].is(Sense::verb) || units_[j].is(Sense::act) || units_[j].is(Sense::action) ||
               units_[j].is(Sense::subject);
    };
    for (std::size_t j = i + 1; j < clause_->end && !ends(j); ++j)
        if (taken(j)) return j;
    for (std::size_t j = i; j-- > clause_->begin && !ends(j);)
        if (taken(j)) return j;
    return {};
}

bool HeadReader::means_camera(std::size_t i, const Actor& actor, Dir dir) const {
    const Entry& entry = *units_[i].entry;
    const std::size_t d = static_cast<std::size_t>(dir);
    if (entry.moves[d].empty()) return false;
    if (actor.kind == ActorKind::camera || entry.strong[d]) return true;
    if (!actor)
        return dir != Dir::none || entry.name == "rotate" || entry.name == "shake" || chinese(i) ||
               units_.size() <= 3;
    if (actor.kind == ActorKind::place) return dir != Dir::none;
    // "A woman at the window. Move closer.": an order is for the camera.
    return i == clause_->begin && token(i).form == VerbForm::base && !chinese(i) && dir != Dir::none &&
           token(i).kind == TokenKind::word;
}

/// "push the camera in", "don't move the camera"
bool HeadReader::has_camera_as_object(std::size_t i) const {
    std::size_t next = i + 1;
    while (in_clause(next) && (units_[next].is(Sense::glue) || units_[next].is(Sense::modifier))) ++next;
    return !local_ && in_clause(next) && units_[next].is(Sense::camera_word);
}

void HeadReader::verb(std::size_t i) {
    const Actor actor = has_camera_as_object(i) ? Actor{ActorKind::camera, i, -1, false} : actor_for(i);
    const Entry& entry = *units_[i].entry;
    const auto at = direction_for(i);
    const Dir dir = at ? units_[*at].entry->dir : Dir::none;
    if (!entry.strong[static_cast<std::size_t>(dir)] && is_adjective(i, actor)) {
        pending_ = i;
        return;
    }
    // "a slow creeping zoom": the weak verb only colours the strong one behind it.
    if (in_clause(i + 1) && units_[i + 1].is(Sense::verb) && units_[i + 1].entry->strong[0] &&
        !entry.strong[0] && !at && token(i).form == VerbForm::ing) {
        units_[i].glue = true;
        return;
    }
    if (!means_camera(i, actor, dir)) return act(i, actor);
    const std::size_t d = static_cast<std::size_t>(dir);
    // "rotates around the subject", "orbits, circling": one move said twice.
    if (last_camera_ >= 0 && s_.heads[last_camera_].clause == clause_index_ && chinese(i) &&
        dir == Dir::none) {
        const Head& last = s_.heads[last_camera_];
        const bool orbits =
            last.moves.front().move == CameraMove::orbit && (entry.name == "rotate" || entry.name == "turn");
        const bool same = last.moves.front().move == entry.moves[d].front().move;
        if (orbits || same || entry.name == "move") {
            units_[i].head = last_camera_;
            return;
        }
    }
    if (refines(i, dir)) {
        if (at) units_[*at].head = last_camera_;
        return;
    }
    const bool all_movement = negated_ && entry.name == "move" && (dir == Dir::none || dir == Dir::both);
    Head& head = add_head(all_movement ? HeadKind::hold : HeadKind::camera, i);
    if (all_movement) head.negated = false;
    head.moves = entry.moves[d];
    if (!actor && entry.name == "rotate" && dir == Dir::none) head.moves = {{CameraMove::orbit, 1}};
    if (at) units_[*at].head = units_[i].head;
    if (at && dir == Dir::forward && units_[*at].last > units_[*at].first + 1)
        s_.has_environment = true;  // a hallway
    if (dir == Dir::both && head.kind == HeadKind::camera &&
        head.moves.front().move != CameraMove::handheld) {
        head.parts = 2;
        Head second = head;
        const std::string& word = token(*at).word;
        auto& first_half = word == "left" || word == "左" ? head.moves : second.moves;
        for (MoveDir& m : first_half) m.direction = -m.direction;
        second.part = 1;
        s_.heads.push_back(second);
    }
    last_camera_ = units_[i].head;
    if (!actor || actor.kind == ActorKind::place || !clause_has_main_) {
        main_ = {ActorKind::camera, i, -1, false};
        clause_has_main_ = true;
    }
}

/// "crane shot moving down", "orbit going left": a general verb only gives the named move its direction.
bool HeadReader::refines(std::size_t i, Dir dir) {
    static constexpr std::string_view kGeneral[] = {"move",    "drift", "creep", "rise",
                                                    "descend", "slide", "fly",   "turn"};
    if (last_camera_ < 0) return false;
    Head& last = s_.heads[static_cast<std::size_t>(last_camera_)];
    const bool general =
        std::find(std::begin(kGeneral), std::end(kGeneral), units_[i].entry->name) != std::end(kGeneral);
    if (!general || last.clause != clause_index_ || last.kind != HeadKind::camera ||
        last.entry->sense != Sense::verb)
        return false;
    for (std::size_t j = clause_->begin; j < i; ++j)
        if (units_[j].is(Sense::direction) && units_[j].head == last_camera_) return false;
    if (dir == Dir::none) {
        const bool follows =
            units_[i].entry->name == "follow" && last.moves.front().move != CameraMove::handheld;
        if (follows) units_[i].head = last_camera_;
        return follows;
    }
    const auto& moves = last.entry->moves[static_cast<std::size_t>(dir)];
    if (moves.empty()) return false;
    last.moves = moves;
    units_[i].head = last_camera_;
    return true;
}

bool HeadReader::surface_moves(std::size_t surface, std::size_t verb) {
    const auto& by_act = units_[surface].entry->by_act;
    auto found = by_act.find(units_[verb].entry->name);
    if (found == by_act.end()) found = by_act.find("any");
    if (found == by_act.end()) return false;
    Head& head = add_head(HeadKind::effect, verb);
    head.effects = found->second;
    head.level = units_[verb].entry->level;
    units_[surface].head = units_[verb].head;
    return true;
}

void HeadReader::act(std::size_t i, const Actor& actor) {
    switch (actor.kind) {
        case ActorKind::effect:
            if (units_[i].head < 0) units_[i].head = actor.head;
            if (units_[i].entry->level && !s_.heads[actor.head].level)
                s_.heads[actor.head].level = units_[i].entry->level;
            return;
        case ActorKind::surface:
            if (units_[actor.unit].head >= 0) {
                units_[i].head = units_[actor.unit].head;
            } else if (surface_moves(actor.unit, i)) {
                if (open_surface_ && *open_surface_ != actor.unit && units_[*open_surface_].head < 0) {
                    Head& twin = add_head(HeadKind::effect, i);
                    const auto& by_act = units_[*open_surface_].entry->by_act;
                    const auto found = by_act.find("any");
                    twin.effects = found == by_act.end() ? std::vector<EffectSpec>{} : found->second;
                    units_[*open_surface_].head = units_[i].head;
                }
                open_surface_.reset();
            } else {
                tell(i, Reading::scene, "in the picture");
            }
            return;
        case ActorKind::none:
            pending_ = i;
            return;
        case ActorKind::camera:
            if (local_ && local_.kind != ActorKind::camera) return act(i, local_);
            if (local_ && (units_[i].entry->name == "sway" || units_[i].entry->name == "rustle")) {
                add_head(HeadKind::camera, i).moves = {{CameraMove::handheld, 1}};
                return;
            }
            pending_ = i;
            return;
        case ActorKind::place:
            tell(i, Reading::scene, "in the picture");
            return;
        case ActorKind::body:
            return not_rendered(i, "face");
        default:
            return subject_act(i, actor);
    }
}

void HeadReader::subject_act(std::size_t i, const Actor& actor) {
    const Entry& entry = *units_[i].entry;
    if (negated_) return tell(i, Reading::scene, "stays as it is");
    const bool turns = entry.name == "turn" || entry.name == "rotate";
    const bool object = actor.kind == ActorKind::object ||
                        (actor.kind == ActorKind::unknown && entry.name == "rotate") ||
                        (actor.kind == ActorKind::vehicle && entry.name == "rotate");
    if (turns && (actor.kind == ActorKind::machine || (actor.kind == ActorKind::vehicle && !object)))
        return not_rendered(i, "move");
    if (turns || entry.name == "sway") {
        const auto at = turns ? direction_for(i) : std::nullopt;
        Head& head = add_head(HeadKind::subject, i);
        head.subject = !turns ? SubjectMove::sway : object ? SubjectMove::turntable : SubjectMove::slow_turn;
        if (at) {
            const Dir dir = units_[*at].entry->dir;
            if (dir == Dir::left) head.direction = -1;
            units_[*at].head = units_[i].head;
        }
        return;
    }
    if (entry.sense == Sense::verb || actor.kind == ActorKind::being)
        return not_rendered(i, entry.reason.empty() ? "move" : entry.reason);
    tell(i, Reading::scene, "in the picture");
}

void HeadReader::hold(std::size_t i) {
    const Actor actor = actor_for(i);
    const bool camera = actor.kind == ActorKind::camera || units_[i].entry->firm;
    const bool alone = !actor && (i == clause_->begin || chinese(i));
    if (!camera && !alone) return tell(i, Reading::scene, "stays as it is");
    if (negated_ && !units_[i].entry->firm) return tell(i, Reading::not_understood, "");
    Head& head = add_head(HeadKind::hold, i);
    head.negated = false;
}

void HeadReader::effect(std::size_t i) {
    const Entry& entry = *units_[i].entry;
    const bool doing = local_ && !entry.act.empty() && units_[i].first + 1 == units_[i].last && !chinese(i) &&
                       (local_.kind == ActorKind::surface || local_.kind == ActorKind::being ||
                        local_.kind == ActorKind::body);
    if (doing && local_.unit + 1 == i && local_.kind == ActorKind::surface) {
        if (units_[local_.unit].entry->by_act.contains("any") && surface_moves(local_.unit, i)) return;
    }
    if (doing && local_.kind == ActorKind::being && local_.unit + 1 == i) return not_rendered(i, "gesture");
    // "the fog" again, or "waves with foam": the same thing named twice.
    for (std::size_t h = 0; h < s_.heads.size(); ++h) {
        Head& head = s_.heads[h];
        if (head.kind != HeadKind::effect || head.clause != clause_index_ || head.effects.empty() ||
            head.effects.front().kind != entry.effects.front().kind || head.negated != negated_)
            continue;
        units_[i].head = static_cast<int>(h);
        if (entry.level && !head.level) head.level = entry.level;
        noun(i, ActorKind::effect, units_[i].head);
        return;
    }
    Head& head = add_head(HeadKind::effect, i);
    head.effects = entry.effects;
    head.level = entry.level;
    noun(i, ActorKind::effect, units_[i].head);
}

void HeadReader::unknown(std::size_t i) {
    const Token& t = token(i);
    const bool after_noun = local_ && (local_.kind == ActorKind::being || local_.kind == ActorKind::vehicle);
    if (!chinese(i) && t.form == VerbForm::ing && after_noun && local_.unit + 1 == i)
        return not_rendered(i, "move");
    // A word behind an article, a preposition or an adjective names something in the picture.
    for (std::size_t j = i; j-- > clause_->begin;) {
        const Unit& u = units_[j];
        if (u.unknown) continue;
        const bool named = u.is(Sense::glue) || u.is(Sense::direction) || u.is(Sense::colour) ||
                           u.is(Sense::scene) || u.is(Sense::noun) || u.is(Sense::surface) ||
                           u.is(Sense::night);
        if (!named) break;
        noun(i, ActorKind::unknown);
        return;
    }
    if (t.capital && i > 0 && !units_[i - 1].punctuation) return noun(i, ActorKind::unknown);
    if (is_word(i + 1, "of") || is_word(i + 1, "的")) return noun(i, ActorKind::unknown);
    local_ = {ActorKind::unknown, i, -1, false};
    if (!clause_has_main_) main_ = local_, clause_has_main_ = true;
    tell(i, Reading::not_understood, "");
}

std::vector<MoveDir> plain_move(Dir dir) {
    switch (dir) {
        case Dir::left:
            return {{CameraMove::truck, -1}};
        case Dir::right:
            return {{CameraMove::truck, 1}};
        case Dir::up:
            return {{CameraMove::pedestal, 1}};
        case Dir::down:
            return {{CameraMove::pedestal, -1}};
        case Dir::in:
        case Dir::forward:
            return {{CameraMove::dolly, 1}};
        case Dir::out:
        case Dir::back:
            return {{CameraMove::dolly, -1}};
        case Dir::around:
            return {{CameraMove::orbit, 1}};
        default:
            return {};
    }
}

/// "camera left"
void HeadReader::bare_camera(std::size_t i, Dir dir) {
    std::vector<MoveDir> moves = plain_move(dir);
    if (moves.empty()) return;
    Head& head = add_head(HeadKind::camera, i);
    head.moves = std::move(moves);
    units_[i].glue = false;
}

/// A direction without a verb of its own: "pan left, then right"; wind and turns take theirs later.
void HeadReader::lone_direction(std::size_t i) {
    Unit& u = units_[i];
    u.glue = true;
    const Dir dir = u.entry->dir;
    if (negated_) return;
    if (local_.kind == ActorKind::camera && i > 0 && local_.unit + 1 == i && i + 1 == clause_->end)
        return bare_camera(i, dir);
    if (last_camera_ < 0) return;
    for (std::size_t j = clause_->begin; j < clause_->end; ++j) {
        const Unit& other = units_[j];
        if (j != i && !other.is(Sense::glue) && !other.is(Sense::modifier) && !other.is(Sense::time) &&
            !other.is(Sense::direction) && !other.is(Sense::camera_word) &&
            other.quantity.measure == Measure::none && !other.is(Sense::scene) && !other.is(Sense::noun))
            return;
        if (j < i && (other.is(Sense::noun) || other.is(Sense::scene))) return;
    }
    const bool lone_preposition =
        dir == Dir::forward || (is_word(i, "in") && in_clause(i + 1)) || dir == Dir::around;
    if (lone_preposition && in_clause(i + 1)) return;
    if (clause_->begin > 0 && s_.heads[last_camera_].clause + 1 < clause_index_) return;
    if (s_.heads[last_camera_].clause == clause_index_) return;
    const Entry* entry = s_.heads[last_camera_].entry;
    std::vector<MoveDir> moves = entry->moves[static_cast<std::size_t>(dir)];
    if (moves.empty()) moves = plain_move(dir);
    if (moves.empty()) return;
    const int earlier = last_camera_;
    const bool opposite = s_.heads[earlier].moves.front().move == moves.front().move &&
                          s_.heads[earlier].moves.front().direction != moves.front().direction;
    Head& head = add_head(HeadKind::camera, i);
    head.entry = entry;
    head.moves = moves;
    head.camera_speed = s_.heads[earlier].camera_speed;
    if (opposite && clause_->step == s_.clauses[s_.heads[earlier].clause].step) {
        s_.heads[earlier].parts = head.parts = 2;
        head.part = 1;
    }
    u.glue = false;
    last_camera_ = u.head;
}

void HeadReader::finish_pending() {
    if (!pending_) return;
    const std::size_t i = *pending_;
    pending_.reset();
    if (local_ && local_.kind != ActorKind::camera) return act(i, local_);
    if (main_ && main_.kind != ActorKind::camera) return act(i, main_);
    // "the shot begins wide"
    if (units_[i].entry->name == "emerge") units_[i].glue = true;
    tell(i, Reading::not_understood, "");
}

/// "Wind through the wheat", "trees in the wind": the wind is the act.
void HeadReader::blow_surfaces() {
    const auto wind = std::find_if(s_.heads.begin(), s_.heads.end(), [&](const Head& h) {
        return h.kind == HeadKind::wind && h.clause == clause_index_ && !h.negated;
    });
    if (wind == s_.heads.end()) return;
    for (std::size_t i = clause_->begin; i < clause_->end; ++i) {
        if (!units_[i].is(Sense::surface) || units_[i].head >= 0) continue;
        const auto& by_act = units_[i].entry->by_act;
        auto found = by_act.find("blow");
        if (found == by_act.end()) found = by_act.find("any");
        if (found == by_act.end()) continue;
        add_head(HeadKind::effect, i).effects = found->second;
    }
}

Head& HeadReader::add_head(HeadKind kind, std::size_t i) {
    Head& head = s_.heads.emplace_back();
    head.kind = kind;
    head.unit = i;
    head.clause = clause_index_;
    head.entry = units_[i].entry;
    head.negated = negated_;
    units_[i].head = static_cast<int>(s_.heads.size()) - 1;
    if (negated_ && negation_) units_[*negation_].head = units_[i].head;
    return head;
}

void HeadReader::not_rendered(std::size_t i, const std::string& reason) {
    if (negated_) return tell(i, Reading::scene, "stays as it is");
    Head& head = add_head(HeadKind::not_rendered, i);
    head.reason = reason;
    s_.has_subject = true;
    // What directly follows belongs to the action: "walking forward", "waving her hand".
    for (std::size_t j = i + 1; in_clause(j); ++j) {
        Unit& u = units_[j];
        const bool whose = u.is(Sense::glue) && in_clause(j + 1) && units_[j + 1].is(Sense::noun) &&
                           units_[j + 1].entry->name == "body";
        const bool body = u.is(Sense::noun) && u.entry->name == "body";
        const bool where = u.is(Sense::direction) && !is_word(j, "in") && !is_word(j, "over") &&
                           !is_word(j, "through") && !is_word(j, "along") && !is_word(j, "past") &&
                           !is_word(j, "into");
        if (!whose && !body && !where) break;
        u.head = units_[i].head;
    }
}

}  // namespace

void read_heads(Sentence& sentence) { HeadReader(sentence).run(); }

}  // namespace stillreel::prompt
