// From a request to its answer: access, route, handler; and whatever was thrown on the way as a problem.
#pragma once

#include "server/access.h"
#include "server/metrics.h"
#include "server/router.h"

namespace stillreel::server {

/// References must outlive the handler. Every answer carries the headers that keep browsers careful.
Handler site(const Router& router, Access& access, HttpMetrics& metrics);

}  // namespace stillreel::server
