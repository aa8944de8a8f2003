// JobStore: working. Whatever a worker changes is an update that matches worker, attempt and state 'running'.
#include <fmt/core.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "jobs/store_inside.h"
#include "jobs/worker_life.h"

namespace stillreel::jobs {
namespace {

constexpr std::string_view kOwned = " WHERE id = ?1 AND worker = ?2 AND attempt = ?3 AND state = 'running'";

void set_outcome(Database& db, const Claim& claim, std::string_view outcome) {
    db.run("UPDATE attempts SET outcome = ?3 WHERE job = ?1 AND attempt = ?2", claim.job.id, claim.attempt,
           outcome);
}

/// "video_*.mp4" with the time for the star, and -2, -3 ... behind it where another attempt or file has the
/// name.
std::string reserve_output(Database& db, const Job& job, const ClaimRequest& request) {
    if (job.output_form.empty()) return {};
    const std::string stamp = local_time_stamp(std::chrono::system_clock::now());
    const std::size_t star = job.output_form.find('*');
    for (int number = 1;; ++number) {
        const std::string middle = number == 1 ? stamp : fmt::format("{}-{}", stamp, number);
        std::string name = job.output_form;
        if (star != std::string::npos)
            name.replace(star, 1, middle);
        else
            name += "-" + middle;
        const bool reserved = db.query("SELECT 1 FROM attempts WHERE output = ?1", name).step();
        if (!reserved && !(request.name_taken && request.name_taken(name))) return name;
    }
}

std::optional<Job> next_waiting(Database& db, std::string_view lane) {
    Statement row =
        db.query("SELECT " + kJobColumns +
                     " FROM jobs WHERE lane = ?1 AND state = 'queued' AND deleted_ms = 0 AND NOT EXISTS "
                     "(SELECT 1 FROM paused_lanes WHERE lane = ?1) "
                     "ORDER BY priority DESC, position LIMIT 1",
                 lane);
    if (!row.step()) return std::nullopt;
    return read_job(row);
}

/// The end of a job in one of its three last states, if the claim still holds.
bool finish(JobStore::Inside& inside, const Claim& claim, State state, std::string_view result,
            std::string_view error_code, std::string_view message, std::string_view outcome) {
    Database& db = inside.db;
    const int changed = db.run(
        fmt::format(
            "UPDATE jobs SET state = ?4, result = ?5, error_code = ?6, error_message = ?7, "
            "finished_ms = ?8, progress = CASE ?4 WHEN 'completed' THEN 1 ELSE progress END, eta_s = -1{}",
            kOwned),
        claim.job.id, claim.worker, claim.attempt, name_of(state), result, error_code, message, unix_ms());
    if (changed == 0) return false;
    set_outcome(db, claim, outcome);
    add_delivery(db, claim.job, state);
    add_event(inside, claim.job.id, "updated");
    return true;
}

/// Back to its place in the queue, or cancelled if that was asked for.
bool put_back(JobStore::Inside& inside, const Claim& claim, int more_crashes, std::string_view outcome) {
    const Job now = load_job(inside.db, claim.job.id);
    if (now.cancel_requested) return finish(inside, claim, State::cancelled, "", "", "", outcome);
    const int changed = inside.db.run(
        fmt::format("UPDATE jobs SET state = 'queued', crashes = crashes + ?4, worker = '', progress = 0, "
                    "stage = '', eta_s = -1, output = '', started_ms = 0{}",
                    kOwned),
        claim.job.id, claim.worker, claim.attempt, more_crashes);
    if (changed == 0) return false;
    set_outcome(inside.db, claim, outcome);
    add_event(inside, claim.job.id, "updated");
    return true;
}

std::string crash_message(const Job& job) {
    const std::string where =
        job.stage.empty() ? "" : fmt::format(", last at '{}' ({:.0f} %)", job.stage, 100 * job.progress);
    return fmt::format(
        "the worker died or stopped answering {} times while it made this{}: the machine may be out of "
        "memory; "
        "try a smaller size or fewer frames, then retry",
        kCrashesAllowed, where);
}

std::optional<std::string> ask_whether_finished(const FinishedAlready& finished_already, const Job& job) {
    if (!finished_already || job.output.empty()) return std::nullopt;
    try {
        return finished_already(job);
    } catch (const Error& error) {
        log::warning(fmt::format("job {}: {} cannot be read, so it is made again: {}", job.id, job.output,
                                 error.what()));
        return std::nullopt;
    }
}

/// True when the claim was still the one that `job` shows, its lease not renewed since.
bool take_from_worker(JobStore::Inside& inside, const Job& job, bool dead,
                      const std::optional<std::string>& result) {
    const std::lock_guard lock(inside.mutex);
    Transaction transaction(inside.db);
    const std::optional<Job> now = find_job(inside.db, job.id);
    if (!now || now->state != State::running || now->attempt != job.attempt ||
        now->lease_ends_ms != job.lease_ends_ms)
        return false;
    const Claim claim{*now, job.worker, job.attempt};
    const std::string_view outcome = dead ? "died" : "expired";
    bool done = false;
    if (result)
        done = finish(inside, claim, State::completed, *result, "", "", "completed");
    else if (now->crashes + 1 >= kCrashesAllowed && !now->cancel_requested)
        done = finish(inside, claim, State::failed, "", "crashed", crash_message(*now), outcome) &&
               inside.db.run("UPDATE jobs SET crashes = crashes + 1 WHERE id = ?1", job.id) > 0;
    else
        done = put_back(inside, claim, 1, outcome);
    transaction.commit();
    return done;
}

}  // namespace

std::optional<Claim> JobStore::claim(const ClaimRequest& request) {
    const std::lock_guard lock(inside_->mutex);
    Database& db = inside_->db;
    // A look that writes nothing, so that idle workers do not stand in each other's way.
    if (!next_waiting(db, request.lane)) return std::nullopt;
    Transaction transaction(db);
    std::optional<Job> job = next_waiting(db, request.lane);
    if (!job) return std::nullopt;
    job->attempt += 1;
    job->output = reserve_output(db, *job, request);
    db.run("INSERT INTO attempts (job, attempt, worker, output) VALUES (?1, ?2, ?3, ?4)", job->id,
           job->attempt, request.worker, job->output);
    db.run(
        "UPDATE jobs SET state = 'running', attempt = ?2, worker = ?3, output = ?4, started_ms = ?5, "
        "lease_ends_ms = ?6, cancel_requested = 0, keep_partial = 0 WHERE id = ?1",
        job->id, job->attempt, request.worker, job->output, unix_ms(),
        steady_ms() + inside_->options.lease_ms);
    add_event(*inside_, job->id, "updated");
    Claim claim{load_job(db, job->id), request.worker, job->attempt};
    transaction.commit();
    return claim;
}

Verdict JobStore::renew(const Claim& claim, double progress, std::string_view stage, double eta_s) {
    const std::lock_guard lock(inside_->mutex);
    Transaction transaction(inside_->db);
    const int changed = inside_->db.run(
        fmt::format("UPDATE jobs SET lease_ends_ms = ?4, progress = min(?5, 0.999), stage = ?6, eta_s = ?7{}",
                    kOwned),
        claim.job.id, claim.worker, claim.attempt, steady_ms() + inside_->options.lease_ms, progress, stage,
        eta_s);
    if (changed == 0) return Verdict::lost;
    add_event(*inside_, claim.job.id, "progress");
    const Job job = load_job(inside_->db, claim.job.id);
    transaction.commit();
    return job.cancel_requested ? Verdict::cancel : Verdict::carry_on;
}

Verdict JobStore::look(const Claim& claim) {
    const std::lock_guard lock(inside_->mutex);
    Statement row = inside_->db.query(fmt::format("SELECT cancel_requested FROM jobs{}", kOwned),
                                      claim.job.id, claim.worker, claim.attempt);
    if (!row.step()) return Verdict::lost;
    return row.integer(0) != 0 ? Verdict::cancel : Verdict::carry_on;
}

bool JobStore::complete(const Claim& claim, const std::string& result) {
    const std::lock_guard lock(inside_->mutex);
    Transaction transaction(inside_->db);
    const bool done = finish(*inside_, claim, State::completed, result, "", "", "completed");
    transaction.commit();
    return done;
}

bool JobStore::fail(const Claim& claim, std::string_view error_code, std::string_view message) {
    const std::lock_guard lock(inside_->mutex);
    Transaction transaction(inside_->db);
    const bool done = finish(*inside_, claim, State::failed, "", error_code, message, "failed");
    transaction.commit();
    return done;
}

bool JobStore::finish_cancelled(const Claim& claim) {
    const std::lock_guard lock(inside_->mutex);
    Transaction transaction(inside_->db);
    const bool done = finish(*inside_, claim, State::cancelled, "", "", "", "cancelled");
    transaction.commit();
    return done;
}

bool JobStore::release(const Claim& claim) {
    const std::lock_guard lock(inside_->mutex);
    if (!find_job(inside_->db, claim.job.id)) return false;
    Transaction transaction(inside_->db);
    const bool done = put_back(*inside_, claim, 0, "released");
    transaction.commit();
    return done;
}

bool JobStore::give_up_output(const Claim& lost) {
    const std::lock_guard lock(inside_->mutex);
    if (lost.job.output.empty()) return false;
    Transaction transaction(inside_->db);
    const bool adopted =
        inside_->db
            .query("SELECT 1 FROM jobs WHERE id = ?1 AND output = ?2 AND state = 'completed'", lost.job.id,
                   lost.job.output)
            .step();
    if (!adopted) set_outcome(inside_->db, lost, "forgotten");
    transaction.commit();
    return !adopted;
}

int JobStore::reclaim(std::string_view lane, const FinishedAlready& finished_already) {
    std::vector<Job> running;
    {
        const std::lock_guard lock(inside_->mutex);
        Statement row = inside_->db.query(
            "SELECT " + kJobColumns + " FROM jobs WHERE lane = ?1 AND state = 'running'", lane);
        while (row.step()) running.push_back(read_job(row));
    }
    int reclaimed = 0;
    for (const Job& job : running) {
        const bool dead = !alive(workers_folder(), job.worker);
        if (!dead && job.lease_ends_ms > steady_ms()) continue;
        const std::optional<std::string> result = ask_whether_finished(finished_already, job);
        if (!take_from_worker(*inside_, job, dead, result)) continue;
        ++reclaimed;
        const std::optional<Job> now = find(job.id);
        log::warning(fmt::format("job {}: the worker {} {} in attempt {}; the job is {} now", job.id,
                                 job.worker, dead ? "died" : "stopped answering", job.attempt,
                                 now ? name_of(now->state) : "gone"));
    }
    return reclaimed;
}

std::vector<Stray> JobStore::strays(std::string_view lane) {
    std::vector<std::pair<Stray, std::string>> left;
    {
        const std::lock_guard lock(inside_->mutex);
        Statement row = inside_->db.query(
            "SELECT job, attempts.attempt, attempts.worker, attempts.output FROM attempts JOIN jobs ON job = "
            "jobs.id "
            "WHERE outcome IN ('died', 'expired') AND lane = ?1 AND attempts.output != ''",
            lane);
        while (row.step()) {
            Stray stray{load_job(inside_->db, row.text(0)), static_cast<int>(row.integer(1))};
            stray.job.output = row.text(3);
            left.emplace_back(std::move(stray), row.text(2));
        }
    }
    std::vector<Stray> strays;
    for (auto& [stray, worker] : left)
        if (!alive(workers_folder(), worker)) strays.push_back(std::move(stray));
    return strays;
}

void JobStore::forget(const Stray& stray) {
    const std::lock_guard lock(inside_->mutex);
    inside_->db.run("UPDATE attempts SET outcome = 'forgotten' WHERE job = ?1 AND attempt = ?2", stray.job.id,
                    stray.attempt);
}

void JobStore::enlist(const WorkerRecord& worker) {
    const std::lock_guard lock(inside_->mutex);
    inside_->db.run("INSERT OR REPLACE INTO workers VALUES (?1, ?2, ?3, ?4)", worker.name, worker.lane,
                    worker.process_id, worker.started_ms);
}

void JobStore::dismiss(const std::string& worker) {
    const std::lock_guard lock(inside_->mutex);
    inside_->db.run("DELETE FROM workers WHERE name = ?1", worker);
}

std::vector<WorkerRecord> JobStore::workers() {
    std::vector<WorkerRecord> all, living;
    {
        const std::lock_guard lock(inside_->mutex);
        Statement row =
            inside_->db.query("SELECT name, lane, process_id, started_ms FROM workers ORDER BY name");
        while (row.step())
            all.push_back({row.text(0), row.text(1), static_cast<int>(row.integer(2)), row.integer(3)});
    }
    for (WorkerRecord& worker : all) {
        if (alive(workers_folder(), worker.name))
            living.push_back(std::move(worker));
        else
            dismiss(worker.name);
    }
    return living;
}

}  // namespace stillreel::jobs
