// The face that clients of OpenAI's video interface know: the same clips under other names.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "server/api.h"
#include "server/content.h"
#include "server/request_body.h"
#include "server/uploads.h"
#include "studio/field_error.h"
#include "studio/job_sheet.h"

namespace stillreel::server {
namespace {

using nlohmann::ordered_json;

const char* status_of(jobs::State state) {
    switch (state) {
        case jobs::State::queued:
            return "queued";
        case jobs::State::running:
            return "in_progress";
        case jobs::State::completed:
            return "completed";
        case jobs::State::failed:
        case jobs::State::cancelled:
            return "failed";
    }
    return "failed";
}

Response shown(const ApiParts& parts, const jobs::Job& job, int status) {
    const ordered_json clip = ordered_json::parse(parts.clips.view(job));
    const studio::ClipSpec spec = studio::parse_clip_spec(job.spec);
    ordered_json video = {{"id", job.id},
                          {"object", "video"},
                          {"model", clip.value("engine", spec.engine)},
                          {"status", status_of(job.state)},
                          {"progress", static_cast<int>(job.progress * 100)},
                          {"created_at", job.created_ms / 1000},
                          {"prompt", spec.prompt},
                          {"size", fmt::format("{}x{}", clip.value("width", 0), clip.value("height", 0))},
                          {"error", nullptr}};
    if (spec.duration) video["seconds"] = fmt::format("{}", *spec.duration);
    if (job.finished_ms != 0) video["completed_at"] = job.finished_ms / 1000;
    if (job.state == jobs::State::failed)
        video["error"] = {{"code", job.error_code}, {"message", job.error_message}};
    if (job.state == jobs::State::cancelled)
        video["error"] = {{"code", "cancelled"}, {"message", "the clip was cancelled"}};
    return json_response(status, video.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

struct VideoForm {
    std::string prompt, model, seconds, size, picture;
};

VideoForm read(const Request& request, const Form& sent) {
    VideoForm form;
    const auto known = [&](const std::string& name) -> std::string* {
        if (name == "prompt") return &form.prompt;
        if (name == "model") return &form.model;
        if (name == "seconds") return &form.seconds;
        if (name == "size") return &form.size;
        if (name == "input_reference") return &form.picture;
        return nullptr;
    };
    if (is_form(request)) {
        for (const FormField& part : sent) {
            std::string* field = known(part.name);
            if (!field)
                throw studio::FieldError(ErrorCode::invalid_argument, "this is not a field of a video",
                                         part.name);
            *field = part.asset.empty() ? part.text : part.asset;
        }
        return form;
    }
    const Fields fields = json_fields(request, {"prompt", "model", "seconds", "size", "input_reference"});
    if (fields.rest != "{}")
        throw studio::FieldError(ErrorCode::invalid_argument,
                                 "a video has the fields prompt, model, seconds, size and input_reference",
                                 "prompt");
    for (const char* name : {"prompt", "model", "seconds", "size", "input_reference"})
        *known(name) = fields.text(name);
    return form;
}

Response create(const ApiParts& parts, const Request& request, const Form& sent) {
    const VideoForm form = read(request, sent);
    if (form.picture.empty())
        throw studio::FieldError(ErrorCode::invalid_argument,
                                 "input_reference: stillreel moves a still picture; send one",
                                 "input_reference");
    // Clients name the models of others; what we do not have falls to the engine that can run.
    bool ours = false;
    for (const auto& engine : parts.engines.all()) ours = ours || engine->name() == form.model;
    studio::SubmitOptions options;
    options.key = idempotency_key(request, "videos");
    const std::string fields = studio::clip_of_texts({{"picture", form.picture},
                                                      {"prompt", form.prompt},
                                                      {"engine", ours ? form.model : "auto"},
                                                      {"duration", form.seconds},
                                                      {"size", form.size}});
    return shown(parts, parts.clips.submit(fields, options), 200);
}

}  // namespace

void add_video_routes(Router& router, const ApiParts& parts) {
    router.add({"POST", "/v1/videos", Audience::insiders,
                after_uploads(parts, {"input_reference", "videos", Unnamed::text}, create)});
    router.add({"GET", "/v1/videos/{id}", Audience::insiders, at_once([&parts](const Request& request) {
                    return shown(parts, parts.clips.clip(request.parameters.at("id")), 200);
                })});
    router.add(
        {"GET", "/v1/videos/{id}/content", Audience::insiders, at_once([&parts](const Request& request) {
             return clip_content(request, parts.clips.clip(request.parameters.at("id")), parts.folders);
         })});
}

}  // namespace stillreel::server
