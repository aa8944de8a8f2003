#include "jobs/store_inside.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"

namespace stillreel::jobs {
namespace {

constexpr int kEventsBetweenTrims = 64;

std::string base32(std::uint64_t number, int digits) {
    static constexpr char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    std::string text(static_cast<std::size_t>(digits), '0');
    for (int i = digits - 1; i >= 0; --i, number >>= 5)
        text[static_cast<std::size_t>(i)] = kDigits[number & 31];
    return text;
}

}  // namespace

const std::string kJobColumns =
    "id, lane, state, spec, shape, batch, webhook, output_form, priority, position, estimate_s, attempt, "
    "crashes, "
    "worker, cancel_requested, keep_partial, progress, stage, eta_s, output, result, error_code, "
    "error_message, "
    "created_ms, started_ms, finished_ms, lease_ends_ms, deleted_ms, favourite";

Job read_job(const Statement& row) {
    Job job;
    int at = 0;
    job.id = row.text(at++);
    job.lane = row.text(at++);
    job.state = parse_state(row.text(at++));
    job.spec = row.text(at++);
    job.shape = row.text(at++);
    job.batch = row.text(at++);
    job.webhook = row.text(at++);
    job.output_form = row.text(at++);
    job.priority = static_cast<int>(row.integer(at++));
    job.position = row.real(at++);
    job.estimate_s = row.real(at++);
    job.attempt = static_cast<int>(row.integer(at++));
    job.crashes = static_cast<int>(row.integer(at++));
    job.worker = row.text(at++);
    job.cancel_requested = row.integer(at++) != 0;
    job.keep_partial = row.integer(at++) != 0;
    job.progress = row.real(at++);
    job.stage = row.text(at++);
    job.eta_s = row.real(at++);
    job.output = row.text(at++);
    job.result = row.text(at++);
    job.error_code = row.text(at++);
    job.error_message = row.text(at++);
    job.created_ms = row.integer(at++);
    job.started_ms = row.integer(at++);
    job.finished_ms = row.integer(at++);
    job.lease_ends_ms = row.integer(at++);
    job.deleted_ms = row.integer(at++);
    job.favourite = row.integer(at++) != 0;
    return job;
}

std::optional<Job> find_job(Database& db, const std::string& id) {
    Statement row = db.query("SELECT " + kJobColumns + " FROM jobs WHERE id = ?1", id);
    if (!row.step()) return std::nullopt;
    return read_job(row);
}

Job load_job(Database& db, const std::string& id) {
    std::optional<Job> job = find_job(db, id);
    if (!job) throw Error(ErrorCode::not_found, fmt::format("there is no job {}", id));
    return *job;
}

Job load_in_state(Database& db, const std::string& id, std::initializer_list<State> allowed,
                  std::string_view wish) {
    Job job = load_job(db, id);
    if (std::find(allowed.begin(), allowed.end(), job.state) != allowed.end()) return job;
    std::vector<std::string_view> names;
    for (const State state : allowed) names.push_back(name_of(state));
    throw Error(ErrorCode::busy, fmt::format("job {} is {}; only a job that is {} can be {}", id,
                                             name_of(job.state), fmt::join(names, " or "), wish));
}

void add_event(JobStore::Inside& inside, std::string_view job, std::string_view kind) {
    Database& db = inside.db;
    if (db.query("SELECT 1 FROM jobs WHERE id = ?1 AND lane = ?2", job, kQuickLane).step()) return;
    if (kind == "progress") db.run("DELETE FROM events WHERE job = ?1 AND kind = 'progress'", job);
    db.run("INSERT INTO events (job, kind, at_ms) VALUES (?1, ?2, ?3)", job, kind, unix_ms());
    Statement newest = db.query("SELECT max(number) FROM events");
    newest.step();
    const std::int64_t number = newest.integer(0);
    if (number % kEventsBetweenTrims != 0 || number <= inside.options.events_kept) return;
    const std::int64_t up_to = number - inside.options.events_kept;
    db.run("DELETE FROM events WHERE number <= ?1", up_to);
    db.run("UPDATE events_trimmed SET up_to = ?1", up_to);
}

void add_delivery(Database& db, const Job& job, State state) {
    if (job.webhook.empty()) return;
    db.run("INSERT INTO deliveries (job, url, state, due_ms, at_ms) VALUES (?1, ?2, ?3, ?4, ?4)", job.id,
           job.webhook, name_of(state), unix_ms());
}

double last_position(Database& db) {
    Statement row = db.query("SELECT coalesce(max(position), 0) FROM jobs");
    row.step();
    return row.real(0);
}

std::int64_t steady_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

std::string fresh_id() {
    static std::mutex mutex;
    static std::int64_t last_ms = 0;
    static std::uint64_t within = 0;
    const std::lock_guard lock(mutex);
    const std::int64_t now = std::max(unix_ms(), last_ms);
    within = now == last_ms ? within + 1 : 0;
    last_ms = now;
    return base32(static_cast<std::uint64_t>(now), 9) + base32(within, 4) + base32(fresh_seed(), 7);
}

}  // namespace stillreel::jobs
