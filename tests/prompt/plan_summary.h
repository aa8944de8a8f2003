// A plan in one line, for tables of expectations:
//   dolly+*0.6@0-0.5 pan-=30deg rain*0.9 police_lights(red)far water:waves slow_turn wind0.6 x0.5 night
//   default still !walk
#pragma once

#include <fmt/core.h>

#include <string>

#include "prompt/motion_plan.h"

namespace stillreel::prompt {

inline std::string span_text(const Span& span) {
    return span == Span{} ? "" : fmt::format("@{:.2g}-{:.2g}", span.begin, span.end);
}

inline std::string summary_of(const MotionPlan& plan) {
    std::string text;
    const auto add = [&](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
    for (const CameraTrack& t : plan.camera) {
        const bool signless = t.move == CameraMove::hold || t.move == CameraMove::handheld;
        std::string word = std::string(name_of(t.move)) + (signless ? "" : t.direction > 0 ? "+" : "-");
        if (t.amount)
            word += fmt::format("={:.3g}", *t.amount);
        else if (t.speed != 1)
            word += fmt::format("*{:.2g}", t.speed);
        add(word + span_text(t.when));
    }
    for (const EffectTrack& t : plan.effects) {
        std::string word(name_of(t.kind));
        if (!t.style.empty()) word += ":" + t.style;
        if (!t.colours.empty()) word += "(" + t.colours + ")";
        if (t.intensity != 0.5) word += fmt::format("*{:.2g}", t.intensity);
        add(word + (t.distant ? "far" : "") + span_text(t.when));
    }
    for (const SubjectTrack& t : plan.subject)
        add(std::string(name_of(t.move)) + (t.direction < 0 ? "-" : "") + span_text(t.when));
    if (plan.wind.strength > 0)
        add(fmt::format("wind{:.2g}{}", plan.wind.strength, plan.wind.direction < 0 ? "-" : ""));
    if (plan.time_scale != 1) add(fmt::format("x{:g}", plan.time_scale));
    if (plan.night) add("night");
    if (plan.default_move) add("default");
    if (plan.still) add("still");
    for (const NotRendered& n : plan.not_rendered) add("!" + n.text);
    return text;
}

}  // namespace stillreel::prompt
