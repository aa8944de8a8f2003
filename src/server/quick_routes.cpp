#include <fmt/core.h>

#include <charconv>

#include "base/file.h"
#include "server/api.h"
#include "server/content.h"
#include "server/request_body.h"
#include "studio/field_error.h"
#include "studio/quick_cache.h"

namespace stillreel::server {
namespace {

using studio::QuickKind;
using studio::QuickTask;

constexpr const char* kJpeg = "image/jpeg";

/// Asks the quick lane, and answers with what `respond` makes of it. What the task finds wrong is about
/// `field`.
void ask(const ApiParts& parts, const Reply& reply, const QuickTask& task, const std::string& field,
         std::function<Response(const QuickAnswer&)> respond) {
    parts.quick.ask(task, [reply, field, respond = std::move(respond)](const QuickAnswer& answer) {
        answering(reply, [&] {
            if (answer.error) rethrow_about(answer.error, field);
            reply(respond(answer));
        });
    });
}

/// Sends a file of the quick lane.
std::function<Response(const QuickAnswer&)> sending(const ApiParts& parts, Request request,
                                                    const char* media_type) {
    request.body.clear();
    return [request = std::move(request), folder = parts.folders.quick(), media_type](
               const QuickAnswer& answer) { return file_content(request, folder, answer.file, media_type); };
}

/// The picture that the task makes; at once where it was made before.
void send_picture(const ApiParts& parts, const Request& request, const Reply& reply, const QuickTask& task,
                  const std::string& field = {}) {
    const auto send = sending(parts, request, kJpeg);
    std::error_code failed;
    if (fs::exists(parts.folders.quick() / task.file, failed)) return reply(send({task.file, "", nullptr}));
    ask(parts, reply, task, field, send);
}

/// A task that shows the clip of the address; `what` as for studio::picture_of_clip.
QuickTask task_of_clip(const ApiParts& parts, const Request& request, QuickKind kind,
                       const std::string& what) {
    const jobs::Job job = parts.clips.clip(request.parameters.at("id"));
    const auto file = open_clip(job, parts.folders);
    QuickTask task;
    task.kind = kind;
    task.file = studio::picture_of_clip(
        job.id, fmt::format("{} {} {}", job.output, file->bytes(), file->modified_ns()), what);
    task.output = job.output;
    return task;
}

int frame_number(const std::string& text) {
    int number = -1;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || number < 0)
        throw studio::FieldError(ErrorCode::invalid_argument, "n must be the number of a frame, from 0", "n");
    return number;
}

void asset_thumbnail(const ApiParts& parts, const Request& request, const Reply& reply) {
    QuickTask task;
    task.kind = QuickKind::asset_thumbnail;
    task.asset = parts.assets.get(request.parameters.at("id")).id;
    task.file = studio::thumbnail_of_asset(task.asset);
    send_picture(parts, request, reply, task);
}

void thumbnail(const ApiParts& parts, const Request& request, const Reply& reply) {
    send_picture(parts, request, reply, task_of_clip(parts, request, QuickKind::thumbnail, "thumbnail"));
}

void strip(const ApiParts& parts, const Request& request, const Reply& reply) {
    send_picture(parts, request, reply, task_of_clip(parts, request, QuickKind::strip, "strip"));
}

void frame(const ApiParts& parts, const Request& request, const Reply& reply) {
    const int number = frame_number(request.parameters.at("n"));
    QuickTask task = task_of_clip(parts, request, QuickKind::frame, fmt::format("frame-{}", number));
    task.frame = number;
    send_picture(parts, request, reply, task, "n");
}

void preview(const ApiParts& parts, const Request& request, const Reply& reply) {
    const Fields fields = json_fields(request, {});
    QuickTask task;
    task.kind = QuickKind::preview;
    // Refused before anybody draws: the same check as a clip's.
    task.spec = parts.clips.preview(fields.rest);
    task.file = studio::passing_name("preview.mp4");
    ask(parts, reply, task, "", sending(parts, request, "video/mp4"));
}

/// A stillreel clip that was dropped on the page: what made it.
void recipe(const ApiParts& parts, const Request& request, const Reply& reply) {
    const auto form = parse_form(request.header("content-type"), request.body);
    const FormPart& part = part_named(form, "file");
    check_file_size(part);
    const bool video = part.content.size() > 12 && part.content.substr(4, 4) == "ftyp";
    if (!video)
        throw studio::FieldError(ErrorCode::unsupported, "this is no MP4 file: drop a clip made by stillreel",
                                 "file");
    QuickTask task;
    task.kind = QuickKind::recipe;
    task.file = studio::passing_name("recipe.mp4");
    write_file(parts.folders.quick() / task.file, part.content);
    ask(parts, reply, task, "file",
        [](const QuickAnswer& answer) { return json_response(200, answer.result); });
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
    add("GET", "/v1/assets/{id}/thumbnail", asset_thumbnail);
    add("GET", "/v1/clips/{id}/thumbnail", thumbnail);
    add("GET", "/v1/clips/{id}/strip", strip);
    add("GET", "/v1/clips/{id}/frame/{n}", frame);
    add("POST", "/v1/previews", preview);
    add("POST", "/v1/recipes", recipe);
}

}  // namespace stillreel::server
