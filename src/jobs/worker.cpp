#include "jobs/worker.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <mutex>
#include <new>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/ticker.h"
#include "jobs/store_inside.h"
#include "jobs/worker_life.h"

namespace stillreel::jobs {
namespace {

constexpr double kReclaimPeriod_s = 0.5;
constexpr int kTriesToSayTheEnd = 60;
constexpr int kPauseBetweenTries_ms = 1000;

/// Runs `act`; its Errors are logged: what cannot be done now is tried again at the next turn.
template <class Act>
void try_to(std::string_view what, const Act& act) {
    try {
        act();
    } catch (const Error& error) {
        log::warning(fmt::format("{}: {}", what, error.what()));
    }
}

/// Jobs of the dead back to the queue, and their files away.
class Reclaimer {
  public:
    Reclaimer(JobStore& store, const Work& work, std::string lane)
        : store_(store), work_(work), lane_(std::move(lane)) {}

    void now() {
        since_last_.restart();
        try_to("looking for dead workers", [&] {
            store_.reclaim(lane_, work_.finished_already);
            for (const Stray& stray : store_.strays(lane_)) {
                if (work_.discard_output) work_.discard_output(stray.job);
                store_.forget(stray);
            }
        });
    }
    void now_and_then() {
        if (since_last_.seconds() >= kReclaimPeriod_s) now();
    }

  private:
    JobStore& store_;
    const Work& work_;
    std::string lane_;
    Stopwatch since_last_;
};

/// Keeps the claim while the job is done: renews the lease on a second thread, passes on progress, and asks
/// for the end when somebody cancelled, the claim is lost, or the worker shall stop.
class Watch {
  public:
    Watch(JobStore& store, const Claim& claim, Reclaimer& reclaimer, const WorkerOptions& options,
          const CancelFlag& stop)
        : store_(store),
          claim_(claim),
          reclaimer_(reclaimer),
          stop_(stop),
          ticker_(std::chrono::milliseconds(options.poll_ms), [this] { tick(); }) {}

    const CancelFlag& cancel() const { return cancel_; }

    void report(double progress, std::string_view stage, double eta_s) {
        const std::lock_guard lock(mutex_);
        progress_ = progress;
        stage_ = stage;
        eta_s_ = eta_s;
        fresh_ = true;
    }

    Verdict verdict() const {
        const std::lock_guard lock(mutex_);
        return verdict_;
    }

  private:
    void tick() {
        if (stop_.requested()) cancel_.request();
        try_to(fmt::format("job {}: renewing the claim", claim_.job.id), [&] { ask(); });
        reclaimer_.now_and_then();
    }

    void ask() {
        const bool lease_wants_it =
            since_renewal_.seconds() * 1000 * 3 > static_cast<double>(store_.options().lease_ms);
        double progress = 0, eta_s = -1;
        std::string stage;
        bool renew = false;
        {
            const std::lock_guard lock(mutex_);
            renew = std::exchange(fresh_, false) || lease_wants_it;
            progress = progress_;
            stage = stage_;
            eta_s = eta_s_;
        }
        const Verdict verdict = renew ? store_.renew(claim_, progress, stage, eta_s) : store_.look(claim_);
        if (renew) since_renewal_.restart();
        if (verdict == Verdict::carry_on) return;
        {
            const std::lock_guard lock(mutex_);
            verdict_ = verdict;
        }
        cancel_.request();
    }

