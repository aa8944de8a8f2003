#include <algorithm>
#include <set>

#include "base/error.h"
#include "prompt/grammar.h"

namespace stillreel::prompt {
namespace {

constexpr std::size_t kMaxCameraTracks = 32;
constexpr double kSlightShake = 0.5, kStrongShake = 2.0;

std::string language_of(const std::vector<Token>& tokens) {
    std::size_t words = 0, characters = 0;
    for (const Token& t : tokens) {
        words += t.kind == TokenKind::word && t.word.size() > 2;
        characters += t.kind == TokenKind::character;
    }
    if (characters == 0) return "en";
    return words > 0 ? "mixed" : "zh";
}

/// Spans of the steps that show something; the others take the span of the step before.
class Steps {
  public:
    explicit Steps(const Sentence& s) {
        std::set<int> used;
        bool final = false;
        for (const Head& head : s.heads)
            if (!head.negated && head.kind != HeadKind::not_rendered && head.kind != HeadKind::wind)
                used.insert(s.clauses[static_cast<std::size_t>(head.clause)].step);
        steps_.assign(used.begin(), used.end());
        for (const Clause& clause : s.clauses)
            final = final || (clause.final && !steps_.empty() && clause.step == steps_.back());
        const std::size_t n = steps_.size();
        const std::size_t equal = final ? n - 1 : n;
        const double room = final ? 2.0 / 3 : 1.0;
        for (std::size_t k = 0; k < equal; ++k)
            spans_.push_back(
                {room * static_cast<double>(k) / static_cast<double>(equal),
                 k + 1 == equal ? room : room * static_cast<double>(k + 1) / static_cast<double>(equal)});
        if (final) spans_.push_back({2.0 / 3, 1});
    }

    Span span(int step) const {
        const auto above = std::upper_bound(steps_.begin(), steps_.end(), step);
        if (spans_.empty()) return {};
        return spans_[above == steps_.begin() ? 0 : static_cast<std::size_t>(above - steps_.begin()) - 1];
    }

  private:
    std::vector<int> steps_;
    std::vector<Span> spans_;
};

/// Rain gives way to snow when snow comes "then"; fog and lights stay.
int family(EffectKind kind) {
    switch (kind) {
        case EffectKind::rain:
        case EffectKind::snow:
        case EffectKind::leaves:
        case EffectKind::petals:
            return 1;
        case EffectKind::sunrise:
        case EffectKind::sunset:
            return 2;
        default:
            return 10 + static_cast<int>(kind);
    }
}

class PlanBuilder {
  public:
    PlanBuilder(Sentence& s, MotionPlan& plan) : s_(s), plan_(plan), steps_(s) {}

    void run() {
        for (Head& head : s_.heads) {
            if (head.negated) {
                head.meaning = head.kind == HeadKind::camera ? "said not to move: left out"
                                                             : "said not to be there: left out";
                negated_camera_ = negated_camera_ || head.kind == HeadKind::camera;
                continue;
            }
            switch (head.kind) {
                case HeadKind::camera:
                    camera(head);
                    break;
                case HeadKind::hold:
                    hold(head);
                    break;
                case HeadKind::effect:
                    effect(head);
                    break;
                case HeadKind::subject:
                    subject(head);
                    break;
                case HeadKind::wind:
                    wind(head);
                    break;
                case HeadKind::not_rendered:
                    head.meaning = "not rendered: " + reason_sentence(head.reason);
                    break;
            }
        }
        tempo_and_night();
        not_rendered();
        finish();
    }

  private:
    Span span_of(const Head& head) const {
        const Clause& clause = s_.clauses[static_cast<std::size_t>(head.clause)];
        // "..., then pans left. Handheld.": a look, not a step of the sequence.
        const bool look =
            !head.moves.empty() && head.moves.front().move == CameraMove::handheld && !clause.opens_step;
        Span span = head.when ? *head.when : look ? Span{} : steps_.span(clause.step);
        if (head.parts == 2) {
            const double middle = (span.begin + span.end) / 2;
            span = head.part == 0 ? Span{span.begin, middle} : Span{middle, span.end};
        }
        return span;
    }

    static std::optional<double> amount_of(const Head& head, CameraMove move) {
        const Quantity& q = head.amount;
        if (q.value <= 0) return {};
        const bool turns = move == CameraMove::pan || move == CameraMove::tilt || move == CameraMove::roll ||
                           move == CameraMove::orbit;
        const bool scales = move == CameraMove::zoom || move == CameraMove::dolly;
        const bool travels = move == CameraMove::truck || move == CameraMove::pedestal;
        if (turns && q.measure == Measure::degrees) return std::clamp(q.value, 0.0, 1080.0);
        if (scales && q.measure == Measure::factor) return std::clamp(q.value, 0.05, 20.0);
        if (scales && q.measure == Measure::fraction)
            return std::clamp(q.value > 1 ? q.value : 1 + q.value, 0.05, 20.0);
        if (travels && q.measure == Measure::fraction) return std::clamp(q.value, 0.0, 10.0);
        return {};
    }

