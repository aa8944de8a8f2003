#include <fmt/core.h>

#include "server/api.h"
#include "server/listing.h"
#include "server/request_body.h"
#include "studio/field_error.h"
#include "studio/model_pulls.h"

namespace stillreel::server {
namespace {

Response shown(int status, const jobs::Job& pull) {
    Headers headers;
    if (status == 202) headers = {{"Location", "/v1/models/pulls/" + pull.id}};
    return json_response(status, studio::pull_view(pull), std::move(headers));
}

Response begin(const ApiParts& parts, const Request& request) {
    const Fields fields = json_fields(request, {"model", "variant"});
    if (fields.rest != "{}")
        throw studio::FieldError(ErrorCode::invalid_argument, "a pull has the fields model and variant",
                                 "model");
    return shown(202,
                 studio::ModelPulls(parts.store)
                     .submit(fields.text("model"), fields.text("variant"), idempotency_key(request, "pull")));
}

Response list(const ApiParts& parts) {
    std::vector<std::string> views;
    for (const jobs::Job& pull : studio::ModelPulls(parts.store).list())
        views.push_back(studio::pull_view(pull));
    return json_response(200, fmt::format("{{\"pulls\":[{}]}}", joined(views)));
}

}  // namespace

void add_pull_routes(Router& router, const ApiParts& parts) {
    const auto add = [&](const char* method, const char* pattern,
                         Response (*answer)(const ApiParts&, const Request&)) {
        router.add({method, pattern, Audience::insiders,
                    at_once([&parts, answer](const Request& request) { return answer(parts, request); })});
    };
    add("POST", "/v1/models/pulls", begin);
    add("GET", "/v1/models/pulls", [](const ApiParts& p, const Request&) { return list(p); });
    add("GET", "/v1/models/pulls/{id}", [](const ApiParts& p, const Request& request) {
        return shown(200, studio::ModelPulls(p.store).get(request.parameters.at("id")));
    });
    add("POST", "/v1/models/pulls/{id}/cancel", [](const ApiParts& p, const Request& request) {
        return shown(200, studio::ModelPulls(p.store).cancel(request.parameters.at("id")));
    });
}

}  // namespace stillreel::server
