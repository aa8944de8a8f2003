#include <fmt/core.h>

#include "server/api.h"
#include "server/listing.h"

namespace stillreel::server {
namespace {

Response shown(const ApiParts& parts) {
    std::vector<std::string> counts, workers;
    for (const auto& [state, count] : parts.store.counts())
        counts.push_back(fmt::format("\"{}\":{}", jobs::name_of(state), count));
    for (const jobs::WorkerRecord& worker : parts.store.workers())
        workers.push_back(fmt::format("{{\"name\":\"{}\",\"lane\":\"{}\",\"process_id\":{}}}", worker.name,
                                      worker.lane, worker.process_id));
    return json_response(200, fmt::format("{{\"paused\":{},\"clips\":{{{}}},\"workers\":[{}]}}",
                                          parts.store.paused(), joined(counts), joined(workers)));
}

}  // namespace

void add_queue_routes(Router& router, const ApiParts& parts) {
    router.add(
        {"GET", "/v1/queue", Audience::insiders, at_once([&parts](const Request&) { return shown(parts); })});
    router.add({"POST", "/v1/queue/pause", Audience::insiders, at_once([&parts](const Request&) {
                    parts.store.pause();
                    return shown(parts);
                })});
    router.add({"POST", "/v1/queue/resume", Audience::insiders, at_once([&parts](const Request&) {
                    parts.store.resume();
                    return shown(parts);
                })});
    router.add({"GET", "/v1/events", Audience::insiders,
                at_once([&parts](const Request& request) { return parts.events.listen(request); })});
}

}  // namespace stillreel::server
