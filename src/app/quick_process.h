// What `stillreel work --lane quick` does to itself, because it reads files from strangers: it bounds its own
// memory, files and time, and ends rather than go on with a task that has no end.
#pragma once

#include <chrono>

#include "jobs/worker.h"

namespace stillreel::app {

/// 4 GiB of addresses, 1 GiB for a file, 256 open files, no core file, and no privileges gained from programs
/// that it starts.
void bound_this_process();

/// `work`, each of its tasks at most so long: one that takes longer is failed, and the process ends with exit
/// code 1, since nothing else stops a decoder that turns in circles.
jobs::Work bounded(jobs::Work work, jobs::JobStore& store, std::chrono::milliseconds limit);

}  // namespace stillreel::app
