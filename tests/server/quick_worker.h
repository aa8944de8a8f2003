// The quick lane without a process: a worker thread over the service's store.
#pragma once

#include <thread>

#include "jobs/worker.h"
#include "studio/quick_tasks.h"

namespace stillreel::testing {

class QuickWorker {
  public:
    QuickWorker(const studio::EngineRegistry& engines, const studio::ServiceFolders& folders)
        : QuickWorker(studio::quick_work(engines, folders), folders) {}
    QuickWorker(jobs::Work work, const studio::ServiceFolders& folders)
        : thread_([this, work = std::move(work), folders] {
              jobs::JobStore store = jobs::JobStore::open(folders.database());
              jobs::WorkerOptions options;
              options.lane = jobs::kQuickLane;
              options.poll_ms = 2;
              jobs::run_worker(store, work, options, stop_);
          }) {}
    ~QuickWorker() {
        stop_.request();
        thread_.join();
    }
    QuickWorker(const QuickWorker&) = delete;
    QuickWorker& operator=(const QuickWorker&) = delete;

  private:
    CancelFlag stop_;
    std::thread thread_;
};

}  // namespace stillreel::testing
