// The worker processes of `serve`: this very program as `stillreel work`, started again when one dies.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace stillreel::app {

enum class Presence {
    always,
    on_call,  // started by WorkerCrew::call(), leaves when nothing waits
};

struct WorkerPlan {
    std::string lane;  // "render"
    int niceness = 0;
    Presence presence = Presence::always;
    std::chrono::milliseconds longest_pause{30'000};  // before a worker that keeps dying is started again
    std::vector<std::string> options{};               // further words of its command line
};

class WorkerCrew {
  public:
    /// Starts nobody yet. What workers print goes to the end of `log`.
    WorkerCrew(std::filesystem::path home, std::filesystem::path log, const std::vector<WorkerPlan>& plans);
    /// As stop().
    ~WorkerCrew();
    WorkerCrew(const WorkerCrew&) = delete;
    WorkerCrew& operator=(const WorkerCrew&) = delete;

    /// Starts who is missing: at once the first time, later after a pause that doubles while a worker
    /// keeps dying young. Call it again and again from one thread, whose end ends the workers too.
    void tend();
    /// There is work for the lane's workers on call: those that are not there are started by the next tend().
    void call(std::string_view lane);
    /// Asks all to stop, which puts their jobs back into the queue; kills who takes longer than 10 s.
    void stop();
    int restarts() const { return restarts_; }

  private:
    using Clock = std::chrono::steady_clock;
    struct Worker {
        WorkerPlan plan;
        pid_t process = 0;  // 0: not running
        Clock::time_point begun{}, start_at{};
        std::chrono::milliseconds pause{500};
        bool called = false;
        bool died = false;
    };

    void start(Worker& worker);
    void reap(Worker& worker);

    std::filesystem::path home_, log_;
    std::vector<Worker> workers_;
    std::atomic<int> restarts_{0};
};

}  // namespace stillreel::app
