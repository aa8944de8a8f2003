#include <nlohmann/json.hpp>

#include "prompt/motion_plan.h"

namespace stillreel::prompt {
namespace {

// Fields in the order of the header: a person reads this.
using Json = nlohmann::ordered_json;

Json json_of(const Span& span) { return {{"begin", span.begin}, {"end", span.end}}; }

Json json_of(const CameraTrack& track) {
    Json json = {{"move", name_of(track.move)}, {"direction", track.direction}, {"speed", track.speed}};
    if (track.amount) json["amount"] = *track.amount;
    json["when"] = json_of(track.when);
    return json;
}

Json json_of(const EffectTrack& track) {
    Json json = {{"kind", name_of(track.kind)}, {"intensity", track.intensity}, {"speed", track.speed}};
    if (track.distant) json["distant"] = true;
    if (!track.colours.empty()) json["colours"] = track.colours;
    if (!track.style.empty()) json["style"] = track.style;
    json["when"] = json_of(track.when);
    return json;
}

Json json_of(const SubjectTrack& track) {
    return {{"move", name_of(track.move)},
            {"direction", track.direction},
            {"speed", track.speed},
            {"when", json_of(track.when)}};
}

Json json_of(const NotRendered& n) { return {{"text", n.text}, {"reason", n.reason}}; }

Json json_of(const Phrase& phrase) {
    return {{"text", phrase.text},
            {"begin", phrase.begin},
            {"end", phrase.end},
            {"reading", name_of(phrase.reading)},
            {"meaning", phrase.meaning}};
}

Json json_of(const Lint& lint) {
    return {{"rule", lint.rule}, {"message", lint.message}, {"suggestion", lint.suggestion}};
}

template <class T>
Json list_of(const std::vector<T>& values) {
    Json list = Json::array();
    for (const T& value : values) list.push_back(json_of(value));
    return list;
}

}  // namespace

std::string to_json(const MotionPlan& plan) {
    Json json;
    json["prompt"] = plan.prompt;
    json["language"] = plan.language;
    json["camera"] = list_of(plan.camera);
    json["effects"] = list_of(plan.effects);
    json["subject"] = list_of(plan.subject);
    json["wind"] = {{"direction", plan.wind.direction}, {"strength", plan.wind.strength}};
    json["time_scale"] = plan.time_scale;
    json["night"] = plan.night;
    json["default_move"] = plan.default_move;
    json["still"] = plan.still;
    json["not_rendered"] = list_of(plan.not_rendered);
    json["phrases"] = list_of(plan.phrases);
    json["lint"] = list_of(plan.lint);
    json["notes"] = plan.notes;
    return json.dump(2);
}

}  // namespace stillreel::prompt
