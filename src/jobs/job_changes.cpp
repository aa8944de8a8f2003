// JobStore: changing one's mind.
#include <fmt/core.h>

#include "base/clock.h"
#include "base/error.h"
#include "jobs/store_inside.h"

namespace stillreel::jobs {
namespace {

enum class Side { before, after };

/// A place between `other` and its neighbour on that side. Nothing when the numbers between them are used up.
std::optional<double> place_beside(Database& db, const Job& moved, const Job& other, Side side) {
    const bool before = side == Side::before;
    Statement row = db.query(
        fmt::format(
            "SELECT position FROM jobs WHERE lane = ?1 AND state = 'queued' AND priority = ?2 AND id != ?3 "
            "AND position {} ?4 ORDER BY position {} LIMIT 1",
            before ? "<" : ">", before ? "DESC" : "ASC"),
        other.lane, other.priority, moved.id, other.position);
    if (!row.step()) return before ? other.position - 1 : other.position + 1;
    const double neighbour = row.real(0), middle = (neighbour + other.position) / 2;
    if (middle == neighbour || middle == other.position) return std::nullopt;
    return middle;
}

/// Whole numbers again, in the same order.
void renumber(Database& db) {
    db.run(
        "WITH numbered AS (SELECT id, row_number() OVER (ORDER BY position, id) AS place FROM jobs) "
        "UPDATE jobs SET position = numbered.place FROM numbered WHERE jobs.id = numbered.id");
}

Job move_beside(JobStore::Inside& inside, const std::string& id, const std::string& other_id, Side side) {
    const std::lock_guard lock(inside.mutex);
    Transaction transaction(inside.db);
    const Job moved = load_in_state(inside.db, id, {State::queued}, "moved");
    Job other = load_in_state(inside.db, other_id, {State::queued}, "moved beside");
    if (moved.lane != other.lane)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("jobs {} and {} wait in different queues ({} and {})", id, other_id,
                                moved.lane, other.lane));
    if (id == other_id) return moved;
    std::optional<double> place = place_beside(inside.db, moved, other, side);
    if (!place) {
        renumber(inside.db);
        other = load_job(inside.db, other_id);
        place = place_beside(inside.db, moved, other, side);
    }
    inside.db.run("UPDATE jobs SET position = ?2, priority = ?3 WHERE id = ?1", id, place.value(),
                  other.priority);
    add_event(inside, id, "updated");
    const Job after = load_job(inside.db, id);
    transaction.commit();
    return after;
}

/// Runs `change(job)` within a transaction; the job must be in one of the states. Returns the job as it is
/// then.
template <class Change>
Job change_job(JobStore::Inside& inside, const std::string& id, std::initializer_list<State> allowed,
               std::string_view wish, std::string_view event, const Change& change) {
    const std::lock_guard lock(inside.mutex);
    Transaction transaction(inside.db);
    const Job job =
        allowed.size() == 0 ? load_job(inside.db, id) : load_in_state(inside.db, id, allowed, wish);
    change(job);
    add_event(inside, id, event);
    Job after = load_job(inside.db, id);
    transaction.commit();
    return after;
}

void request_cancel(Database& db, const Job& job, Partial partial) {
    if (job.state == State::running)
        db.run("UPDATE jobs SET cancel_requested = 1, keep_partial = ?2 WHERE id = ?1", job.id,
               partial == Partial::keep);
}

void set_paused(JobStore::Inside& inside, std::string_view sql, std::string_view lane) {
    const std::lock_guard lock(inside.mutex);
    Transaction transaction(inside.db);
    if (inside.db.run(sql, lane) > 0) add_event(inside, "", "queue");
    transaction.commit();
}

}  // namespace

Job JobStore::cancel(const std::string& id, Partial partial) {
    return change_job(*inside_, id, {}, "", "updated", [&](const Job& job) {
        request_cancel(inside_->db, job, partial);
        if (job.state != State::queued) return;
        inside_->db.run("UPDATE jobs SET state = 'cancelled', finished_ms = ?2 WHERE id = ?1", id, unix_ms());
        add_delivery(inside_->db, job, State::cancelled);
    });
}

