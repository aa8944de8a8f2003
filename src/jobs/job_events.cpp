// JobStore: telling listeners and webhooks.
#include "jobs/store_inside.h"

namespace stillreel::jobs {

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
    Statement row = inside_->db.query(
        "SELECT id, job, url, state, due_ms, tries FROM deliveries WHERE outcome = 'due' AND due_ms <= ?1 "
        "ORDER BY due_ms, id LIMIT ?2",
        now_ms, limit);
    std::vector<Delivery> due;
    while (row.step())
        due.push_back({row.integer(0), row.text(1), row.text(2), parse_state(row.text(3)), row.integer(4),
                       static_cast<int>(row.integer(5))});
    return due;
}

void JobStore::delivered(std::int64_t delivery) {
    const std::lock_guard lock(inside_->mutex);
    inside_->db.run("UPDATE deliveries SET outcome = 'delivered', error = '' WHERE id = ?1", delivery);
}

void JobStore::retry_delivery(std::int64_t delivery, std::int64_t due_ms, std::string_view error) {
    const std::lock_guard lock(inside_->mutex);
    inside_->db.run("UPDATE deliveries SET tries = tries + 1, due_ms = ?2, error = ?3 WHERE id = ?1",
                    delivery, due_ms, error);
}

void JobStore::give_up_delivery(std::int64_t delivery, std::string_view error) {
    const std::lock_guard lock(inside_->mutex);
    inside_->db.run("UPDATE deliveries SET outcome = 'given_up', tries = tries + 1, error = ?2 WHERE id = ?1",
                    delivery, error);
}

}  // namespace stillreel::jobs
