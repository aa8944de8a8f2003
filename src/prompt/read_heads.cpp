// Clause by clause: who is named, which effects, who acts next.
#include <algorithm>
#include <utility>

#include "prompt/head_reader.h"

namespace stillreel::prompt {
namespace {

ActorKind kind_of_noun(const std::string& name) {
    if (name == "being") return ActorKind::being;
    if (name == "vehicle") return ActorKind::vehicle;
    if (name == "machine") return ActorKind::machine;
    if (name == "object") return ActorKind::object;
    if (name == "body") return ActorKind::body;
    return ActorKind::place;
}

}  // namespace

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

void HeadReader::hold(std::size_t i) {
    const Actor actor = actor_for(i);
    const bool camera = actor.kind == ActorKind::camera || units_[i].entry->firm;
    // "A lighthouse at night, static": said of the shot, whatever was named before.
    const bool of_the_shot =
        is_word(i, "static") || is_word(i, "fixed") || is_word(i, "locked") || chinese(i);
    const bool alone = !local_ && (!actor || of_the_shot);
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
    if (!chinese(i) && t.form == VerbForm::ed) return tell(i, Reading::scene, "in the picture");
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

void read_heads(Sentence& sentence) { HeadReader(sentence).run(); }

}  // namespace stillreel::prompt
