#include <fmt/core.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/log.h"
#include "server/api.h"
#include "server/content.h"
#include "server/request_body.h"
#include "studio/field_error.h"

namespace stillreel::server {
namespace {

/// Asks the quick lane, and answers with the file that it made.
void ask(const ApiParts& parts, const Request& request, const Reply& reply, QuickTask task) {
    if (!parts.quick)
        throw Refusal(503, ErrorCode::busy, "this server has no quick lane at the moment: try again later",
                      {{"Retry-After", "5"}});
    parts.quick->ask(task, [request, reply](const QuickResult& result) {
        try {
            if (result.error) std::rethrow_exception(result.error);
            reply(file_content(request, result.folder, result.name, result.media_type));
        } catch (const Error& error) {
            reply(problem(error));
        } catch (const std::exception& error) {
            log::error(fmt::format("quick lane: {}", error.what()));
            reply(problem(Error(ErrorCode::io, "the server made a mistake: its log says more")));
        }
    });
}

nlohmann::json finished_clip(const ApiParts& parts, const Request& request) {
    const jobs::Job job = parts.store.get(request.parameters.at("id"));
    if (job.state != jobs::State::completed || job.output.empty())
        throw Error(ErrorCode::busy, fmt::format("the clip {} is {}: it has no content yet", job.id,
                                                 jobs::name_of(job.state)));
    return {{"clip", job.id}, {"output", job.output}};
}

int frame_number(const std::string& text) {
    int number = -1;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || number < 0)
        throw studio::FieldError(ErrorCode::invalid_argument, "n must be the number of a frame, from 0", "n");
    return number;
}

void preview(const ApiParts& parts, const Request& request, const Reply& reply) {
    const Fields fields = json_fields(request, {});
    // Refused before anybody draws: the same check as a clip's.
    parts.clips.check(fields.rest);
    ask(parts, request, reply, {"preview", fields.rest});
}

/// A stillreel clip that was dropped on the page: what made it. The file waits where uploads wait.
void recipe(const ApiParts& parts, const Request& request, const Reply& reply) {
    const auto form = parse_form(request.header("content-type"), request.body);
    const FormPart& part = part_named(form, "file");
    const bool video = part.content.size() > 12 && part.content.substr(4, 4) == "ftyp";
    if (!video)
        throw studio::FieldError(ErrorCode::unsupported, "this is no MP4 file: drop a clip made by stillreel",
                                 "file");
    if (!parts.quick) return ask(parts, request, reply, {});
    const std::string name = "recipe-" + random_secret().substr(0, 24) + ".mp4";
    write_file(parts.folders.cache() / name, part.content);
    ask(parts, request, reply, {"recipe", nlohmann::json{{"cache_file", name}}.dump()});
}

}  // namespace

void add_quick_routes(Router& router, const ApiParts& parts) {
    const auto add = [&](const char* method, const char* pattern,
                         void (*answer)(const ApiParts&, const Request&, const Reply&)) {
        router.add({method, pattern, Audience::insiders,
                    [&parts, answer](const Request& request, const Reply& reply) {
                        answer(parts, request, reply);
                    }});
    };
    add("GET", "/v1/assets/{id}/thumbnail",
        [](const ApiParts& p, const Request& request, const Reply& reply) {
            const studio::Asset asset = p.assets.get(request.parameters.at("id"));
            ask(p, request, reply, {"asset_thumbnail", nlohmann::json{{"asset", asset.id}}.dump()});
        });
    add("GET", "/v1/clips/{id}/thumbnail", [](const ApiParts& p, const Request& request, const Reply& reply) {
        ask(p, request, reply, {"thumbnail", finished_clip(p, request).dump()});
    });
    add("GET", "/v1/clips/{id}/strip", [](const ApiParts& p, const Request& request, const Reply& reply) {
        ask(p, request, reply, {"strip", finished_clip(p, request).dump()});
    });
    add("GET", "/v1/clips/{id}/frame/{n}", [](const ApiParts& p, const Request& request, const Reply& reply) {
        nlohmann::json subject = finished_clip(p, request);
        subject["frame"] = frame_number(request.parameters.at("n"));
        ask(p, request, reply, {"frame", subject.dump()});
    });
    add("POST", "/v1/previews", preview);
    add("POST", "/v1/recipes", recipe);
}

}  // namespace stillreel::server
