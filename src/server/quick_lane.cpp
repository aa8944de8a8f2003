#include "server/quick_lane.h"

#include <fmt/core.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/ticker.h"
#include "server/http.h"
#include "studio/field_error.h"
#include "studio/quick_cache.h"

namespace stillreel::server {
namespace {

using Clock = std::chrono::steady_clock;
using studio::QuickKind;
using studio::QuickTask;

constexpr int kFirst = 10;  // priority
constexpr std::chrono::milliseconds kWorkerCheck{250};
// Ended tasks are swept out together, when nothing is under way.
constexpr std::chrono::seconds kTidyPause{20};
constexpr std::chrono::seconds kPauseAfterTrouble{1};

/// Tasks with the same name are one.
std::string name_of(QuickTask task) {
    if (task.kind == QuickKind::preview) task.file.clear();
    return to_json(task);
}

/// Its file goes with the answer. Somebody looks at an empty screen until it is there: it goes first.
bool is_passing(QuickKind kind) {
    return kind == QuickKind::upload || kind == QuickKind::recipe || kind == QuickKind::preview;
}

std::exception_ptr unavailable(const char* why) {
    return std::make_exception_ptr(Refusal(503, ErrorCode::busy, why, {{"Retry-After", "5"}}));
}

std::optional<ErrorCode> code_named(const std::string& name) {
    for (int code = 0; code <= static_cast<int>(ErrorCode::unauthorized); ++code)
        if (stillreel::name_of(static_cast<ErrorCode>(code)) == name) return static_cast<ErrorCode>(code);
    return std::nullopt;
}

std::exception_ptr error_of(const jobs::Job& job) {
    if (job.state == jobs::State::cancelled)
        return unavailable("this was given up because something else came in between: try again");
    if (const auto code = code_named(job.error_code))
        return std::make_exception_ptr(Error(*code, job.error_message));
    if (job.error_code == "crashed")
        return std::make_exception_ptr(
            Error(ErrorCode::corrupt_data,
                  fmt::format("this file cannot be read: it ended the process that read it, {} times",
                              jobs::kCrashesAllowed)));
    log::error(fmt::format("quick lane: {}", job.error_message));
    return std::make_exception_ptr(Error(ErrorCode::io, "the server made a mistake: its log says more"));
}

}  // namespace

void rethrow_about(const std::exception_ptr& error, const std::string& field) {
    try {
        std::rethrow_exception(error);
    } catch (const Refusal&) {
        throw;
    } catch (const Error& its_own) {
        const bool about_it = its_own.code() == ErrorCode::invalid_argument ||
                              its_own.code() == ErrorCode::corrupt_data ||
                              its_own.code() == ErrorCode::unsupported;
        if (!about_it || field.empty()) throw;
        throw studio::FieldError(its_own.code(), its_own.what(), field);
    }
}

struct QuickLane::State {
    using Answer = std::function<void(const QuickAnswer&)>;
    struct Waiting {
        QuickTask task;
        std::string job;
        Clock::time_point asked;
        std::vector<Answer> answers;
    };

    State(const studio::ServiceFolders& its_folders, const QuickSettings& its_settings)
        : folders(its_folders), settings(its_settings), store(open_store(folders)) {
        give_up_leftovers();
        thread.emplace(settings.poll, [this] { turn(); });
    }

    static jobs::JobStore open_store(const studio::ServiceFolders& folders) {
        jobs::StoreOptions options;
        options.durability = jobs::Durability::crash;
        return jobs::JobStore::open(folders.database(), options);
    }

    void give_up_leftovers();
    void submit(const QuickTask& task, Answer answer);
    void turn();
    bool wait_for_work();
    void look();
    void look_at(const std::string& name, const std::string& job, Clock::time_point asked);
    void give_up(const std::string& name, const std::string& job, const char* why);
    void end(const std::string& name, const std::string& result, const std::exception_ptr& error);
    void tell(const Waiting& done, const std::string& result, const std::exception_ptr& error) const;
    void expire();
    bool worker_is_missing();
    void tidy();