    void camera(Head& head) {
        const bool swish = head.entry && (head.entry->name == "swish" || head.entry->name == "crash_zoom");
        const bool burns = head.entry && head.entry->name == "ken_burns";
        double speed = head.camera_speed.value_or(swish ? 10 : burns ? 0.6 : 1);
        for (const MoveDir& move : head.moves) {
            CameraTrack track{move.move, move.direction, speed, amount_of(head, move.move), span_of(head)};
            if (move.move == CameraMove::handheld)
                track.speed = speed < 1 ? kSlightShake : speed > 1 ? kStrongShake : 1;
            head.meaning += (head.meaning.empty() ? "camera: " : " and ") + words_of(track);
            const bool said =
                std::any_of(plan_.camera.begin(), plan_.camera.end(), [&](const CameraTrack& t) {
                    return t.move == track.move && t.direction == track.direction && t.when == track.when;
                });
            if (!said && plan_.camera.size() < kMaxCameraTracks)
                plan_.camera.push_back(track);
            else if (said)
                repeat(track, head.camera_speed.has_value());
        }
    }

    /// A move said twice is one move; the words that say a speed count.
    void repeat(const CameraTrack& track, bool speed_said) {
        for (CameraTrack& t : plan_.camera)
            if (t.move == track.move && t.direction == track.direction && t.when == track.when) {
                if (speed_said) t.speed = track.speed;
                if (track.amount) t.amount = track.amount;
            }
    }

    void hold(Head& head) {
        held_ = true;
        CameraTrack track;
        track.when = span_of(head);
        head.meaning = "camera: " + words_of(track);
        const bool known = std::any_of(plan_.camera.begin(), plan_.camera.end(),
                                       [](const CameraTrack& t) { return t.move == CameraMove::hold; });
        if (!known) plan_.camera.push_back(track);
    }

    Span effect_span(const Head& head, EffectKind kind) const {
        if (head.when) return *head.when;
        const Clause& clause = s_.clauses[static_cast<std::size_t>(head.clause)];
        const int step = clause.step;
        Span span{clause.opens_step ? steps_.span(step).begin : 0, 1};
        for (const Head& other : s_.heads) {
            const int later = s_.clauses[static_cast<std::size_t>(other.clause)].step;
            if (later <= step || other.kind != HeadKind::effect || other.negated) continue;
            for (const EffectSpec& e : other.effects)
                if (e.kind != kind && family(e.kind) == family(kind))
                    span.end = std::min(span.end, steps_.span(later).begin);
        }
        return span.end > span.begin ? span : Span{span.begin, 1};
    }

    void effect(Head& head) {
        for (const EffectSpec& spec : head.effects) {
            EffectTrack track;
            track.kind = spec.kind;
            track.style = spec.style;
            track.intensity = head.level.value_or(0.5);
            track.speed = head.effect_speed.value_or(1);
            track.distant = head.distant;
            if (spec.kind == EffectKind::police_lights)
                track.colours = head.colours.empty() ? "red_blue" : head.colours;
            track.when = effect_span(head, spec.kind);
            head.meaning += (head.meaning.empty() ? "" : " and ") + words_of(track);
            merge(track, head.level.has_value());
        }
        if (head.entry && head.entry->wind) add_wind(*head.entry->wind, {});
        if (head.direction) add_wind(0.3, head.direction);
    }

    /// The same kind named twice is one track, as strong as the words say.
    void merge(const EffectTrack& track, bool level_said) {
        for (EffectTrack& t : plan_.effects) {
            if (t.kind != track.kind || t.when.begin != track.when.begin) continue;
            if (level_said)
                t.intensity = t.intensity == 0.5 ? track.intensity : std::max(t.intensity, track.intensity);
            t.distant = t.distant || track.distant;
            if (t.speed == 1) t.speed = track.speed;
            if (track.colours != "red_blue") t.colours = track.colours;
            return;
        }
        plan_.effects.push_back(track);
    }

    void add_wind(double strength, std::optional<double> direction) {
        plan_.wind.strength = std::max(plan_.wind.strength, strength);
        if (direction) plan_.wind.direction = *direction;
    }

    void wind(Head& head) {
        double strength = head.entry->wind.value_or(0.6);
        if (head.level) strength = *head.level < 0.5 ? std::min(strength, 0.3) : std::max(strength, 0.9);
        add_wind(strength, head.direction);
        head.meaning = std::string("wind: ") +
                       (strength < 0.45   ? "a breeze"
                        : strength < 0.75 ? "plain wind"
                                          : "strong") +
                       ", to the " + (plan_.wind.direction > 0 ? "right" : "left");
    }

