// What /metrics tells of clips: sums over all of them, which SQLite adds up.
#pragma once

#include "jobs/job_store.h"
#include "server/metric_text.h"

namespace stillreel::server {

/// Clips by state, the longest wait, and histograms of work and waiting; seconds a step of what has steps. Of
/// more than 50 sizes the rare ones are told together as "other".
void tell_of_jobs(jobs::JobStore& store, MetricText& text);

}  // namespace stillreel::server
