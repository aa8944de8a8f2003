#include "app/quick_process.h"

#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/log.h"
#include "base/ticker.h"

namespace stillreel::app {
namespace {

constexpr rlim_t kMemoryBytes = rlim_t{4} << 30;
constexpr rlim_t kFileBytes = rlim_t{1} << 30;
constexpr rlim_t kOpenFiles = 256;
// If even the thread that watches the time is stuck, the system ends the process.
constexpr unsigned kGrace_s = 10;

void bound(int what, rlim_t most) {
    rlimit limit{};
    if (::getrlimit(what, &limit) != 0) return;
    limit.rlim_max = std::min(limit.rlim_max, most);
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(::setrlimit(what, &limit));
}

/// Calls `too_late`, which does not return, unless it is destroyed before.
class Deadline {
  public:
    Deadline(std::chrono::milliseconds limit, std::function<void()> too_late)
        : watch_(limit, std::move(too_late)) {
        ::alarm(static_cast<unsigned>(limit.count() / 1000) + kGrace_s);
    }
    ~Deadline() { ::alarm(0); }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

  private:
    Ticker watch_;
};

[[noreturn]] void end_with(jobs::JobStore& store, const jobs::Claim& claim, std::chrono::milliseconds limit) {
    const std::string message = fmt::format(
        "this took longer than {:.3g} s and was given up: a picture or clip is read much faster than that",
        static_cast<double>(limit.count()) / 1000);
    log::error(fmt::format("quick task {}: {}", claim.job.id, message));
    try {
        static_cast<void>(store.fail(claim, name_of(ErrorCode::invalid_argument), message));
    } catch (const Error& error) {
        log::error(error.what());
    }
    ::_exit(1);
}

}  // namespace

void bound_this_process() {
    bound(RLIMIT_AS, kMemoryBytes);
    bound(RLIMIT_FSIZE, kFileBytes);
    bound(RLIMIT_NOFILE, kOpenFiles);
    bound(RLIMIT_CORE, 0);
    // Writing past the limit is an error that can be told, not the end.
    ::signal(SIGXFSZ, SIG_IGN);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

jobs::Work bounded(jobs::Work work, jobs::JobStore& store, std::chrono::milliseconds limit) {
    const auto execute = std::move(work.execute);
    work.execute = [execute, &store, limit](const jobs::Claim& claim, const jobs::ReportProgress& report,
                                            const CancelFlag& cancel) {
        const Deadline deadline(limit, [&] { end_with(store, claim, limit); });
        return execute(claim, report, cancel);
    };
    return work;
}

}  // namespace stillreel::app
