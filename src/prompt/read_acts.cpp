// What things and people do: surfaces that move, turns and breath, and what is not rendered.
#include <algorithm>
#include <utility>

#include "prompt/head_reader.h"

namespace stillreel::prompt {

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
            if (dir == Dir::left || dir == Dir::clockwise) head.direction = -1;
            units_[*at].head = units_[i].head;
        }
        return;
    }
    if (entry.sense == Sense::act && actor.kind == ActorKind::being)
        return not_rendered(i, entry.name == "flash" ? "face" : "gesture");  // "the cat blinks"
    if (entry.sense == Sense::verb) return not_rendered(i, entry.reason.empty() ? "move" : entry.reason);
    tell(i, Reading::scene, "in the picture");
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
        return h.kind == HeadKind::wind && !h.negated &&
               (h.clause == clause_index_ || (clause_->joint == "and" && h.clause + 1 == clause_index_));
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

}  // namespace stillreel::prompt
