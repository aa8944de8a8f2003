// Fetching models for the service: pulls are jobs of a lane of their own, done by a worker process, so that
// they outlive the server and go on where they were.
#pragma once

#include <string>
#include <vector>

#include "jobs/job_store.h"
#include "jobs/worker.h"
#include "studio/clip_service.h"

namespace stillreel::studio {

inline constexpr std::string_view kPullLane = "pull";

class ModelPulls {
  public:
    /// `store` must outlive it.
    explicit ModelPulls(jobs::JobStore& store) : store_(store) {}

    /// `model`: OWNER/NAME on the Hub, or a short name; `variant`: "" or such as "fp16". A pull of the same
    /// that has not ended is returned instead of a second one. `key`: Idempotency-Key, or empty. Throws
    /// FieldError of model or variant.
    jobs::Job submit(const std::string& model, const std::string& variant, const std::string& key);
    /// Newest first, the last hundred.
    std::vector<jobs::Job> list();
    /// Throws not_found for what is no pull.
    jobs::Job get(const std::string& id);
    jobs::Job cancel(const std::string& id);

  private:
    jobs::JobStore& store_;
};

/// As the interface shows it: a JSON object.
std::string pull_view(const jobs::Job& job);

/// What run_worker() calls for the jobs of kPullLane. Where from and with which token, HF_ENDPOINT and
/// HF_TOKEN of this process say.
jobs::Work pull_work(const ServiceFolders& folders);

}  // namespace stillreel::studio
