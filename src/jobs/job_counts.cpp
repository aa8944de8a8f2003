// JobStore: what many jobs have in common. Sums are left to SQLite.
#include <fmt/core.h>

#include "base/clock.h"
#include "jobs/store_inside.h"

namespace stillreel::jobs {
namespace {

/// Columns for a histogram of `seconds`, an expression: count, sum, and how many are within each bound.
std::string histogram_columns(const std::string& seconds, const std::vector<double>& bounds_s) {
    std::string columns = fmt::format("count(*), total({})", seconds);
    for (const double bound_s : bounds_s) columns += fmt::format(", sum({} <= {})", seconds, bound_s);
    return columns;
}

Histogram read_histogram(const Statement& row, int& at, std::size_t bounds) {
    Histogram histogram;
    histogram.count = row.integer(at++);
    histogram.sum_s = row.real(at++);
    for (std::size_t i = 0; i < bounds; ++i) histogram.up_to.push_back(row.integer(at++));
    return histogram;
}

}  // namespace

std::vector<Finished> JobStore::finished(std::string_view lane, const std::vector<double>& worked_bounds_s,
                                         const std::vector<double>& waited_bounds_s) {
    const std::lock_guard lock(inside_->mutex);
    Statement row = inside_->db.query(
        fmt::format("SELECT shape, {}, {} FROM jobs WHERE lane = ?1 AND state = 'completed' GROUP BY shape",
                    histogram_columns("(finished_ms - started_ms) / 1000.0", worked_bounds_s),
                    histogram_columns("(started_ms - created_ms) / 1000.0", waited_bounds_s)),
        lane);
    std::vector<Finished> all;
    while (row.step()) {
        int at = 0;
        Finished finished{row.text(at++)};
        finished.worked = read_histogram(row, at, worked_bounds_s.size());
        finished.waited = read_histogram(row, at, waited_bounds_s.size());
        all.push_back(std::move(finished));
    }
    return all;
}

std::vector<std::string> JobStore::last_results(std::string_view shape, int limit) {
    const std::lock_guard lock(inside_->mutex);
    Statement row = inside_->db.query(
        "SELECT result FROM jobs WHERE shape = ?1 AND state = 'completed' ORDER BY finished_ms DESC LIMIT ?2",
        shape, limit);
    std::vector<std::string> results;
    while (row.step()) results.push_back(row.text(0));
    return results;
}

std::int64_t JobStore::longest_wait_ms(std::string_view lane) {
    const std::lock_guard lock(inside_->mutex);
    Statement row = inside_->db.query(
        "SELECT coalesce(?2 - min(created_ms), 0) FROM jobs WHERE lane = ?1 AND state = 'queued' AND "
        "deleted_ms = 0",
        lane, unix_ms());
    row.step();
    return std::max<std::int64_t>(0, row.integer(0));
}

}  // namespace stillreel::jobs
