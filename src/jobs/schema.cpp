#include "jobs/schema.h"

#include <fmt/core.h>

#include <array>

#include "base/error.h"

namespace stillreel::jobs {
namespace {

// States and outcomes are stored as their names, so that the file can be read with any SQLite tool.
const std::array<std::string, 3> kMigrations = {R"sql(
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    lane TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    spec TEXT NOT NULL,
    shape TEXT NOT NULL,
    batch TEXT NOT NULL,
    webhook TEXT NOT NULL,
    output_form TEXT NOT NULL,
    idempotency_key TEXT UNIQUE,
    fingerprint TEXT,
    priority INTEGER NOT NULL,
    position REAL NOT NULL,
    estimate_s REAL NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT '',
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    keep_partial INTEGER NOT NULL DEFAULT 0,
    progress REAL NOT NULL DEFAULT 0,
    stage TEXT NOT NULL DEFAULT '',
    eta_s REAL NOT NULL DEFAULT -1,
    output TEXT NOT NULL DEFAULT '',
    result TEXT NOT NULL DEFAULT '',
    error_code TEXT NOT NULL DEFAULT '',
    error_message TEXT NOT NULL DEFAULT '',
    created_ms INTEGER NOT NULL,
    started_ms INTEGER NOT NULL DEFAULT 0,
    finished_ms INTEGER NOT NULL DEFAULT 0,
    lease_ends_ms INTEGER NOT NULL DEFAULT 0,
    deleted_ms INTEGER NOT NULL DEFAULT 0,
    favourite INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_waiting ON jobs (lane, priority DESC, position) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (lane) WHERE state = 'running';
CREATE INDEX jobs_of_a_shape ON jobs (shape, finished_ms) WHERE state = 'completed';
CREATE INDEX jobs_of_a_batch ON jobs (batch) WHERE batch != '';
CREATE INDEX jobs_by_state ON jobs (lane, deleted_ms, state);
CREATE INDEX jobs_by_position ON jobs (position);

-- One row for each claim. An outcome other than these of the job itself: released, died, expired, forgotten.
CREATE TABLE attempts (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    worker TEXT NOT NULL,
    output TEXT NOT NULL,
    outcome TEXT NOT NULL DEFAULT 'running',
    PRIMARY KEY (job, attempt)
) STRICT;
CREATE INDEX attempts_by_output ON attempts (output);
CREATE INDEX attempts_overtaken ON attempts (outcome) WHERE outcome IN ('died', 'expired');

CREATE TABLE workers (
    name TEXT PRIMARY KEY,
    lane TEXT NOT NULL,
    process_id INTEGER NOT NULL,
    started_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE paused_lanes (lane TEXT PRIMARY KEY) STRICT;

CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL,
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX events_progress ON events (job) WHERE kind = 'progress';
CREATE TABLE events_trimmed (up_to INTEGER NOT NULL) STRICT;
INSERT INTO events_trimmed VALUES (0);

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    state TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    outcome TEXT NOT NULL DEFAULT 'due' CHECK (outcome IN ('due', 'delivered', 'given_up'))
) STRICT;
CREATE INDEX deliveries_due ON deliveries (due_ms) WHERE outcome = 'due';
)sql",
                                                R"sql(
ALTER TABLE deliveries ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET at_ms = due_ms;
CREATE INDEX deliveries_of_a_job ON deliveries (job);
)sql",
                                                R"sql(
-- Holds all that JobStore::finished() adds up.
CREATE INDEX jobs_completed ON jobs (lane, shape, created_ms, started_ms, finished_ms) WHERE state = 'completed';
)sql"};

std::int64_t version_of(Database& database) {
    Statement version = database.query("PRAGMA user_version");
    version.step();
    return version.integer(0);
}

}  // namespace

std::span<const std::string> migrations() { return kMigrations; }

void migrate(Database& database, std::span<const std::string> steps, const std::filesystem::path& file) {
    const auto newest = static_cast<std::int64_t>(steps.size());
    while (version_of(database) < newest) {
        Transaction transaction(database);
        // Another process may have done this step while we waited.
        const std::int64_t version = version_of(database);
        if (version >= newest) break;
        database.run_script(steps[static_cast<std::size_t>(version)]);
        database.run_script(fmt::format("PRAGMA user_version={}", version + 1));
        transaction.commit();
    }
    const std::int64_t version = version_of(database);
    if (version > newest)
        throw Error(
            ErrorCode::unsupported,
            fmt::format("{} was made by a newer stillreel (its schema is version {}, this program knows "
                        "up to {}): update stillreel, or choose another STILLREEL_HOME",
                        file.string(), version, newest));
}

}  // namespace stillreel::jobs
