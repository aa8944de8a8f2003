// Work that somebody waits for and that touches pictures and clips from outside: it is done by a process of
// its own (`stillreel work --lane quick`), so that a hostile file never meets the server. Tasks go through
// the jobs' store: when that process dies, its task is begun again by the next one, three times at most.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "jobs/job_store.h"
#include "studio/quick_tasks.h"

namespace stillreel::server {

struct QuickSettings {
    std::chrono::milliseconds patience{30'000};       // with a task, from asking to the answer
    std::chrono::milliseconds without_worker{5'000};  // how long a worker that is not there is waited for
    std::chrono::milliseconds poll{5};                // between looks at tasks under way
};

struct QuickAnswer {
    std::string file;          // in ServiceFolders::quick(); of a preview, there until the callback returns
    std::string result;        // what the worker said
    std::exception_ptr error;  // instead of both
};

/// Throws the error: as FieldError of `field`, where that is not empty, when it is about what was sent.
[[noreturn]] void rethrow_about(const std::exception_ptr& error, const std::string& field);

class QuickLane {
  public:
    /// What an earlier server left waiting there is given up: nobody waits for it any more.
    QuickLane(const studio::ServiceFolders& folders, const QuickSettings& settings);
    /// As stop().
    ~QuickLane();
    QuickLane(const QuickLane&) = delete;
    QuickLane& operator=(const QuickLane&) = delete;

    /// Returns at once; `answer` is called once, by any thread, and must not throw. Equal tasks that are
    /// under way at the same time are done once. The file that an upload or a recipe is read from is removed
    /// at the end, whatever happens. Errors are the task's own; Refusal 503 when nobody does it in time.
    void ask(const studio::QuickTask& task, std::function<void(const QuickAnswer&)> answer);
    /// Whoever still waits gets Refusal 503, and so does everybody who asks later.
    void stop();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stillreel::server
