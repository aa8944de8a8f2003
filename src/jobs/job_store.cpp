#include "jobs/job_store.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <array>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "jobs/schema.h"
#include "jobs/store_inside.h"

namespace stillreel::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::array kStates = {State::queued, State::running, State::completed, State::failed,
                                State::cancelled};

/// Of what is asked for: the same key must go with the same request.
std::string fingerprint(const NewJob& job) {
    return sha256_hex(job.webhook.empty() ? job.spec : job.spec + '\n' + job.webhook);
}

Job insert(JobStore::Inside& inside, const NewJob& job, double position) {
    Database& db = inside.db;
    const std::string id = fresh_id();
    db.run(
        "INSERT INTO jobs (id, lane, state, spec, shape, batch, webhook, output_form, priority, position, "
        "estimate_s, created_ms) VALUES (?1, ?2, 'queued', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        id, job.lane, job.spec, job.shape, job.batch, job.webhook, job.output_form, job.priority, position,
        job.estimate_s, unix_ms());
    if (!job.key.empty())
        db.run("UPDATE jobs SET idempotency_key = ?2, fingerprint = ?3 WHERE id = ?1", id, job.key,
               fingerprint(job));
    add_event(inside, id, "created");
    return load_job(db, id);
}

/// The job that this key stands for already.
std::optional<Job> known(Database& db, const NewJob& job) {
    if (job.key.empty()) return std::nullopt;
    Statement row = db.query("SELECT id, fingerprint FROM jobs WHERE idempotency_key = ?1", job.key);
    if (!row.step()) return std::nullopt;
    // Compared with what was asked then, not with what the job was edited into since.
    if (row.text(1) != fingerprint(job))
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("the idempotency key '{}' was used for another job ({}): use a fresh key for a "
                        "fresh request",
                        job.key, row.text(0)));
    return load_job(db, row.text(0));
}

std::string quoted_names(const std::vector<State>& states) {
    std::vector<std::string> names;
    for (const State state : states) names.push_back(fmt::format("'{}'", name_of(state)));
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::string_view name_of(State state) {
    switch (state) {
        case State::queued:
            return "queued";
        case State::running:
            return "running";
        case State::completed:
            return "completed";
        case State::failed:
            return "failed";
        case State::cancelled:
            return "cancelled";
    }
    return "unknown";
}

State parse_state(std::string_view name) {
    for (const State state : kStates)
        if (name == name_of(state)) return state;
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("'{}' is not a job state: use queued, running, completed, failed or cancelled", name));
}

JobStore::JobStore(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
JobStore::JobStore(JobStore&&) noexcept = default;
JobStore& JobStore::operator=(JobStore&&) noexcept = default;
JobStore::~JobStore() = default;

JobStore JobStore::open(const fs::path& file, StoreOptions options) {
    const fs::path absolute = fs::absolute(file);
    std::unique_ptr<Inside> inside(
        new Inside{Database::open(absolute, options.busy_timeout_ms), options, absolute, {}});
    migrate(inside->db, migrations(), absolute);
    if (options.durability == Durability::crash) inside->db.run_script("PRAGMA synchronous=NORMAL");
    return JobStore(std::move(inside));
}

const StoreOptions& JobStore::options() const { return inside_->options; }

fs::path JobStore::workers_folder() const { return inside_->file.parent_path() / "workers"; }

Job JobStore::submit(const NewJob& job) { return submit_batch({job}).front(); }

std::vector<Job> JobStore::submit_batch(const std::vector<NewJob>& jobs) {
    const std::lock_guard lock(inside_->mutex);
    Transaction transaction(inside_->db);
    std::vector<Job> made;
    double position = last_position(inside_->db);
    for (const NewJob& job : jobs) {
        std::optional<Job> earlier = known(inside_->db, job);
        made.push_back(earlier ? *earlier : insert(*inside_, job, ++position));
    }
    transaction.commit();
    return made;
}

Job JobStore::get(const std::string& id) {
    const std::lock_guard lock(inside_->mutex);
    return load_job(inside_->db, id);
}

std::optional<Job> JobStore::find(const std::string& id) {
    const std::lock_guard lock(inside_->mutex);
    return find_job(inside_->db, id);
}

std::vector<Job> JobStore::list(const Filter& filter) {
    const std::lock_guard lock(inside_->mutex);
    std::string sql = "SELECT " + kJobColumns +
                      " FROM jobs WHERE (?1 = '' OR lane = ?1) AND (?2 = '' OR batch = ?2) AND "
                      "(?3 = '' OR id < ?3) AND (deleted_ms != 0) = ?4 AND favourite >= ?5";
    if (!filter.states.empty()) sql += " AND state IN (" + quoted_names(filter.states) + ")";
    sql += filter.order == Order::queue ? " ORDER BY state != 'running', priority DESC, position"
                                        : " ORDER BY id DESC";
    sql += " LIMIT ?6";
    const std::string before = filter.order == Order::newest_first ? filter.before : "";
    Statement row = inside_->db.query(sql, filter.lane, filter.batch, before, filter.deleted,
                                      filter.favourites, filter.limit);
    std::vector<Job> jobs;
    while (row.step()) jobs.push_back(read_job(row));
    return jobs;
}

Counts JobStore::counts(std::string_view lane) {
    const std::lock_guard lock(inside_->mutex);
    Counts counts;
    for (const State state : kStates) counts[state] = 0;
    Statement row = inside_->db.query(
        "SELECT state, count(*) FROM jobs WHERE lane = ?1 AND deleted_ms = 0 GROUP BY state", lane);
    while (row.step()) counts[parse_state(row.text(0))] = static_cast<int>(row.integer(1));
    return counts;
}

int JobStore::queue_position(const std::string& id) {
    const std::lock_guard lock(inside_->mutex);
    const Job job = load_job(inside_->db, id);
    if (job.state != State::queued || job.deleted()) return 0;
    Statement row = inside_->db.query(
        "SELECT count(*) FROM jobs WHERE lane = ?1 AND state = 'queued' AND deleted_ms = 0 AND "
        "(priority > ?2 OR (priority = ?2 AND position <= ?3))",
        job.lane, job.priority, job.position);
    row.step();
    return static_cast<int>(row.integer(0));
}

}  // namespace stillreel::jobs
