// The routes of the interface, version 1: each parses, calls a use case, and prints.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "jobs/job_store.h"
#include "server/access.h"
#include "server/event_hub.h"
#include "server/metrics.h"
#include "server/quick_lane.h"
#include "server/router.h"
#include "server/webhook_sender.h"
#include "studio/assets.h"
#include "studio/clip_service.h"

namespace stillreel::server {

/// What the routes stand on. References must outlive the router.
struct ApiParts {
    jobs::JobStore& store;
    studio::ClipService& clips;
    const studio::AssetStore& assets;
    const studio::EngineRegistry& engines;
    const studio::ServiceFolders& folders;
    Access& access;
    EventHub& events;
    WebhookSender& webhooks;
    const HttpMetrics& metrics;
    QuickLane& quick;
    std::function<std::string()> models;  // JSON array
    std::function<int()> worker_restarts;
    Stopwatch uptime{};
};

void add_asset_routes(Router& router, const ApiParts& parts);
void add_clip_routes(Router& router, const ApiParts& parts);
void add_queue_routes(Router& router, const ApiParts& parts);
void add_planning_routes(Router& router, const ApiParts& parts);
void add_video_routes(Router& router, const ApiParts& parts);
void add_system_routes(Router& router, const ApiParts& parts);
void add_quick_routes(Router& router, const ApiParts& parts);
void add_pull_routes(Router& router, const ApiParts& parts);

}  // namespace stillreel::server