    studio::ServiceFolders folders;
    QuickSettings settings;
    jobs::JobStore store;
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, Waiting> waiting;  // by name
    bool stopped = false;
    int asked = 0;
    // Of the thread alone.
    Clock::time_point worker_checked{}, worker_seen{}, tidied = Clock::now();
    int asked_when_tidied = 0;
    std::optional<Ticker> thread;  // last: it uses all of the above
};

void QuickLane::State::give_up_leftovers() {
    jobs::Filter left;
    left.lane = jobs::kQuickLane;
    left.states = {jobs::State::queued, jobs::State::running};
    left.limit = 100'000;
    for (const jobs::Job& job : store.list(left)) store.cancel(job.id);
}

void QuickLane::State::submit(const QuickTask& task, Answer answer) {
    const std::string name = name_of(task);
    const std::lock_guard lock(mutex);
    if (stopped) std::rethrow_exception(unavailable("the server is stopping"));
    const auto known = waiting.find(name);
    if (known != waiting.end()) {
        known->second.answers.push_back(std::move(answer));
        return;
    }
    jobs::NewJob job;
    job.lane = jobs::kQuickLane;
    job.spec = to_json(task);
    job.priority = is_passing(task.kind) ? kFirst : 0;
    Waiting& fresh = waiting[name];
    fresh = {task, "", Clock::now(), {}};
    try {
        fresh.job = store.submit(job).id;
    } catch (...) {
        waiting.erase(name);
        throw;
    }
    fresh.answers.push_back(std::move(answer));
    ++asked;
    changed.notify_all();
}

/// One look at what is under way, once there is something.
void QuickLane::State::turn() {
    if (!wait_for_work()) return;
    try {
        look();
    } catch (const std::exception& error) {
        log::warning(fmt::format("looking after the quick lane: {}", error.what()));
        std::unique_lock lock(mutex);
        changed.wait_for(lock, kPauseAfterTrouble, [this] { return stopped; });
    }
    expire();
}

/// False when there is none after all.
bool QuickLane::State::wait_for_work() {
    std::unique_lock lock(mutex);
    if (!waiting.empty()) return !stopped;
    const auto called = [this] { return stopped || !waiting.empty(); };
    if (asked == asked_when_tidied) {
        changed.wait(lock, called);
    } else if (!changed.wait_until(lock, tidied + kTidyPause, called)) {
        asked_when_tidied = asked;
        lock.unlock();
        tidy();
        return false;
    }
    worker_seen = Clock::now();
    return !stopped;
}

/// Without the store: it may be what does not answer.
void QuickLane::State::expire() {
    std::vector<std::string> late;
    {
        const std::lock_guard lock(mutex);
        for (const auto& [name, one] : waiting)
            if (Clock::now() - one.asked > settings.patience + kPauseAfterTrouble) late.push_back(name);
    }
    for (const std::string& name : late) end(name, "", unavailable("this takes too long: try again later"));
}

void QuickLane::State::look() {
    std::vector<std::tuple<std::string, std::string, Clock::time_point>> under_way;
    {
        const std::lock_guard lock(mutex);
        for (const auto& [name, one] : waiting) under_way.emplace_back(name, one.job, one.asked);
    }
    for (const auto& [name, job, asked_at] : under_way) look_at(name, job, asked_at);
    if (!worker_is_missing()) return;
    for (const auto& [name, job, asked_at] : under_way)
        if (Clock::now() - asked_at > settings.without_worker)
            give_up(name, job, "the process that reads pictures and clips does not run: try again later");
}

void QuickLane::State::look_at(const std::string& name, const std::string& id, Clock::time_point asked_at) {
    const std::optional<jobs::Job> job = store.find(id);
    if (!job)
        end(name, "", unavailable("this was forgotten: try again"));
    else if (job->state == jobs::State::completed)
        end(name, job->result, nullptr);
    else if (job->state == jobs::State::failed || job->state == jobs::State::cancelled)
        end(name, "", error_of(*job));
    else if (Clock::now() - asked_at > settings.patience)
        give_up(name, id, "this takes too long at the moment: try again later");
}

void QuickLane::State::give_up(const std::string& name, const std::string& job, const char* why) {
    store.cancel(job);
    end(name, "", unavailable(why));
}

void QuickLane::State::end(const std::string& name, const std::string& result,
                           const std::exception_ptr& error) {
    std::unique_lock lock(mutex);
    const auto found = waiting.find(name);
    if (found == waiting.end()) return;
    const Waiting done = std::move(found->second);
    waiting.erase(found);
    lock.unlock();
    tell(done, result, error);
}

void QuickLane::State::tell(const Waiting& done, const std::string& result,
                            const std::exception_ptr& error) const {
    const QuickAnswer answer{error ? "" : done.task.file, error ? "" : result, error};
    for (const Answer& one : done.answers) one(answer);
    if (!is_passing(done.task.kind)) return;
    std::error_code ignored;
    fs::remove(folders.quick() / done.task.file, ignored);
}

bool QuickLane::State::worker_is_missing() {
    const auto now = Clock::now();
    if (now - worker_checked > kWorkerCheck) {
        worker_checked = now;
        for (const jobs::WorkerRecord& worker : store.workers())
            if (worker.lane == jobs::kQuickLane) worker_seen = now;
    }
    return now - worker_seen > settings.without_worker;
}

void QuickLane::State::tidy() {
    tidied = Clock::now();
    try {
        // What ended so long ago was answered long ago.
        store.purge_ended(jobs::kQuickLane, unix_ms() - 2 * settings.patience.count());
        studio::tidy_quick_cache(folders.quick());
    } catch (const Error& error) {
        log::warning(fmt::format("tidying the quick lane: {}", error.what()));
    }
}

QuickLane::QuickLane(const studio::ServiceFolders& folders, const QuickSettings& settings)
    : state_(std::make_unique<State>(folders, settings)) {}

QuickLane::~QuickLane() { stop(); }

void QuickLane::ask(const QuickTask& task, std::function<void(const QuickAnswer&)> answer) {
    try {
        state_->submit(task, answer);
    } catch (...) {
        state_->tell({task, "", {}, {std::move(answer)}}, "", std::current_exception());
    }
}

void QuickLane::stop() {
    State& state = *state_;
    {
        const std::lock_guard lock(state.mutex);
        state.stopped = true;
    }
    state.changed.notify_all();
    state.thread.reset();
    std::map<std::string, State::Waiting> left;
    {
        const std::lock_guard lock(state.mutex);
        left.swap(state.waiting);
    }
    for (const auto& [name, one] : left) state.tell(one, "", unavailable("the server is stopping"));
}

}  // namespace stillreel::server
