// What the sources of JobStore share.
#pragma once

#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>

#include "jobs/database.h"
#include "jobs/job_store.h"

namespace stillreel::jobs {

struct JobStore::Inside {
    Database db;
    StoreOptions options;
    std::filesystem::path file;
    std::mutex mutex;
};

/// Columns of `jobs`, as read_job() reads them.
extern const std::string kJobColumns;
Job read_job(const Statement& row);
std::optional<Job> find_job(Database& db, const std::string& id);
/// Throws not_found.
Job load_job(Database& db, const std::string& id);

/// The job, if it is in one of these states. Throws not_found; busy: "job ... is running; only a queued job
/// can be `wish`".
Job load_in_state(Database& db, const std::string& id, std::initializer_list<State> allowed,
                  std::string_view wish);

/// Within the caller's transaction. Drops what is too old. Nobody listens to the quick lane: nothing for its
/// jobs.
void add_event(JobStore::Inside& inside, std::string_view job, std::string_view kind);
/// If the job asks for it.
void add_delivery(Database& db, const Job& job, State state);
/// Where the next job goes that is put at the end.
double last_position(Database& db);

/// Of a clock that all processes of the machine share and that no one can set.
std::int64_t steady_ms();
/// 20 letters and digits; later ones of one process sort behind earlier ones.
std::string fresh_id();

}  // namespace stillreel::jobs
