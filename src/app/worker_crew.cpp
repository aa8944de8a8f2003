#include "app/worker_crew.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace stillreel::app {
namespace {

// Who lived this long did not die of being started.
constexpr std::chrono::seconds kHealthyLife{60};
constexpr int kStopTenths = 100;

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
    return fmt::format("left with exit code {}", WEXITSTATUS(status));
}

/// Between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* arguments, int log, pid_t parent, int niceness) {
    // A group of its own: Ctrl-C reaches the server alone, which then asks its workers to stop.
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(0);
    if (niceness != 0) ::setpriority(PRIO_PROCESS, 0, niceness);
    const int nothing = ::open("/dev/null", O_RDONLY);
    if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
    if (log >= 0) {
        ::dup2(log, STDOUT_FILENO);
        ::dup2(log, STDERR_FILENO);
    }
    // Neither listening sockets nor the database's files are the worker's.
    for (int descriptor = 3; descriptor < 4096; ++descriptor) ::close(descriptor);
    ::execv("/proc/self/exe", arguments);
    ::_exit(127);
}

}  // namespace

WorkerCrew::WorkerCrew(std::filesystem::path home, std::filesystem::path log,
                       const std::vector<WorkerPlan>& plans)
    : home_(std::move(home)), log_(std::move(log)) {
    for (const WorkerPlan& plan : plans) {
        Worker worker;
        worker.plan = plan;
        workers_.push_back(worker);
    }
}

WorkerCrew::~WorkerCrew() { stop(); }

void WorkerCrew::start(Worker& worker) {
    std::vector<std::string> words = {"stillreel",      "work",   "--lane",
                                      worker.plan.lane, "--home", home_.string()};
    if (worker.plan.presence == Presence::on_call) words.push_back("--until-idle");
    words.insert(words.end(), worker.plan.options.begin(), worker.plan.options.end());
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const int log = ::open(log_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    const pid_t parent = ::getpid();
    const pid_t process = ::fork();
    if (process == 0) become(arguments.data(), log, parent, worker.plan.niceness);
    if (log >= 0) ::close(log);
    worker.begun = Clock::now();
    if (process < 0) {
        log::error("a worker could not be started: the system gives no more processes");
        worker.start_at = worker.begun + worker.plan.longest_pause;
        return;
    }
    worker.process = process;
    worker.called = false;
    if (std::exchange(worker.died, false)) ++restarts_;
}

void WorkerCrew::reap(Worker& worker) {
    int status = 0;
    if (worker.process == 0 || ::waitpid(worker.process, &status, WNOHANG) != worker.process) return;
    worker.process = 0;
    if (worker.plan.presence == Presence::on_call && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    worker.died = true;
    const auto now = Clock::now();
    if (now - worker.begun > kHealthyLife) worker.pause = std::chrono::milliseconds(500);
    log::warning(fmt::format("the {} worker {}; it is started again in {:.1f} s", worker.plan.lane,
                             how_it_ended(status), static_cast<double>(worker.pause.count()) / 1000));
    worker.start_at = now + worker.pause;
    worker.pause = std::min(2 * worker.pause, worker.plan.longest_pause);
}

void WorkerCrew::tend() {
    for (Worker& worker : workers_) {
        reap(worker);
        const bool wanted = worker.plan.presence == Presence::always || worker.called;
        if (wanted && worker.process == 0 && Clock::now() >= worker.start_at) start(worker);
    }
}

void WorkerCrew::call(std::string_view lane) {
    for (Worker& worker : workers_)
        if (worker.plan.lane == lane && worker.process == 0) worker.called = true;
}

void WorkerCrew::stop() {
    for (const Worker& worker : workers_)
        if (worker.process > 0) ::kill(worker.process, SIGTERM);
    for (int tenths = 0; tenths < kStopTenths; ++tenths) {
        bool all_gone = true;
        for (Worker& worker : workers_) {
            if (worker.process > 0 && ::waitpid(worker.process, nullptr, WNOHANG) == worker.process)
                worker.process = 0;
            all_gone = all_gone && worker.process == 0;
        }
        if (all_gone) return;
        ::poll(nullptr, 0, 100);
    }
    for (Worker& worker : workers_) {
        if (worker.process <= 0) continue;
        log::warning(fmt::format("the {} worker did not stop in time and is killed", worker.plan.lane));
        ::kill(worker.process, SIGKILL);
        ::waitpid(worker.process, nullptr, 0);
        worker.process = 0;
    }
}

}  // namespace stillreel::app
