// Camera moves. The camera's own words (zoom, pan) are its moves whoever was named; other verbs are when the
// camera does them, or nobody was named.
#include <algorithm>
#include <utility>

#include "prompt/head_reader.h"

namespace stillreel::prompt {
namespace {

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

}  // namespace

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

/// "Camera movement: pan right"
bool HeadReader::is_label(std::size_t i) const {
    return units_[i].entry->name == "move" && i + 1 < units_.size() && units_[i + 1].punctuation &&
           token(i + 1).word == ":";
}

/// "swings around to the left", "moves around him clockwise"
void HeadReader::choose_side(std::size_t i, Head& head) {
    for (std::size_t j = i + 1; j < clause_->end && !units_[j].is(Sense::verb); ++j) {
        if (!units_[j].is(Sense::direction) || units_[j].head >= 0) continue;
        const Dir side = units_[j].entry->dir;
        if (side != Dir::left && side != Dir::right && side != Dir::clockwise && side != Dir::counter)
            continue;
        const bool left = side == Dir::left || side == Dir::clockwise;
        for (MoveDir& move : head.moves) move.direction = left ? -1 : 1;
        units_[j].head = units_[i].head;
        return;
    }
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
    if (is_label(i)) {
        units_[i].glue = true;
        return;
    }
    if (!means_camera(i, actor, dir)) return act(i, actor);
    const std::size_t d = static_cast<std::size_t>(dir);
    if (repeats(i, dir) || refines(i, dir)) {
        if (at) units_[*at].head = last_camera_;
        return;
    }
    const bool all_movement = negated_ && entry.name == "move" && (dir == Dir::none || dir == Dir::both);
    Head& head = add_head(all_movement ? HeadKind::hold : HeadKind::camera, i);
    if (all_movement) head.negated = false;
    head.moves = entry.moves[d];
    if (!actor && entry.name == "rotate" && dir == Dir::none) head.moves = {{CameraMove::orbit, 1}};
    if (at) units_[*at].head = units_[i].head;
    if (dir == Dir::around) choose_side(i, head);
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

/// 环绕主角旋转: one move said by two verbs.
bool HeadReader::repeats(std::size_t i, Dir dir) {
    if (last_camera_ < 0 || !chinese(i) || dir != Dir::none) return false;
    const Entry& entry = *units_[i].entry;
    const Head& last = s_.heads[static_cast<std::size_t>(last_camera_)];
    if (last.clause != clause_index_) return false;
    const CameraMove move = last.moves.front().move;
    const bool orbits = move == CameraMove::orbit && (entry.name == "rotate" || entry.name == "turn");
    if (!orbits && move != entry.moves[0].front().move && entry.name != "move") return false;
    units_[i].head = last_camera_;
    return true;
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

}  // namespace stillreel::prompt
