#include "studio/model_pulls.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/amounts.h"
#include "base/clock.h"
#include "base/log.h"
#include "studio/field_error.h"
#include "weights/hub_pull.h"
#include "weights/model_store.h"

namespace stillreel::studio {
namespace {

using nlohmann::ordered_json;

constexpr int kListed = 100;
constexpr std::size_t kMaxVariantBytes = 32;

std::string text_of(const ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string spec_of(const std::string& model, const std::string& variant) {
    return text_of({{"model", model}, {"variant", variant}});
}

std::string repository_of(const std::string& model) {
    try {
        return weights::repository_of(model);
    } catch (const Error& error) {
        throw FieldError(error.code(), error.what(), "model");
    }
}

/// Variants are parts of file names.
void check_variant(const std::string& variant) {
    const bool plain = std::all_of(variant.begin(), variant.end(), [](unsigned char c) {
        return c < 0x80 && (std::isalnum(c) || c == '-' || c == '_');
    });
    if (!plain || variant.size() > kMaxVariantBytes)
        throw FieldError(ErrorCode::invalid_argument, "variant must be a short name such as fp16", "variant");
}

jobs::Filter pulls(std::vector<jobs::State> states) {
    jobs::Filter filter;
    filter.lane = kPullLane;
    filter.states = std::move(states);
    filter.limit = kListed;
    return filter;
}

/// How far it is, as the job's stage holds it from one report to the next.
std::string facts(const std::string& file, std::uint64_t bytes, std::uint64_t total) {
    return text_of({{"file", file}, {"bytes", bytes}, {"total_bytes", total}});
}

double share(std::uint64_t bytes, std::uint64_t total) {
    return total > 0 ? static_cast<double>(bytes) / static_cast<double>(total) : 0;
}

/// A model that lacks something is completed; one that is whole stays as it is.
weights::Existing what_to_do_about(const fs::path& root) {
    for (const weights::StoredModel& model : weights::stored_models())
        if (model.root == root && model.state != weights::StoredModel::State::whole)
            return weights::Existing::check;
    return weights::Existing::keep;
}

std::string pull(const jobs::Job& job, const fs::path& models, const jobs::ReportProgress& report,
                 const CancelFlag& cancel) {
    const auto spec = nlohmann::json::parse(job.spec);
    weights::PullRequest request;
    request.repository = weights::repository_of(spec.at("model"));
    request.variant = spec.at("variant");
    request.endpoint = weights::hub_endpoint();
    request.models = models;
    request.existing = what_to_do_about(models / weights::name_of_repository(request.repository));
    weights::PullHooks hooks;
    hooks.begun = [&](const weights::PullPlan& plan) {
        report(share(plan.bytes_here, plan.bytes), facts("", plan.bytes_here, plan.bytes), -1);
    };
    hooks.progress = [&](const weights::PullProgress& now) {
        report(share(now.bytes, now.total), facts(now.file, now.bytes, now.total),
               now.bytes_per_second > 0 ? now.seconds_left : -1);
    };
    hooks.note = [&](const std::string& line) { log::info(fmt::format("job {}: {}", job.id, line)); };
    hooks.cancel = &cancel;
    const weights::Pulled pulled = weights::pull_model(request, hooks);
    log::info(fmt::format("job {}: {} is here, {} loaded", job.id, request.repository,
                          bytes_text(pulled.bytes_loaded)));
    return facts("", pulled.bytes, pulled.bytes);
}

ordered_json error_of(const jobs::Job& job) {
    if (job.error_code.empty()) return nullptr;
    const bool died = job.error_code == "crashed";
    return {
        {"code", job.error_code},
        {"message", died ? fmt::format("the process that fetches models died {} times: its log may say why; "
                                       "what was loaded is kept, pull again to go on",
                                       jobs::kCrashesAllowed)
                         : job.error_message}};
}

ordered_json time_or_null(std::int64_t unix_ms) {
    return unix_ms == 0 ? ordered_json(nullptr) : ordered_json(utc_time(unix_ms));
}

}  // namespace

jobs::Job ModelPulls::submit(const std::string& model, const std::string& variant, const std::string& key) {
    repository_of(model);
    check_variant(variant);
    jobs::NewJob job;
    job.lane = kPullLane;
    job.spec = spec_of(model, variant);
    job.shape = "pull";
    job.key = key;
    for (const jobs::Job& known : store_.list(pulls({jobs::State::queued, jobs::State::running})))
        if (known.spec == job.spec && !known.cancel_requested) return known;
    return store_.submit(job);
}

std::vector<jobs::Job> ModelPulls::list() { return store_.list(pulls({})); }

jobs::Job ModelPulls::get(const std::string& id) {
    const auto job = store_.find(id);
    if (!job || job->lane != kPullLane)
        throw Error(ErrorCode::not_found, fmt::format("there is no pull {}", id.substr(0, 60)));
    return *job;
}

jobs::Job ModelPulls::cancel(const std::string& id) { return store_.cancel(get(id).id); }

std::string pull_view(const jobs::Job& job) {
    const auto spec = nlohmann::json::parse(job.spec);
    const auto known =
        nlohmann::json::parse(job.state == jobs::State::completed ? job.result : job.stage, nullptr, false);
    const auto fact = [&](const char* name) -> ordered_json {
        const bool there = known.is_object() && known.contains(name) && known[name] != "";
        return there ? ordered_json(known[name]) : ordered_json(nullptr);
    };
    const std::string variant = spec.at("variant");
    const bool timed = job.state == jobs::State::running && job.eta_s >= 0;
    return text_of({{"id", job.id},
                    {"model", spec.at("model")},
                    {"variant", variant.empty() ? ordered_json(nullptr) : ordered_json(variant)},
                    {"state", jobs::name_of(job.state)},
                    {"progress", job.progress},
                    {"file", fact("file")},
                    {"bytes", fact("bytes")},
                    {"total_bytes", fact("total_bytes")},
                    {"eta_seconds", timed ? ordered_json(job.eta_s) : ordered_json(nullptr)},
                    {"error", error_of(job)},
                    {"created_at", time_or_null(job.created_ms)},
                    {"finished_at", time_or_null(job.finished_ms)}});
}

jobs::Work pull_work(const ServiceFolders& folders) {
    jobs::Work work;
    work.execute = [models = folders.models()](const jobs::Claim& claim, const jobs::ReportProgress& report,
                                               const CancelFlag& cancel) {
        return pull(claim.job, models, report, cancel);
    };
    return work;
}

}  // namespace stillreel::studio
