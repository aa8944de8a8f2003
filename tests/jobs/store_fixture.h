// A store in a folder of its own, and workers that live in this process.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "jobs/job_store.h"
#include "jobs/worker_life.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel::jobs {

class StoreFixture : public ::testing::Test {
  protected:
    Job submit(const std::string& spec, int priority = 0) {
        NewJob job;
        job.spec = spec;
        job.shape = "shape";
        job.priority = priority;
        job.output_form = "video_*.mp4";
        return store.submit(job);
    }
    /// By a worker that stays alive until kill().
    std::optional<Claim> claim(const std::string& worker = "anna") {
        if (!lives.contains(worker)) lives.emplace(worker, WorkerLife::begin(store.workers_folder(), worker));
        ClaimRequest request;
        request.worker = worker;
        return store.claim(request);
    }
    void kill(const std::string& worker) { lives.erase(worker); }
    /// Of what is queued, in the order in which it will be claimed.
    std::vector<std::string> waiting() {
        Filter filter;
        filter.states = {State::queued};
        filter.order = Order::queue;
        std::vector<std::string> specs;
        for (const Job& job : store.list(filter)) specs.push_back(job.spec);
        return specs;
    }
    std::vector<std::string> kinds_after(std::int64_t number) {
        std::vector<std::string> kinds;
        for (const Event& event : store.events_after(number)) kinds.push_back(event.kind);
        return kinds;
    }

    testing::ScratchFolder folder;
    JobStore store = JobStore::open(folder / "stillreel.db");
    std::map<std::string, WorkerLife> lives;
};

using Names = std::vector<std::string>;

}  // namespace stillreel::jobs
