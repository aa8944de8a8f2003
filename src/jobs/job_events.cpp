// JobStore: telling listeners and webhooks.
#include <fmt/core.h>

#include "jobs/store_inside.h"

namespace stillreel::jobs {
namespace {

const std::string kDeliveryColumns = "id, job, url, state, due_ms, tries, at_ms, outcome, error";

Delivery read_delivery(const Statement& row) {
    using Outcome = Delivery::Outcome;
    const std::string outcome = row.text(7);
    return {row.integer(0),
            row.text(1),
            row.text(2),
            parse_state(row.text(3)),
            row.integer(4),
            static_cast<int>(row.integer(5)),
            row.integer(6),
            outcome == "due"         ? Outcome::due
            : outcome == "delivered" ? Outcome::delivered
                                     : Outcome::given_up,
            row.text(8)};
}

/// `assignments` may use ?2, the error. Nothing happens when the delivery went with its job.
void change_delivery(JobStore::Inside& inside, std::int64_t delivery, const std::string& assignments,
                     std::string_view error) {
    const std::lock_guard lock(inside.mutex);
    Transaction transaction(inside.db);
    inside.db.run("UPDATE deliveries SET " + assignments + " WHERE id = ?1", delivery, error);
    std::string job;
    {
        Statement row = inside.db.query("SELECT job FROM deliveries WHERE id = ?1", delivery);
        if (row.step()) job = row.text(0);
    }
    if (!job.empty()) add_event(inside, job, "updated");
    transaction.commit();
}

}  // namespace

std::vector<Event> JobStore::events_after(std::int64_t number, int limit) {
    const std::lock_guard lock(inside_->mutex);
    Statement row = inside_->db.query(
        "SELECT number, job, kind, at_ms FROM events WHERE number > ?1 ORDER BY number LIMIT ?2", number,
        limit);
    std::vector<Event> events;
    while (row.step()) events.push_back({row.integer(0), row.text(1), row.text(2), row.integer(3)});
    return events;
}

std::int64_t JobStore::last_event() {
    const std::lock_guard lock(inside_->mutex);
    Statement row = inside_->db.query("SELECT coalesce(max(number), 0) FROM events");
    row.step();
    return row.integer(0);
}

std::int64_t JobStore::trimmed_up_to() {
    const std::lock_guard lock(inside_->mutex);
    Statement row = inside_->db.query("SELECT up_to FROM events_trimmed");
    return row.step() ? row.integer(0) : 0;
}

std::vector<Delivery> JobStore::due_deliveries(std::int64_t now_ms, int limit) {
    const std::lock_guard lock(inside_->mutex);
    Statement row = inside_->db.query("SELECT " + kDeliveryColumns +
                                          " FROM deliveries WHERE outcome = 'due' AND due_ms <= ?1 "
                                          "ORDER BY due_ms, id LIMIT ?2",
                                      now_ms, limit);
    std::vector<Delivery> due;
    while (row.step()) due.push_back(read_delivery(row));
    return due;
}

std::map<std::string, Delivery> JobStore::last_deliveries(const std::vector<std::string>& jobs) {
    const std::lock_guard lock(inside_->mutex);
    std::map<std::string, Delivery> last;
    for (const std::string& job : jobs) {
        Statement row = inside_->db.query(
            "SELECT " + kDeliveryColumns + " FROM deliveries WHERE job = ?1 ORDER BY id DESC LIMIT 1", job);
        if (row.step()) last[job] = read_delivery(row);
    }
    return last;
}

void JobStore::delivered(std::int64_t delivery) {
    change_delivery(*inside_, delivery, "outcome = 'delivered', error = ?2", "");
}

void JobStore::retry_delivery(std::int64_t delivery, std::int64_t due_ms, std::string_view error) {
    change_delivery(*inside_, delivery, fmt::format("tries = tries + 1, due_ms = {}, error = ?2", due_ms),
                    error);
}

void JobStore::give_up_delivery(std::int64_t delivery, std::string_view error) {
    change_delivery(*inside_, delivery, "outcome = 'given_up', tries = tries + 1, error = ?2", error);
}

}  // namespace stillreel::jobs
