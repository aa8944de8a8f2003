#include <fmt/core.h>

#include "server/api.h"
#include "server/listing.h"
#include "server/request_body.h"
#include "server/uploads.h"

namespace stillreel::server {

namespace {

Response created(const ApiParts& parts, const Request& request, const Form& form) {
    // Says what is wrong with a request that is no form.
    if (!is_form(request)) parse_form(request.header("content-type"), request.body);
    const studio::Asset asset = parts.assets.get(field_named(form, "file").asset);
    return json_response(201, studio::to_json(asset), {{"Location", "/v1/assets/" + asset.id}});
}

}  // namespace

void add_asset_routes(Router& router, const ApiParts& parts) {
    router.add({"POST", "/v1/assets", Audience::insiders, after_uploads(parts, {"file", "assets"}, created)});
    router.add({"GET", "/v1/assets", Audience::insiders, at_once([&parts](const Request&) {
                    std::vector<std::string> items;
                    for (const studio::Asset& asset : parts.assets.list()) items.push_back(to_json(asset));
                    return json_response(200, fmt::format("{{\"assets\":[{}]}}", joined(items)));
                })});
    router.add({"GET", "/v1/assets/{id}", Audience::insiders, at_once([&parts](const Request& request) {
                    return json_response(200, to_json(parts.assets.get(request.parameters.at("id"))));
                })});
    router.add({"DELETE", "/v1/assets/{id}", Audience::insiders, at_once([&parts](const Request& request) {
                    parts.clips.remove_asset(request.parameters.at("id"));
                    return Response{204, {}, "", {}, {}};
                })});
}

}  // namespace stillreel::server
