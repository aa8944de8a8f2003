#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/threads.h"
#include "server/api.h"
#include "server/job_metrics.h"
#include "server/request_body.h"
#include "studio/recipe.h"

extern "C" const unsigned char stillreel_openapi[], stillreel_openapi_end[];

namespace stillreel::server {
namespace {

std::string_view openapi() {
    return {reinterpret_cast<const char*>(stillreel_openapi),
            static_cast<std::size_t>(stillreel_openapi_end - stillreel_openapi)};
}

bool can_render(const std::vector<jobs::WorkerRecord>& workers) {
    return std::any_of(workers.begin(), workers.end(),
                       [](const jobs::WorkerRecord& worker) { return worker.lane == jobs::kRenderLane; });
}

Response ready(const ApiParts& parts) {
    try {
        parts.store.last_event();
    } catch (const Error&) {
        return json_response(503, "{\"status\":\"no database\"}");
    }
    if (!can_render(parts.store.workers())) return json_response(503, "{\"status\":\"no worker\"}");
    return json_response(200, "{\"status\":\"ready\"}");
}

void tell_of_processes(const ApiParts& parts, MetricText& text) {
    text.family("stillreel_event_listeners", "gauge", "Open event streams.");
    text.sample(static_cast<double>(parts.events.listeners()));
    text.family("stillreel_workers", "gauge", "Living worker processes.");
    text.sample(static_cast<double>(parts.store.workers().size()));
    text.family("stillreel_worker_restarts_total", "counter", "Workers started again after a crash.");
    text.sample(parts.worker_restarts ? parts.worker_restarts() : 0);
    text.family("stillreel_build_info", "gauge", "1, with the program's version.");
    text.sample(1, {{"version", std::string(studio::version())}});
    text.family("stillreel_free_memory_bytes", "gauge", "Memory that a worker could still take.");
    text.sample(static_cast<double>(free_memory_bytes()));
    text.family("stillreel_free_disk_bytes", "gauge", "Room for clips.");
    text.sample(static_cast<double>(free_bytes(parts.folders.outputs())));

    const ProcessFacts facts = process_facts();
    text.family("process_resident_memory_bytes", "gauge", "Of the server, without its workers.");
    text.sample(static_cast<double>(facts.resident_bytes));
    text.family("process_virtual_memory_bytes", "gauge", "Of the server, without its workers.");
    text.sample(static_cast<double>(facts.virtual_bytes));
    text.family("process_cpu_seconds_total", "counter", "Of the server, without its workers.");
    text.sample(facts.cpu_seconds);
    text.family("process_open_fds", "gauge", "Files and connections that the server holds open.");
    text.sample(facts.open_files);
    text.family("stillreel_uptime_seconds", "gauge", "Since the server began.");
    text.sample(parts.uptime.seconds());
}

Response metrics(const ApiParts& parts) {
    MetricText text;
    tell_of_jobs(parts.store, text);
    tell_of_processes(parts, text);
    parts.metrics.tell(text);
    return {200, {{"Content-Type", "text/plain; version=0.0.4"}}, text.text(), {}, {}};
}

Response system_facts(const ApiParts& parts) {
    const std::vector<jobs::WorkerRecord> living = parts.store.workers();
    auto workers = nlohmann::ordered_json::array();
    for (const jobs::WorkerRecord& worker : living)
        workers.push_back({{"lane", worker.lane},
                           {"process_id", worker.process_id},
                           {"started_at", utc_time(worker.started_ms)}});
    const nlohmann::ordered_json facts = {{"version", studio::version()},
                                          {"uptime_seconds", parts.uptime.seconds()},
                                          {"threads", available_threads()},
                                          {"memory_total_bytes", total_memory_bytes()},
                                          {"memory_free_bytes", free_memory_bytes()},
                                          {"disk_total_bytes", disk_bytes(parts.folders.outputs())},
                                          {"disk_free_bytes", free_bytes(parts.folders.outputs())},
                                          {"listeners", parts.events.listeners()},
                                          {"worker_ready", can_render(living)},
                                          {"workers", std::move(workers)}};
    return json_response(200, facts.dump());
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
