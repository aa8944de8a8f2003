#include "server/service.h"

#include <fmt/core.h>

#include <optional>

#include "base/log.h"
#include "server/api.h"
#include "server/page.h"
#include "server/site.h"

namespace stillreel::server {
namespace {

// A change is told this soon; 20 look-ups a second cost nothing to speak of.
constexpr std::chrono::milliseconds kEventPeriod{50};
constexpr std::chrono::seconds kBeatPeriod{15};

/// Whatever goes wrong in it must not end the server.
std::function<void()> guarded(std::function<void()> work) {
    return [work = std::move(work)] {
        try {
            work();
        } catch (const std::exception& error) {
            log::warning(fmt::format("telling of events: {}", error.what()));
        }
    };
}

}  // namespace

struct Service::State {
    State(const ServiceSettings& settings, const ServiceParts& brought)
        : folders(settings.folders),
          store(jobs::JobStore::open(folders.database())),
          assets(folders.assets()),
          clips(store, assets, brought.engines, folders),
          access(settings.access),
          events(store, clips),
          webhooks(store, clips, folders.home, settings.webhooks),
          quick(folders, settings.quick),
          parts{store,  clips,    assets,  brought.engines, folders,        access,
                events, webhooks, metrics, quick,           brought.models, brought.worker_restarts} {
        add_asset_routes(router, parts);
        add_clip_routes(router, parts);
        add_queue_routes(router, parts);
        add_planning_routes(router, parts);
        add_video_routes(router, parts);
        add_system_routes(router, parts);
        add_quick_routes(router, parts);
        add_pull_routes(router, parts);
        interface_routes = router.routes().size();
        add_page(router);
    }

    studio::ServiceFolders folders;
    jobs::JobStore store;
    studio::AssetStore assets;
    studio::ClipService clips;
    Access access;
    HttpMetrics metrics;
    EventHub events;
    WebhookSender webhooks;
    QuickLane quick;
    ApiParts parts;
    Router router;
    std::size_t interface_routes = 0;
    std::optional<HttpServer> http;
};

Service::Service(std::unique_ptr<State> state) : state_(std::move(state)) {}
Service::Service(Service&&) noexcept = default;
Service& Service::operator=(Service&&) noexcept = default;

Service::~Service() {
    if (!state_ || !state_->http) return;
    state_->events.close();
    state_->quick.stop();
    state_->http->stop();
}

Service Service::start(const ServiceSettings& settings, const ServiceParts& parts) {
    check_rules(settings.access);
    auto state = std::make_unique<State>(settings, parts);
    HttpSettings http = settings.http;
    http.address = settings.access.listen;
    state->http = HttpServer::start(http, site(state->router, state->access, state->metrics));
    state->http->every(kEventPeriod, guarded([&events = state->events] { events.poll(); }));
    state->http->every(kBeatPeriod, guarded([&events = state->events] { events.beat(); }));
    return Service(std::move(state));
}

int Service::port() const { return state_->http->port(); }

bool Service::has_work(std::string_view lane) const {
    const jobs::Counts counts = state_->store.counts(lane);
    return counts.at(jobs::State::queued) + counts.at(jobs::State::running) > 0;
}

std::vector<std::pair<std::string, std::string>> Service::interface_routes() const {
    std::vector<std::pair<std::string, std::string>> list;
    const auto& routes = state_->router.routes();
    for (std::size_t i = 0; i < state_->interface_routes; ++i)
        list.emplace_back(routes[i].method, routes[i].pattern);
    return list;
}

}  // namespace stillreel::server