    void subject(Head& head) {
        const SubjectTrack track{head.subject, head.direction.value_or(1),
                                 std::clamp(head.camera_speed.value_or(1), 0.4, 2.5), span_of(head)};
        head.meaning = "subject: " + words_of(track);
        const bool known = std::any_of(plan_.subject.begin(), plan_.subject.end(),
                                       [&](const SubjectTrack& t) { return t.move == track.move; });
        if (!known) plan_.subject.push_back(track);
    }

    bool names_sky(const Unit& u) const {
        static constexpr std::string_view kSky[] = {"sky", "skylin", "horizon", "空"};
        if (!u.is(Sense::noun) && !u.is(Sense::surface)) return false;
        for (std::size_t t = u.first; t < u.last; ++t)
            if (std::find(std::begin(kSky), std::end(kSky), s_.tokens[t].stem) != std::end(kSky)) return true;
        return false;
    }

    void tempo_and_night() {
        bool sky = false, lapse = false;
        for (Unit& u : s_.units) {
            sky = sky || names_sky(u);
            if (u.is(Sense::surface))
                for (const auto& [act, effects] : u.entry->by_act)
                    sky = sky || effects.front().kind == EffectKind::clouds;
            if (u.is(Sense::night)) {
                plan_.night = true;
                s_.has_environment = true;
                u.reading = Reading::rendered;
                u.meaning = "night: lights and weather are tuned for the dark";
            }
            if (!u.is(Sense::tempo)) continue;
            plan_.time_scale = u.entry->value;
            lapse = u.entry->value > 1;
            u.reading = Reading::rendered;
            u.meaning = lapse ? "time-lapse: everything but the camera runs 6 times as fast"
                              : "slow motion: everything but the camera runs at half speed";
        }
        for (const EffectTrack& t : plan_.effects)
            sky = sky || t.kind == EffectKind::sunrise || t.kind == EffectKind::sunset;
        if (lapse && sky) {
            EffectTrack clouds;
            clouds.kind = EffectKind::clouds;
            merge(clouds, false);
        }
    }

    void not_rendered() {
        for (std::size_t h = 0; h < s_.heads.size(); ++h) {
            const Head& head = s_.heads[h];
            if (head.kind != HeadKind::not_rendered || head.negated) continue;
            std::size_t begin = 0, end = 0;
            for (const Unit& u : s_.units) {
                if (u.head != static_cast<int>(h)) continue;
                if (end == 0) begin = s_.tokens[u.first].begin;
                end = s_.tokens[u.last - 1].end;
            }
            plan_.not_rendered.push_back(
                {plan_.prompt.substr(begin, end - begin), reason_sentence(head.reason)});
        }
    }

    void finish() {
        const bool moves = std::any_of(plan_.camera.begin(), plan_.camera.end(),
                                       [](const CameraTrack& t) { return t.move != CameraMove::hold; });
        if (moves)
            std::erase_if(plan_.camera, [](const CameraTrack& t) {
                return t.move == CameraMove::hold && t.when == Span{};
            });
        const bool others = !plan_.effects.empty() || !plan_.subject.empty();
        if (plan_.camera.empty() && !others && negated_camera_) held_ = true;
        if (plan_.camera.empty() && (others || held_)) plan_.camera.push_back({});
        if (plan_.camera.empty()) {
            plan_.default_move = true;
            plan_.camera.push_back({CameraMove::dolly, 1, 0.4, {}, {}});
            plan_.notes.push_back("no motion was found in the words: a gentle push-in is used");
        }
        if (plan_.default_move && plan_.wind.strength > 0) {
            EffectTrack foliage;
            foliage.kind = EffectKind::foliage;
            plan_.effects.push_back(foliage);
        }
        plan_.still = held_ && !moves && !others;
        for (const SubjectTrack& t : plan_.subject)
            if (t.move == SubjectMove::slow_turn || t.move == SubjectMove::turntable) {
                plan_.notes.push_back(
                    "the turn is shown as a slight turn: the picture does not hold the subject's far side");
                break;
            }
    }

    Sentence& s_;
    MotionPlan& plan_;
    Steps steps_;
    bool held_ = false;
    bool negated_camera_ = false;
};

}  // namespace

MotionPlan parse_prompt(std::string_view prompt, double duration_s) {
    if (prompt.size() > kMaxPromptBytes)
        throw Error(ErrorCode::invalid_argument, "the prompt has " + std::to_string(prompt.size()) +
                                                     " bytes, at most " + std::to_string(kMaxPromptBytes) +
                                                     " are read: shorten it");
    Sentence sentence;
    sentence.tokens = tokenise(prompt);
    sentence.duration_s = duration_s;
    read_units(sentence);
    read_clauses(sentence);
    read_heads(sentence);
    attach_modifiers(sentence);
    MotionPlan plan;
    plan.prompt = prompt;
    plan.language = language_of(sentence.tokens);
    PlanBuilder(sentence, plan).run();
    plan.phrases = phrases_of(sentence, plan.prompt);
    plan.lint = lint_of(sentence, plan);
    return plan;
}

}  // namespace stillreel::prompt
