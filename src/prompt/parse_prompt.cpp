#include <algorithm>
#include <array>

#include "base/error.h"
#include "prompt/motion_plan.h"

namespace stillreel::prompt {
namespace {

struct CameraWord {
    std::string_view text;
    CameraMove move;
    double direction;
};

constexpr std::array kCameraWords = {
    CameraWord{"push", CameraMove::dolly, 1},        CameraWord{"dolly forward", CameraMove::dolly, 1},
    CameraWord{"dolly in", CameraMove::dolly, 1},    CameraWord{"pull", CameraMove::dolly, -1},
    CameraWord{"dolly out", CameraMove::dolly, -1},  CameraWord{"zoom out", CameraMove::zoom, -1},
    CameraWord{"zoom", CameraMove::zoom, 1},         CameraWord{"pan left", CameraMove::pan, -1},
    CameraWord{"pan", CameraMove::pan, 1},           CameraWord{"tilt down", CameraMove::tilt, -1},
    CameraWord{"tilt", CameraMove::tilt, 1},         CameraWord{"truck left", CameraMove::truck, -1},
    CameraWord{"truck", CameraMove::truck, 1},       CameraWord{"orbit", CameraMove::orbit, 1},
    CameraWord{"handheld", CameraMove::handheld, 1}, CameraWord{"static", CameraMove::hold, 1}};

struct EffectWord {
    std::string_view text;
    EffectKind kind;
};

constexpr std::array kEffectWords = {EffectWord{"rain", EffectKind::rain},
                                     EffectWord{"snow", EffectKind::snow}, EffectWord{"fog", EffectKind::fog},
                                     EffectWord{"police light", EffectKind::police_lights},
                                     EffectWord{"waves", EffectKind::water}};

}  // namespace

MotionPlan parse_prompt(std::string_view prompt, double /*duration_s*/) {
    if (prompt.size() > kMaxPromptBytes)
        throw Error(ErrorCode::invalid_argument, "the prompt has " + std::to_string(prompt.size()) +
                                                     " bytes, at most " + std::to_string(kMaxPromptBytes) +
                                                     " are read: shorten it");
    MotionPlan plan;
    plan.prompt = prompt;
    plan.language = "en";
    std::string lower(prompt);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto says = [&](std::string_view word) { return lower.find(word) != lower.npos; };
    const double speed = says("slow") ? 0.6 : says("gent") ? 0.4 : says("quick") ? 2.5 : 1.0;
    for (const CameraWord& word : kCameraWords) {
        const bool known = std::any_of(plan.camera.begin(), plan.camera.end(),
                                       [&](const CameraTrack& t) { return t.move == word.move; });
        if (says(word.text) && !known) plan.camera.push_back({word.move, word.direction, speed, {}, {}});
    }
    for (const EffectWord& word : kEffectWords)
        if (says(word.text)) {
            plan.effects.push_back({word.kind, says("heav") ? 0.9 : 0.5, 1.0, false, "", "", {}});
            EffectTrack& track = plan.effects.back();
            if (word.kind == EffectKind::police_lights) track.colours = says("red") ? "red" : "red_blue";
            if (word.kind == EffectKind::police_lights) track.distant = says("distance");
            if (word.kind == EffectKind::water) track.style = "waves";
        }
    if (plan.camera.empty()) {
        plan.default_move = plan.effects.empty();
        if (plan.default_move)
            plan.notes.push_back("no motion was found in the words: a gentle push-in is used");
        plan.camera.push_back(plan.default_move ? CameraTrack{CameraMove::dolly, 1, 0.4, {}, {}}
                                                : CameraTrack{});
    }
    plan.still = plan.effects.empty() && plan.camera.front().move == CameraMove::hold;
    return plan;
}

}  // namespace stillreel::prompt
