#include <fmt/core.h>

#include <chrono>
#include <map>

#include "base/file.h"
#include "server/api.h"
#include "server/request_body.h"
#include "studio/recipe.h"

extern "C" const unsigned char stillreel_openapi[], stillreel_openapi_end[];

namespace stillreel::server {
namespace {

std::string_view openapi() {
    return {reinterpret_cast<const char*>(stillreel_openapi),
            static_cast<std::size_t>(stillreel_openapi_end - stillreel_openapi)};
}

bool has_worker(const ApiParts& parts) {
    for (const jobs::WorkerRecord& worker : parts.store.workers())
        if (worker.lane == jobs::kRenderLane) return true;
    return false;
}

Response ready(const ApiParts& parts) {
    try {
        parts.store.last_event();
    } catch (const Error&) {
        return json_response(503, "{\"status\":\"no database\"}");
    }
    if (!has_worker(parts)) return json_response(503, "{\"status\":\"no worker\"}");
    return json_response(200, "{\"status\":\"ready\"}");
}

std::int64_t unix_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string gauge(const char* name, const char* help) {
    return fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
}

/// How long the jobs at the head of the queue have waited, and what the last finished ones took.
std::string job_metrics(const ApiParts& parts) {
    std::string out = gauge("stillreel_clips", "Clips by state.");
    for (const auto& [state, count] : parts.store.counts())
        out += fmt::format("stillreel_clips{{state=\"{}\"}} {}\n", jobs::name_of(state), count);
    jobs::Filter queued;
    queued.states = {jobs::State::queued};
    queued.order = jobs::Order::queue;
    queued.limit = 1000;
    double wait_s = 0;
    for (const jobs::Job& job : parts.store.list(queued))
        wait_s = std::max(wait_s, static_cast<double>(unix_ms() - job.created_ms) / 1000);
    out += gauge("stillreel_queue_wait_seconds", "How long the longest waiting clip has waited.");
    out += fmt::format("stillreel_queue_wait_seconds {:.3f}\n", wait_s);
    jobs::Filter done;
    done.states = {jobs::State::completed};
    done.limit = 500;
    std::map<std::string, std::pair<int, double>> durations;
    for (const jobs::Job& job : parts.store.list(done)) {
        const std::size_t last = job.shape.rfind(' ');
        auto& [count, sum_s] = durations[job.shape.substr(0, last)];
        ++count;
        sum_s += static_cast<double>(job.finished_ms - job.started_ms) / 1000;
    }
    out +=
        gauge("stillreel_recent_clip_seconds_mean", "Of the last 500 completed clips, by engine and size.");
    for (const auto& [shape, total] : durations) {
        const std::size_t space = shape.find(' ');
        out += fmt::format("stillreel_recent_clip_seconds_mean{{engine=\"{}\",size=\"{}\"}} {:.3f}\n",
                           escaped_label(shape.substr(0, space)),
                           escaped_label(space == std::string::npos ? "" : shape.substr(space + 1)),
                           total.second / total.first);
    }
    return out;
}

Response metrics(const ApiParts& parts) {
    std::string out = job_metrics(parts);
    out += gauge("stillreel_event_listeners", "Open event streams.");
    out += fmt::format("stillreel_event_listeners {}\n", parts.events.listeners());
    out += gauge("stillreel_workers", "Living worker processes.");
    out += fmt::format("stillreel_workers {}\n", parts.store.workers().size());
    out +=
        "# HELP stillreel_worker_restarts_total Workers started again after a crash.\n"
        "# TYPE stillreel_worker_restarts_total counter\n";
    out += fmt::format("stillreel_worker_restarts_total {}\n",
                       parts.worker_restarts ? parts.worker_restarts() : 0);
    out += parts.metrics.text();
    return {200, {{"Content-Type", "text/plain; version=0.0.4"}}, std::move(out), {}, {}};
}

Response system_facts(const ApiParts& parts) {
    return json_response(
        200, fmt::format("{{\"version\":\"{}\",\"disk_free_bytes\":{},\"listeners\":{},\"worker_ready\":{}}}",
                         studio::version(), free_bytes(parts.folders.outputs()), parts.events.listeners(),
                         has_worker(parts)));
}

void add_session_routes(Router& router, const ApiParts& parts) {
    router.add({"GET", "/v1/session", Audience::anyone, at_once([&parts](const Request& request) {
                    return json_response(
                        200, fmt::format("{{\"token_needed\":{},\"logged_in\":{}}}",
                                         parts.access.needs_token(), parts.access.is_insider(request)));
                })});
    router.add({"POST", "/v1/session", Audience::anyone, at_once([&parts](const Request& request) {
                    const std::string token = json_fields(request, {"token"}).text("token");
                    return Response{204, {{"Set-Cookie", parts.access.log_in(token)}}, "", {}, {}};
                })});
    router.add({"DELETE", "/v1/session", Audience::anyone, at_once([&parts](const Request& request) {
                    return Response{204, {{"Set-Cookie", parts.access.log_out(request)}}, "", {}, {}};
                })});
}

}  // namespace

void add_system_routes(Router& router, const ApiParts& parts) {
    add_session_routes(router, parts);
    router.add({"GET", "/v1/system", Audience::insiders,
                at_once([&parts](const Request&) { return system_facts(parts); })});
    router.add({"GET", "/openapi.json", Audience::anyone,
                at_once([](const Request&) { return json_response(200, std::string(openapi())); })});
    router.add({"GET", "/healthz", Audience::anyone,
                at_once([](const Request&) { return json_response(200, "{\"status\":\"ok\"}"); })});
    router.add(
        {"GET", "/readyz", Audience::anyone, at_once([&parts](const Request&) { return ready(parts); })});
    router.add({"GET", "/metrics", Audience::insiders,
                at_once([&parts](const Request&) { return metrics(parts); })});
}

}  // namespace stillreel::server
