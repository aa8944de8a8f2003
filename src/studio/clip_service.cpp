#include "studio/clip_service.h"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "base/amounts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/threads.h"
#include "studio/clip_spec.h"
#include "studio/field_error.h"
#include "studio/fit_text.h"
#include "studio/preview.h"
#include "studio/progress_picture.h"
#include "studio/quick_cache.h"

namespace stillreel::studio {
namespace {

using nlohmann::ordered_json;

constexpr const char* kOutputForm = "video_*.mp4";

Source source_of(const std::string& id, const char* field, const AssetStore& assets) {
    const auto asset = assets.find(id);
    if (!asset)
        throw FieldError(
            ErrorCode::not_found,
            fmt::format("{}: there is no asset \"{}\"; upload it first", field, id.substr(0, 60)), field);
    return {asset->path, asset->name, asset->size};
}

/// Folders of the server's disk are not for clients to name.
bool is_model_name(const std::string& model) {
    return model.empty() || (model.find_first_of("\\~") == std::string::npos && model.front() != '/' &&
                             model.front() != '.' && model.find("..") == std::string::npos);
}

/// Equal for equal keys: a request that is sent again must ask for the same clip.
std::uint64_t seed_of(const std::string& key) {
    return key.empty() ? fresh_seed() : std::stoull(sha256_hex(key).substr(0, 8), nullptr, 16);
}

ordered_json time_or_null(std::int64_t unix_ms) {
    return unix_ms == 0 ? ordered_json(nullptr) : ordered_json(utc_time(unix_ms));
}

ordered_json text_or_null(const std::string& text) {
    return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

ordered_json parsed_or_null(const std::string& text) {
    ordered_json json = ordered_json::parse(text, nullptr, false);
    return json.is_object() ? json : ordered_json(nullptr);
}

std::string shape_of(const ClipPlan& plan) {
    return fmt::format("{} {}x{} {}", plan.engine, plan.clip.frame.width_px, plan.clip.frame.height_px,
                       plan.clip.frames);
}

void add_shape(ordered_json& view, const std::string& shape) {
    char engine[64] = "";
    int width = 0, height = 0, frames = 0;
    if (std::sscanf(shape.c_str(), "%63s %dx%d %d", engine, &width, &height, &frames) != 4) return;
    view["engine"] = engine;
    view["width"] = width;
    view["height"] = height;
    view["frames"] = frames;
}

using Deliveries = std::map<std::string, jobs::Delivery>;

/// What has become of the call that tells of the clip's end. `deliveries`: the last of each clip.
ordered_json webhook_view(const jobs::Job& job, const Deliveries& deliveries) {
    using Outcome = jobs::Delivery::Outcome;
    if (job.webhook.empty()) return nullptr;
    const bool ended = job.state != jobs::State::queued && job.state != jobs::State::running;
    const auto found = deliveries.find(job.id);
    // A clip that was retried will be told of anew.
    const jobs::Delivery last = ended && found != deliveries.end() ? found->second : jobs::Delivery{};
    const char* state = last.outcome == Outcome::due         ? "pending"
                        : last.outcome == Outcome::delivered ? "delivered"
                                                             : "failed";
    return {
        {"url", job.webhook}, {"state", state}, {"tries", last.tries}, {"error", text_or_null(last.error)}};
}

ordered_json view_of(const jobs::Job& job, const std::map<std::string, jobs::Outlook>& outlook,
                     const Deliveries& deliveries, const ServiceFolders& folders) {
    ordered_json view = {{"id", job.id},
                         {"state", jobs::name_of(job.state)},
                         {"progress", job.progress},
                         {"stage", text_or_null(job.stage)},
                         {"queue_position", nullptr},
                         {"eta_seconds", nullptr},
                         {"progress_picture", nullptr}};
    if (const auto shown = progress_picture(job, folders))
        view["progress_picture"] = fmt::format("/v1/clips/{}/progress_picture?v={}", job.id, shown->version);
    if (const auto found = outlook.find(job.id); found != outlook.end()) {
        if (job.state == jobs::State::queued && found->second.position > 0)
            view["queue_position"] = found->second.position;
        if (found->second.eta_s) view["eta_seconds"] = *found->second.eta_s;
    }
    view["error"] = job.error_code.empty()
                        ? ordered_json(nullptr)
                        : ordered_json{{"code", job.error_code}, {"message", job.error_message}};
    view["spec"] = parsed_or_null(job.spec);
    add_shape(view, job.shape);
    view["priority"] = job.priority;
    view["batch"] = text_or_null(job.batch);
    view["attempt"] = job.attempt;
    view["cancel_requested"] = job.cancel_requested;
    view["favourite"] = job.favourite;
    view["deleted"] = job.deleted();
    view["created_at"] = time_or_null(job.created_ms);
    view["started_at"] = time_or_null(job.started_ms);
    view["finished_at"] = time_or_null(job.finished_ms);
    view["output"] = job.state == jobs::State::completed ? text_or_null(job.output) : ordered_json(nullptr);
    view["result"] = parsed_or_null(job.result);
    view["webhook"] = webhook_view(job, deliveries);
    return view;
}

void log_queued(const jobs::Job& job) {
    log::info(fmt::format("job {}: queued ({} frames), about {}", job.id, job.shape,
                          duration_text(job.estimate_s)));
}

Deliveries deliveries_of(jobs::JobStore& store, const std::vector<jobs::Job>& list) {
    std::vector<std::string> ids;
    for (const jobs::Job& job : list)
        if (!job.webhook.empty()) ids.push_back(job.id);
    return ids.empty() ? Deliveries{} : store.last_deliveries(ids);
}

std::string text_of(const ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

fs::path ServiceFolders::outputs() const {
    const char* named = std::getenv("STILLREEL_OUTPUTS");
    return named && *named ? fs::path(named) : home / "outputs";
}

ClipRequest request_of(const ClipSpec& spec, const AssetStore& assets) {
    if (spec.picture.empty())
        throw FieldError(ErrorCode::invalid_argument, "picture: give the id of an uploaded picture",
                         "picture");
    if (!spec.camera.empty() && spec.camera.front() != '{')
        throw FieldError(ErrorCode::invalid_argument,
                         "camera must be a camera path itself, a JSON object, not the name of a file",
                         "camera");
    if (!is_model_name(spec.model))
        throw FieldError(ErrorCode::invalid_argument, "model must be the name of a model, not a folder",
                         "model");
    ClipRequest request{spec, source_of(spec.picture, "picture", assets), {}, {}};
    if (!spec.depth.empty()) request.depth = source_of(spec.depth, "depth", assets);
    if (!spec.mask.empty()) request.mask = source_of(spec.mask, "mask", assets);
    return request;
}

RunOptions ClipService::run_options() const {
    RunOptions run;
    run.threads = available_threads();
    run.outputs = folders_.outputs();
    run.uploads = folders_.uploads();
    run.cache = folders_.cache();
    return run;
}

ClipPlan ClipService::plan(std::string_view fields) const {
    const ClipSpec spec = parse_clip_spec(fields);
    return plan_clip(request_of(spec, assets_), run_options(), engines_);
}

std::string ClipService::preview(std::string_view fields) const {
    const ClipSpec spec = parse_clip_spec(fields);
    const ClipSpec small = preview_of(spec, request_of(spec, assets_).picture.size, engines_);
    plan_clip(request_of(small, assets_), run_options(), engines_);
    return to_json(small);
}

std::string ClipService::estimate(std::string_view fields) const {
    const ClipPlan planned = plan(fields);
    const auto& clip = planned.clip;
    ordered_json view = {{"engine", planned.engine},
                         {"width", clip.frame.width_px},
                         {"height", clip.frame.height_px},
                         {"frames", clip.frames},
                         {"fps", to_string(clip.fps)},
                         {"duration", clip.duration_s()},
                         {"seconds", planned.estimate.seconds},
                         {"bytes", planned.estimate.bytes},
                         {"fits", planned.fits()},
                         {"memory_bytes", nullptr},
                         {"free_memory_bytes", nullptr},
                         {"remedies", ordered_json::array()},
                         {"notes", planned.notes}};
    if (planned.fit) {
        const diffusion::Rung* rung = planned.rung();
        view["memory_bytes"] = (rung ? *rung : planned.fit->wanted).cost.peak_bytes;
        view["free_memory_bytes"] = planned.fit->free_bytes;
        if (!planned.fits()) view["remedies"] = ladder_lines(*planned.fit);
    }
    return text_of(view);
}

jobs::NewJob ClipService::checked(std::string_view fields, const SubmitOptions& options) {
    ClipSpec spec = parse_clip_spec(fields);
    if (!spec.seed) spec.seed = seed_of(options.key);
    const ClipPlan plan = plan_clip(request_of(spec, assets_), run_options(), engines_);
    if (!plan.fits()) throw Error(ErrorCode::out_of_memory, refusal(*plan.fit));
    jobs::NewJob job;
    job.spec = to_json(spec);
    job.shape = shape_of(plan);
    job.estimate_s = plan.estimate.seconds;
    job.priority = options.priority;
    job.batch = options.batch;
    job.output_form = kOutputForm;
    job.key = options.key;
    job.webhook = options.webhook.value_or("");
    return job;
}

jobs::Job ClipService::submit(std::string_view fields, const SubmitOptions& options) {
    const jobs::Job job = store_.submit(checked(fields, options));
    log_queued(job);
    return job;
}

std::vector<jobs::Job> ClipService::submit_batch(const std::vector<std::string>& clips,
                                                 const SubmitOptions& options, Seeds seeds) {
    std::vector<jobs::NewJob> list;
    const std::uint64_t seed = seed_of(options.key);
    for (std::size_t i = 0; i < clips.size(); ++i) {
        SubmitOptions own = options;
        if (!own.key.empty()) own.key += fmt::format("#{}", i + 1);
        try {
            ClipSpec spec = parse_clip_spec(clips[i]);
            if (seeds == Seeds::one_for_all && !spec.seed) spec.seed = seed;
            list.push_back(checked(to_json(spec), own));
        } catch (const FieldError& error) {
            throw FieldError(error.code(), fmt::format("clip {}: {}", i + 1, error.what()), error.field());
        } catch (const Error& error) {
            throw Error(error.code(), fmt::format("clip {}: {}", i + 1, error.what()));
        }
    }
    const std::vector<jobs::Job> queued = store_.submit_batch(list);
    for (const jobs::Job& job : queued) log_queued(job);
    return queued;
}

jobs::Job ClipService::duplicate(const std::string& id, std::string_view changes,
                                 const SubmitOptions& options) {
    const jobs::Job job = clip(id);
    ClipSpec spec = parse_clip_spec(job.spec);
    if (!changes.empty()) merge(spec, changes);
    SubmitOptions own = options;
    if (!own.webhook) own.webhook = job.webhook;
    return submit(to_json(spec), own);
}

jobs::Job ClipService::edit(const std::string& id, std::string_view changes) {
    const jobs::Job job = clip(id);
    ClipSpec spec = parse_clip_spec(job.spec);
    merge(spec, changes);
    const jobs::NewJob changed = checked(to_json(spec), {});
    jobs::Edit edit;
    edit.spec = changed.spec;
    edit.shape = changed.shape;
    edit.estimate_s = changed.estimate_s;
    return store_.edit(id, edit);
}

void ClipService::remove_asset(const std::string& id) {
    assets_.get(id);
    jobs::Filter filter;
    filter.states = {jobs::State::queued, jobs::State::running};
    filter.limit = 100'000;
    for (const jobs::Job& job : store_.list(filter)) {
        const ClipSpec spec = parse_clip_spec(job.spec);
        if (spec.picture == id || spec.depth == id || spec.mask == id)
            throw Error(ErrorCode::busy,
                        fmt::format("the clip {} still needs this picture: cancel it first", job.id));
    }
    assets_.remove(id);
    forget_asset_pictures(folders_.quick(), id);
}

jobs::Job ClipService::clip(const std::string& id) const {
    const auto job = store_.find(id);
    if (!job || job->lane != jobs::kRenderLane)
        throw Error(ErrorCode::not_found, fmt::format("there is no clip {}", id.substr(0, 60)));
    return *job;
}

std::string ClipService::view(const jobs::Job& job) {
    const bool waits = job.state == jobs::State::queued || job.state == jobs::State::running;
    return text_of(view_of(job, waits ? store_.outlook() : std::map<std::string, jobs::Outlook>{},
                           deliveries_of(store_, {job}), folders_));
}

std::vector<std::string> ClipService::views(const std::vector<jobs::Job>& list) {
    const auto outlook = store_.outlook();
    const Deliveries deliveries = deliveries_of(store_, list);
    std::vector<std::string> texts;
    for (const jobs::Job& job : list) texts.push_back(text_of(view_of(job, outlook, deliveries, folders_)));
    return texts;
}

}  // namespace stillreel::studio
