#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "server/api.h"
#include "server/content.h"
#include "server/listing.h"
#include "server/request_body.h"
#include "server/uploads.h"
#include "studio/clip_job.h"
#include "studio/field_error.h"
#include "studio/job_log.h"
#include "studio/job_sheet.h"
#include "studio/progress_picture.h"
#include "studio/quick_cache.h"

namespace stillreel::server {
namespace {

constexpr int kMaxListed = 500;
const std::vector<std::string> kOwnFields = {"priority", "webhook"};

/// The clip of the address; jobs of other lanes are none. Throws not_found.
jobs::Job clip_of(const ApiParts& parts, const Request& request) {
    return parts.clips.clip(request.parameters.at("id"));
}

Response shown(const ApiParts& parts, int status, const jobs::Job& job) {
    Headers headers;
    if (status == 201 || status == 202) headers = {{"Location", "/v1/clips/" + job.id}};
    return json_response(status, parts.clips.view(job), std::move(headers));
}

/// A clip's fields: the texts of a form, and its picture.
std::string fields_of(const Form& form) {
    std::vector<std::pair<std::string, std::string>> fields;
    for (const FormField& field : form)
        if (!field.asset.empty())
            fields.emplace_back("picture", field.asset);
        else if (field.filename.empty())
            fields.emplace_back(field.name, field.text);
    return studio::clip_of_texts(fields);
}

/// Empty: none is asked for.
std::string webhook_of(const ApiParts& parts, const Fields& fields) {
    std::string url = fields.text("webhook");
    parts.webhooks.expect(url);
    return url;
}

Response create(const ApiParts& parts, const Request& request, const Form& form) {
    studio::SubmitOptions options;
    options.key = idempotency_key(request, "clips");
    Fields fields;
    if (is_form(request)) {
        Form rest;
        for (const FormField& field : form)
            if (field.name == "priority")
                fields.own["priority"] =
                    split_fields(fmt::format("{{\"priority\":{}}}", field.text), kOwnFields).raw("priority");
            else if (field.name == "webhook")
                fields.own["webhook"] = json_text(field.text);
            else
                rest.push_back(field);
        fields.rest = fields_of(rest);
    } else {
        fields = json_fields(request, kOwnFields);
    }
    options.priority = fields.whole("priority", 0);
    options.webhook = webhook_of(parts, fields);
    return shown(parts, 202, parts.clips.submit(fields.rest, options));
}

int limit_of(const std::map<std::string, std::string>& query) {
    const auto given = query.find("limit");
    if (given == query.end()) return 100;
    int limit = 0;
    const char* end = given->second.data() + given->second.size();
    const auto parsed = std::from_chars(given->second.data(), end, limit);
    if (parsed.ec != std::errc{} || parsed.ptr != end || limit < 1 || limit > kMaxListed)
        throw studio::FieldError(ErrorCode::invalid_argument,
                                 fmt::format("limit must be a whole number from 1 to {}", kMaxListed),
                                 "limit");
    return limit;
}

jobs::Filter filter_of(const Request& request) {
    jobs::Filter filter;
    for (const auto& [name, value] : parse_query(request.query)) {
        if (name == "state") {
            std::string_view rest = value;
            while (!rest.empty()) {
                const auto comma = rest.find(',');
                filter.states.push_back(jobs::parse_state(rest.substr(0, comma)));
                rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
            }
        } else if (name == "batch") {
            filter.batch = value;
        } else if (name == "before") {
            filter.before = value;
        } else if (name == "favourite") {
            filter.favourites = value == "true";
        } else if (name == "deleted") {
            filter.deleted = value == "true";
        } else if (name == "order") {
            if (value != "queue" && value != "newest")
                throw studio::FieldError(ErrorCode::invalid_argument, "order must be queue or newest",
                                         "order");
            filter.order = value == "queue" ? jobs::Order::queue : jobs::Order::newest_first;
        } else if (name != "limit") {
            throw studio::FieldError(ErrorCode::invalid_argument,
                                     fmt::format("\"{}\" is no filter of this list", name.substr(0, 60)),
                                     name);
        }
    }
    filter.limit = limit_of(parse_query(request.query));
    return filter;
}

Response list(const ApiParts& parts, const Request& request) {
    const jobs::Filter filter = filter_of(request);
    const std::vector<jobs::Job> found = parts.store.list(filter);
    const bool full = static_cast<int>(found.size()) == filter.limit;
    return json_response(
        200, fmt::format("{{\"clips\":[{}],\"next_before\":{}}}", joined(parts.clips.views(found)),
                         full ? "\"" + found.back().id + "\"" : "null"));
}

/// PATCH: fields of the spec, and what concerns the place in the queue and the gallery.
Response change(const ApiParts& parts, const Request& request) {
    const std::string id = clip_of(parts, request).id;
    const Fields fields = json_fields(request, {"priority", "before", "after", "favourite", "deleted"});
    if (fields.rest != "{}") parts.clips.edit(id, fields.rest);
    if (!fields.raw("priority").empty()) parts.store.prioritise(id, fields.whole("priority", 0));
    if (const std::string other = fields.text("before"); !other.empty()) parts.store.move_before(id, other);
    if (const std::string other = fields.text("after"); !other.empty()) parts.store.move_after(id, other);
    if (const auto favourite = fields.truth("favourite"))
        *favourite ? parts.store.mark_favourite(id) : parts.store.unmark_favourite(id);
    if (const auto deleted = fields.truth("deleted"))
        *deleted ? parts.store.remove(id) : parts.store.restore(id);
    return shown(parts, 200, parts.store.get(id));
}

/// The file first: after a crash in between, the clip is still there to be purged again.
Response erase(const ApiParts& parts, const Request& request) {
    const auto query = parse_query(request.query);
    const bool for_ever = query.contains("purge") && query.at("purge") == "true";
    const jobs::Job job = clip_of(parts, request);
    if (!for_ever) {
        parts.store.remove(job.id);
        return {204, {}, "", {}, {}};
    }
    if (!job.deleted() || job.state == jobs::State::running)
        throw Error(ErrorCode::busy, fmt::format("delete the clip {} first, then purge it", job.id));
    studio::remove_output(job, parts.folders);
    studio::forget_clip_pictures(parts.folders.quick(), job.id);
    parts.store.purge(job.id);
    return {204, {}, "", {}, {}};
}

Response picture_of_progress(const ApiParts& parts, const Request& request) {
    const jobs::Job job = clip_of(parts, request);
    const auto shown = studio::progress_picture(job, parts.folders);
    if (!shown)
        throw Error(ErrorCode::not_found,
                    fmt::format("the clip {} is {}: there is no picture of its progress", job.id,
                                jobs::name_of(job.state)));
    return file_content(request, parts.folders.progress(), shown->name, "image/jpeg");
}

Response log_of(const ApiParts& parts, const Request& request) {
    const jobs::Job job = clip_of(parts, request);
    const auto lines = studio::job_log(parts.folders.logs(), job.id, job.created_ms);
    return json_response(200, "{\"lines\":" + studio::log_json(lines) + "}");
}

Response cancel(const ApiParts& parts, const Request& request) {
    const Fields fields = json_fields(request, {"keep_partial"}, Empty::allowed);
    const bool keep = fields.truth("keep_partial").value_or(false);
    return shown(
        parts, 200,
        parts.store.cancel(clip_of(parts, request).id, keep ? jobs::Partial::keep : jobs::Partial::discard));
}

Response duplicate(const ApiParts& parts, const Request& request) {
    const Fields fields = json_fields(request, kOwnFields, Empty::allowed);
    const jobs::Job like = clip_of(parts, request);
    studio::SubmitOptions options;
    options.priority = fields.whole("priority", like.priority);
    options.key = idempotency_key(request, "duplicate:" + like.id);
    if (!fields.raw("webhook").empty()) options.webhook = webhook_of(parts, fields);
    return shown(parts, 202, parts.clips.duplicate(like.id, fields.rest, options));
}

/// The sheet's pictures may be files of the same form, called by their names.
std::vector<std::string> clips_of_form(const Form& form, Fields& fields) {
    std::map<std::string, std::string> ids;
    for (const FormField& field : form) {
        if (!field.asset.empty()) ids[field.filename] = field.asset;
        if (field.name == "options")
            fields = split_fields(field.text, {"priority", "same_seed", "spec", "webhook"});
    }
    std::vector<std::string> clips;
    const bool has_sheet =
        std::any_of(form.begin(), form.end(), [](const FormField& field) { return field.name == "sheet"; });
    if (!has_sheet) {
        for (const auto& [name, id] : ids) clips.push_back(studio::clip_of_texts({{"picture", id}}));
        return clips;
    }
    for (const std::string& row : studio::parse_job_sheet(field_named(form, "sheet").text)) {
        Fields clip = split_fields(row, {"picture"});
        const std::string picture = clip.text("picture");
        const auto known = ids.find(picture);
        studio::ClipSpec spec = studio::parse_clip_spec(clip.rest);
        spec.picture = known == ids.end() ? picture : known->second;
        clips.push_back(to_json(spec));
    }
    return clips;
}

std::vector<std::string> clips_of_json(const Fields& fields) {
    std::vector<std::string> clips;
    for (const std::string& picture : fields.texts("pictures"))
        clips.push_back(studio::clip_of_texts({{"picture", picture}}));
    if (const std::string list = fields.raw("clips"); !list.empty()) {
        for (std::string& clip : objects_of(list, "clips")) clips.push_back(std::move(clip));
    }
    return clips;
}

Response batch(const ApiParts& parts, const Request& request, const Form& form) {
    Fields fields;
    std::vector<std::string> clips;
    const std::string type = media_type(request.header("content-type"));
    if (type == "text/csv") {
        clips = studio::parse_job_sheet(request.body);
    } else if (is_form(request)) {
        clips = clips_of_form(form, fields);
    } else {
        fields = json_fields(request, {"pictures", "clips", "spec", "same_seed", "priority", "webhook"});
        if (fields.rest != "{}")
            throw studio::FieldError(
                ErrorCode::invalid_argument,
                "a batch has the fields pictures, clips, spec, same_seed, priority and webhook; "
                "what all clips share goes into spec",
                "spec");
        clips = clips_of_json(fields);
    }
    if (clips.empty() || clips.size() > studio::kMaxSheetRows)
        throw studio::FieldError(ErrorCode::invalid_argument,
                                 fmt::format("give 1 to {} pictures or clips", studio::kMaxSheetRows),
                                 "clips");
    if (const std::string common = fields.raw("spec"); !common.empty())
        for (std::string& clip : clips) {
            studio::ClipSpec spec = studio::parse_clip_spec(common);
            studio::merge(spec, clip);
            clip = to_json(spec);
        }
    studio::SubmitOptions options;
    options.priority = fields.whole("priority", 0);
    options.webhook = webhook_of(parts, fields);
    options.key = idempotency_key(request, "batch");
    options.batch = (options.key.empty() ? random_secret() : sha256_hex(options.key)).substr(0, 20);
    const bool one_seed = fields.truth("same_seed").value_or(false);
    const auto list = parts.clips.submit_batch(
        clips, options, one_seed ? studio::Seeds::one_for_all : studio::Seeds::each_its_own);
    return json_response(
        202,
        fmt::format("{{\"batch\":\"{}\",\"clips\":[{}]}}", options.batch, joined(parts.clips.views(list))),
        {{"Location", "/v1/clips?batch=" + options.batch}});
}

}  // namespace

void add_clip_routes(Router& router, const ApiParts& parts) {
    const auto add = [&](const char* method, const char* pattern,
                         Response (*answer)(const ApiParts&, const Request&)) {
        router.add({method, pattern, Audience::insiders,
                    at_once([&parts, answer](const Request& request) { return answer(parts, request); })});
    };
    router.add({"POST", "/v1/clips", Audience::insiders, after_uploads(parts, {"file", "clips"}, create)});
    add("GET", "/v1/clips", list);
    add("GET", "/v1/clips/{id}",
        [](const ApiParts& p, const Request& request) { return shown(p, 200, clip_of(p, request)); });
    add("PATCH", "/v1/clips/{id}", change);
    add("DELETE", "/v1/clips/{id}", erase);
    add("GET", "/v1/clips/{id}/content", [](const ApiParts& p, const Request& request) {
        return clip_content(request, clip_of(p, request), p.folders);
    });
    add("GET", "/v1/clips/{id}/progress_picture", picture_of_progress);
    add("GET", "/v1/clips/{id}/log", log_of);
    add("POST", "/v1/clips/{id}/cancel", cancel);
    add("POST", "/v1/clips/{id}/retry", [](const ApiParts& p, const Request& request) {
        return shown(p, 202, p.store.retry(clip_of(p, request).id));
    });
    add("POST", "/v1/clips/{id}/duplicate", duplicate);
    router.add({"POST", "/v1/batches", Audience::insiders, after_uploads(parts, {"file", "batch"}, batch)});
}

}  // namespace stillreel::server
