// The whole service: queue, use cases, routes and the HTTP face, put together.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/access.h"
#include "server/http_server.h"
#include "server/quick_lane.h"
#include "server/router.h"
#include "server/webhook_sender.h"
#include "studio/clip_service.h"
#include "studio/generator.h"

namespace stillreel::server {

struct ServiceSettings {
    HttpSettings http;  // http.address is taken from access.listen
    AccessRules access;
    studio::ServiceFolders folders;
    WebhookSettings webhooks{};
    QuickSettings quick = {};
};

/// What the composition root brings. References and pointers must outlive the service.
struct ServiceParts {
    const studio::EngineRegistry& engines;
    std::function<std::string()> models;  // JSON array; empty: none
    std::function<int()> worker_restarts;
};

class Service {
  public:
    /// Opens the database and listens. Throws what JobStore::open, check_rules and HttpServer::start throw.
    static Service start(const ServiceSettings& settings, const ServiceParts& parts);
    Service(Service&&) noexcept;
    Service& operator=(Service&&) noexcept;
    ~Service();

    int port() const;
    /// Whether jobs of the lane wait or run. Throws what JobStore::counts throws.
    bool has_work(std::string_view lane) const;
    /// Method and pattern of every route of the interface, the page's files left out.
    std::vector<std::pair<std::string, std::string>> interface_routes() const;

  private:
    struct State;
    explicit Service(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::server