    JobStore& store_;
    const Claim& claim_;
    Reclaimer& reclaimer_;
    const CancelFlag& stop_;
    CancelFlag cancel_;
    mutable std::mutex mutex_;
    double progress_ = 0, eta_s_ = -1;
    std::string stage_;
    bool fresh_ = false;
    Verdict verdict_ = Verdict::carry_on;
    Stopwatch since_renewal_;
    Ticker ticker_;  // last: it uses all of the above
};

/// How an attempt ended, still to be told to the store.
struct Ending {
    enum class Kind { completed, failed, cancelled, released } kind = Kind::completed;
    std::string result;
    std::string error_code, message;
};

Ending failed(std::string_view code, std::string_view message) {
    return {Ending::Kind::failed, {}, std::string(code), std::string(message)};
}

Ending do_job(const Work& work, const Claim& claim, Watch& watch, const CancelFlag& stop) {
    const auto report = [&](double progress, std::string_view stage, double eta_s) {
        watch.report(progress, stage, eta_s);
    };
    try {
        return {Ending::Kind::completed, work.execute(claim, report, watch.cancel()), {}, {}};
    } catch (const Error& error) {
        if (error.code() != ErrorCode::cancelled) return failed(name_of(error.code()), error.what());
    } catch (const std::bad_alloc&) {
        return failed(name_of(ErrorCode::out_of_memory),
                      "not enough memory: try a smaller size or fewer frames, or close other programs");
    } catch (const std::exception& error) {
        return failed("internal", fmt::format("an unexpected failure, please report it: {}", error.what()));
    }
    const bool only_stopped = stop.requested() && watch.verdict() == Verdict::carry_on;
    return {only_stopped ? Ending::Kind::released : Ending::Kind::cancelled, {}, {}, {}};
}

bool tell(JobStore& store, const Claim& claim, const Ending& ending) {
    switch (ending.kind) {
        case Ending::Kind::completed:
            return store.complete(claim, ending.result);
        case Ending::Kind::failed:
            return store.fail(claim, ending.error_code, ending.message);
        case Ending::Kind::cancelled:
            return store.finish_cancelled(claim);
        case Ending::Kind::released:
            return store.release(claim);
    }
    return false;
}

/// A full disk, a locked file: what works again when somebody helps.
bool may_pass(const Error& error) { return error.code() == ErrorCode::io || error.code() == ErrorCode::busy; }

/// The work of hours must not be lost to a disk that is full for a minute.
bool tell_patiently(JobStore& store, const Claim& claim, const Ending& ending) {
    for (int tries = 1;; ++tries) {
        try {
            return tell(store, claim, ending);
        } catch (const Error& error) {
            if (!may_pass(error) || tries == kTriesToSayTheEnd) throw;
            log::warning(fmt::format("job {}: it has ended but that cannot be written down yet: {}",
                                     claim.job.id, error.what()));
        }
        ::usleep(kPauseBetweenTries_ms * 1000);
    }
}

void log_ending(const Claim& claim, const Ending& ending) {
    switch (ending.kind) {
        case Ending::Kind::completed:
            return;  // whoever did the work has said what came of it
        case Ending::Kind::failed:
            return log::error(
                fmt::format("job {}: failed ({}): {}", claim.job.id, ending.error_code, ending.message));
        case Ending::Kind::cancelled:
            return log::info(fmt::format("job {}: cancelled", claim.job.id));
        case Ending::Kind::released:
            return log::info(
                fmt::format("job {}: the worker stops, the job goes back into the queue", claim.job.id));
    }
}

void handle(JobStore& store, const Claim& claim, const Work& work, const WorkerOptions& options,
            Reclaimer& reclaimer, const CancelFlag& stop) {
    Ending ending;
    {
        Watch watch(store, claim, reclaimer, options, stop);
        ending = do_job(work, claim, watch, stop);
    }
    log_ending(claim, ending);
    if (tell_patiently(store, claim, ending)) return;
    log::warning(fmt::format("job {}: it was taken over by another worker; attempt {} is dropped",
                             claim.job.id, claim.attempt));
    if (store.give_up_output(claim) && work.discard_output) work.discard_output(claim.job);
}

std::optional<Claim> next_claim(JobStore& store, const ClaimRequest& request) {
    try {
        return store.claim(request);
    } catch (const Error& error) {
        if (!may_pass(error)) throw;
        log::warning(fmt::format("looking for work: {}", error.what()));
        ::usleep(kPauseBetweenTries_ms * 1000);
        return std::nullopt;
    }
}

/// In the list of workers while in scope.
class Enlisted {
  public:
    Enlisted(JobStore& store, std::string name, const std::string& lane)
        : store_(store), name_(std::move(name)) {
        store_.enlist({name_, lane, static_cast<int>(::getpid()), unix_ms()});
    }
    ~Enlisted() {
        try_to("leaving", [&] { store_.dismiss(name_); });
    }
    Enlisted(const Enlisted&) = delete;
    Enlisted& operator=(const Enlisted&) = delete;

  private:
    JobStore& store_;
    std::string name_;
};

}  // namespace

int run_worker(JobStore& store, const Work& work, const WorkerOptions& options, const CancelFlag& stop) {
    // Refused only where a limit forbids it, which is no reason not to work.
    if (options.niceness > 0) static_cast<void>(::setpriority(PRIO_PROCESS, 0, options.niceness));
    ClaimRequest request;
    request.worker = fresh_worker_name();
    request.lane = options.lane;
    request.name_taken = work.name_taken;
    const WorkerLife life = WorkerLife::begin(store.workers_folder(), request.worker);
    const Enlisted enlisted(store, request.worker, options.lane);
    Reclaimer reclaimer(store, work, options.lane);
    reclaimer.now();
    int taken = 0;
    while (!stop.requested()) {
        const std::optional<Claim> claim = next_claim(store, request);
        if (claim) {
            ++taken;
            handle(store, *claim, work, options, reclaimer, stop);
        } else if (options.when_idle == WhenIdle::leave) {
            break;
        } else {
            ::usleep(static_cast<useconds_t>(options.poll_ms) * 1000);
        }
        reclaimer.now_and_then();
    }
    return taken;
}

}  // namespace stillreel::jobs
