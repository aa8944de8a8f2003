// Fetching a model from the Hub into the models folder. Everything is gathered in a hidden folder beside it,
// which gets the model's name in one step at the end: a half model is never seen as one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/file.h"
#include "weights/download.h"
#include "weights/hub_endpoint.h"

namespace stillreel::weights {

/// What to do about a model that is there: leave it, or compare every file with the Hub's and fetch what
/// differs.
enum class Existing { keep, check };

struct PullRequest {
    std::string repository;  // "ali-vilab/i2vgen-xl"
    std::string revision = "main";
    std::string variant;  // "", "fp16"
    Existing existing = Existing::keep;
    HubEndpoint endpoint;
    std::filesystem::path models;  // the folder of all models
    RetryPolicy retry;
    HttpTimeouts timeouts;
    std::function<std::uint64_t(const std::filesystem::path&)> free_space = free_bytes;
};

struct PullPlan {
    std::string commit;
    int files = 0;
    std::uint64_t bytes = 0;       // of all
    std::uint64_t bytes_here = 0;  // loaded by an earlier pull, or there already
};

struct PullProgress {
    std::string file;
    std::uint64_t bytes = 0;  // of all files, so far
    std::uint64_t total = 0;
    double bytes_per_second = 0;  // over the last seconds; 0: not known yet
    double seconds_left = 0;
};

struct PullHooks {
    std::function<void(const PullPlan&)> begun;
    std::function<void(const PullProgress&)> progress;
    std::function<void(const std::string& line)> note;
    const CancelFlag* cancel = nullptr;
};

struct Pulled {
    enum class Outcome { fetched, was_there, checked };
    std::filesystem::path root;
    Outcome outcome = Outcome::fetched;
    int files = 0;
    std::uint64_t bytes = 0;         // of the model
    std::uint64_t bytes_loaded = 0;  // by this call
};

/// `$STILLREEL_HOME/models`.
std::filesystem::path models_folder();

/// The name that is claimed (base/name_claim.h) while the model `root` is pulled or removed.
std::filesystem::path pull_claim(const std::filesystem::path& root);

/// Throws busy (another pull of the same model is under way), unauthorized, not_found, unsupported (offline;
/// pickles only; another pipeline), corrupt_data, io (no connection, no room, a write that failed),
/// cancelled. What was loaded stays, and the message says so.
Pulled pull_model(const PullRequest& request, const PullHooks& hooks);

}  // namespace stillreel::weights
