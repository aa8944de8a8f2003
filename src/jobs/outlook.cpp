#include "jobs/outlook.h"

#include <algorithm>

#include "base/clock.h"
#include "base/statistics.h"
#include "jobs/store_inside.h"

namespace stillreel::jobs {
namespace {

/// Jobs of one shape change in speed when the machine or the program does, so only the last ones count.
constexpr int kLastOfAShape = 21;

/// Attempts that ran from beginning to end, without a crash or a cancel.
std::vector<double> durations_of(Database& db, const std::string& shape) {
    Statement row = db.query(
        "SELECT (finished_ms - started_ms) / 1000.0 FROM jobs WHERE shape = ?1 AND state = 'completed' AND "
        "crashes = 0 AND cancel_requested = 0 ORDER BY finished_ms DESC LIMIT ?2",
        shape, kLastOfAShape);
    std::vector<double> seconds;
    while (row.step()) seconds.push_back(row.real(0));
    return seconds;
}

/// Running, then queued as they will be claimed; only what an outlook needs is filled in.
std::vector<Job> under_way(Database& db, std::string_view lane) {
    std::vector<Job> jobs;
    for (const char* rest : {"state = 'running'", "state = 'queued' ORDER BY priority DESC, position"}) {
        Statement row = db.query(
            std::string(
                "SELECT id, state, shape, estimate_s, eta_s, started_ms FROM jobs WHERE lane = ?1 AND "
                "deleted_ms = 0 AND ") +
                rest,
            lane);
        while (row.step()) {
            Job job;
            job.id = row.text(0);
            job.state = parse_state(row.text(1));
            job.shape = row.text(2);
            job.estimate_s = row.real(3);
            job.eta_s = row.real(4);
            job.started_ms = row.integer(5);
            jobs.push_back(std::move(job));
        }
    }
    return jobs;
}

}  // namespace

Seconds expected_duration(std::vector<double> finished_s, double estimate_s) {
    if (!finished_s.empty()) return median(std::move(finished_s));
    if (estimate_s > 0) return estimate_s;
    return std::nullopt;
}

Seconds time_left(const Job& running, Seconds expected, std::int64_t now_ms) {
    if (running.eta_s >= 0) return running.eta_s;
    if (!expected) return std::nullopt;
    const double left = *expected - static_cast<double>(now_ms - running.started_ms) / 1000;
    if (left <= 0) return std::nullopt;
    return left;
}

std::vector<Seconds> waiting_times(const std::vector<Seconds>& running_left,
                                   const std::vector<Seconds>& waiting, int workers) {
    // When each worker is free; one that nobody knows about takes no further job here.
    std::vector<double> free_s;
    for (const Seconds& left : running_left)
        if (left) free_s.push_back(*left);
    for (int i = static_cast<int>(running_left.size()); i < workers; ++i) free_s.push_back(0);
    std::vector<Seconds> ends;
    for (const Seconds& duration : waiting) {
        const auto next = std::min_element(free_s.begin(), free_s.end());
        if (next == free_s.end()) {
            ends.push_back(std::nullopt);
        } else if (duration) {
            *next += *duration;
            ends.push_back(*next);
        } else {
            free_s.erase(next);
            ends.push_back(std::nullopt);
        }
    }
    return ends;
}

std::map<std::string, Outlook> JobStore::outlook(std::string_view lane) {
    int crew = 0;
    for (const WorkerRecord& worker : workers()) crew += worker.lane == lane;
    if (paused(lane)) crew = 0;

    const std::lock_guard lock(inside_->mutex);
    const std::vector<Job> jobs = under_way(inside_->db, lane);
    std::map<std::string, std::vector<double>> durations;
    std::map<std::string, Outlook> outlook;
    std::vector<Seconds> running_left, waiting;
    std::vector<std::string> waiting_ids;
    for (const Job& job : jobs) {
        const auto [entry, fresh] = durations.try_emplace(job.shape);
        if (fresh && !job.shape.empty()) entry->second = durations_of(inside_->db, job.shape);
        const Seconds expected = expected_duration(entry->second, job.estimate_s);
        if (job.state == State::running) {
            running_left.push_back(time_left(job, expected, unix_ms()));
            outlook[job.id] = {0, running_left.back()};
        } else {
            waiting.push_back(expected);
            waiting_ids.push_back(job.id);
        }
    }
    if (crew == 0) running_left.clear();
    const std::vector<Seconds> ends = waiting_times(running_left, waiting, crew);
    for (std::size_t i = 0; i < ends.size(); ++i)
        outlook[waiting_ids[i]] = {static_cast<int>(i) + 1, ends[i]};
    return outlook;
}

}  // namespace stillreel::jobs
