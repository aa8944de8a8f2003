#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "server/api.h"
#include "server/request_body.h"
#include "studio/catalogue.h"
#include "studio/field_error.h"

namespace stillreel::server {
namespace {

Response plan(const Request& request) {
    const Fields fields = json_fields(request, {"prompt", "duration", "aspect"});
    if (fields.rest != "{}")
        throw studio::FieldError(ErrorCode::invalid_argument,
                                 "a plan has the fields prompt, duration and aspect", "prompt");
    const std::string aspect = fields.text("aspect");
    double duration_s = 4;
    if (const std::string given = fields.raw("duration"); !given.empty()) {
        const auto value = nlohmann::json::parse(given);
        if (!value.is_number() || !(value.get<double>() >= 0.001 && value.get<double>() <= 86400))
            throw studio::FieldError(ErrorCode::invalid_argument,
                                     "duration must be a number from 0.001 to 86400", "duration");
        duration_s = value.get<double>();
    }
    double shape = 16.0 / 9;
    if (!aspect.empty()) try {
            shape = studio::parse_aspect(aspect).value();
        } catch (const Error& error) {
            throw studio::FieldError(error.code(), error.what(), "aspect");
        }
    return json_response(200, studio::prompt_plan_json(fields.text("prompt"), duration_s, shape));
}

Response estimate(const ApiParts& parts, const Request& request) {
    return json_response(200, parts.clips.estimate(json_fields(request, {}).rest));
}

}  // namespace

void add_planning_routes(Router& router, const ApiParts& parts) {
    router.add({"POST", "/v1/plan", Audience::insiders, at_once(plan)});
    router.add({"POST", "/v1/estimate", Audience::insiders,
                at_once([&parts](const Request& request) { return estimate(parts, request); })});
    router.add({"GET", "/v1/presets", Audience::insiders, at_once([](const Request&) {
                    return json_response(200, "{\"presets\":" + studio::presets_json() + "}");
                })});
    router.add({"GET", "/v1/engines", Audience::insiders, at_once([&parts](const Request&) {
                    return json_response(200, "{\"engines\":" + studio::engines_json(parts.engines) + "}");
                })});
    router.add({"GET", "/v1/models", Audience::insiders, at_once([&parts](const Request&) {
                    return json_response(200, "{\"models\":" + (parts.models ? parts.models() : "[]") + "}");
                })});
}

}  // namespace stillreel::server