Job JobStore::retry(const std::string& id) {
    return change_job(*inside_, id, {State::failed, State::cancelled}, "retried", "updated", [&](const Job&) {
        inside_->db.run(
            "UPDATE jobs SET state = 'queued', position = ?2, crashes = 0, worker = '', cancel_requested = "
            "0, "
            "keep_partial = 0, progress = 0, stage = '', eta_s = -1, output = '', result = '', error_code = "
            "'', "
            "error_message = '', started_ms = 0, finished_ms = 0, deleted_ms = 0 WHERE id = ?1",
            id, last_position(inside_->db) + 1);
    });
}

Job JobStore::duplicate(const std::string& id) {
    const Job like = get(id);
    NewJob copy;
    copy.lane = like.lane;
    copy.spec = like.spec;
    copy.shape = like.shape;
    copy.estimate_s = like.estimate_s;
    copy.priority = like.priority;
    copy.batch = like.batch;
    copy.webhook = like.webhook;
    copy.output_form = like.output_form;
    return submit(copy);
}

Job JobStore::edit(const std::string& id, const Edit& edit) {
    return change_job(*inside_, id, {State::queued}, "edited", "updated", [&](const Job& job) {
        inside_->db.run(
            "UPDATE jobs SET spec = ?2, shape = ?3, estimate_s = ?4, output_form = ?5 WHERE id = ?1", id,
            edit.spec.value_or(job.spec), edit.shape.value_or(job.shape),
            edit.estimate_s.value_or(job.estimate_s), edit.output_form.value_or(job.output_form));
    });
}

Job JobStore::prioritise(const std::string& id, int priority) {
    return change_job(*inside_, id, {State::queued}, "given another priority", "updated", [&](const Job&) {
        inside_->db.run("UPDATE jobs SET priority = ?2 WHERE id = ?1", id, priority);
    });
}

Job JobStore::move_before(const std::string& id, const std::string& other) {
    return move_beside(*inside_, id, other, Side::before);
}

Job JobStore::move_after(const std::string& id, const std::string& other) {
    return move_beside(*inside_, id, other, Side::after);
}

void JobStore::pause(std::string_view lane) {
    set_paused(*inside_, "INSERT INTO paused_lanes VALUES (?1) ON CONFLICT DO NOTHING", lane);
}

void JobStore::resume(std::string_view lane) {
    set_paused(*inside_, "DELETE FROM paused_lanes WHERE lane = ?1", lane);
}

bool JobStore::paused(std::string_view lane) {
    const std::lock_guard lock(inside_->mutex);
    return inside_->db.query("SELECT 1 FROM paused_lanes WHERE lane = ?1", lane).step();
}

Job JobStore::remove(const std::string& id) {
    return change_job(*inside_, id, {}, "", "deleted", [&](const Job& job) {
        request_cancel(inside_->db, job, Partial::discard);
        if (!job.deleted()) inside_->db.run("UPDATE jobs SET deleted_ms = ?2 WHERE id = ?1", id, unix_ms());
    });
}

Job JobStore::restore(const std::string& id) {
    return change_job(*inside_, id, {}, "", "updated", [&](const Job&) {
        inside_->db.run("UPDATE jobs SET deleted_ms = 0 WHERE id = ?1", id);
    });
}

Job JobStore::mark_favourite(const std::string& id) {
    return change_job(*inside_, id, {}, "", "updated", [&](const Job&) {
        inside_->db.run("UPDATE jobs SET favourite = 1 WHERE id = ?1", id);
    });
}

Job JobStore::unmark_favourite(const std::string& id) {
    return change_job(*inside_, id, {}, "", "updated", [&](const Job&) {
        inside_->db.run("UPDATE jobs SET favourite = 0 WHERE id = ?1", id);
    });
}

void JobStore::purge(const std::string& id) {
    const std::lock_guard lock(inside_->mutex);
    Transaction transaction(inside_->db);
    const Job job = load_job(inside_->db, id);
    if (!job.deleted() || job.state == State::running)
        throw Error(ErrorCode::busy,
                    fmt::format("job {} is {}: only a deleted job that does not run can be removed for ever",
                                id, job.deleted() ? name_of(job.state) : "not deleted"));
    inside_->db.run("DELETE FROM jobs WHERE id = ?1", id);
    add_event(*inside_, id, "deleted");
    transaction.commit();
}

int JobStore::purge_ended(std::string_view lane, std::int64_t before_ms) {
    const std::lock_guard lock(inside_->mutex);
    return inside_->db.run(
        "DELETE FROM jobs WHERE lane = ?1 AND state IN ('completed', 'failed', 'cancelled') AND finished_ms "
        "< ?2",
        lane, before_ms);
}

}  // namespace stillreel::jobs
