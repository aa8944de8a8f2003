// The loop of a worker process: take a job, have it done, say so, take the next.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/cancel.h"
#include "jobs/job_store.h"

namespace stillreel::jobs {

/// progress 0 to 1; eta_s: seconds left, negative when unknown. As often as one likes: only the last counts.
using ReportProgress = std::function<void(double progress, std::string_view stage, double eta_s)>;

/// What the loop calls. All but `execute` may be empty.
struct Work {
    /// Does the job, writes `claim.job.output` under its own name only when it is whole, and returns the
    /// result. When the flag is set it throws Error cancelled soon, or, where the job now says keep_partial,
    /// returns what there is. Any other Error fails the job with its sentence.
    std::function<std::string(const Claim& claim, const ReportProgress& report, const CancelFlag& cancel)>
        execute;
    /// The result of the attempt that wrote `job.output`, if that is there, whole and of this job. May be
    /// called while execute() runs, from another thread.
    FinishedAlready finished_already;
    /// Removes `job.output` and what was written of it; both may not be there. From any thread too.
    std::function<void(const Job& job)> discard_output;
    /// See ClaimRequest.
    std::function<bool(const std::string& output)> name_taken;
};

enum class WhenIdle { wait, leave };

struct WorkerOptions {
    std::string lane{kRenderLane};
    int poll_ms = 250;  // between looks at an empty queue, and at whether a running job is cancelled
    int niceness = 0;   // 0 to 19: how much the process gives way to others
    WhenIdle when_idle = WhenIdle::wait;
};

/// Works until `stop` is requested (the job under way then goes back to the queue), or, told to leave when
/// idle, until nothing is waiting. Returns the number of jobs it took. Failures of jobs are theirs; what it
/// throws itself is that the store cannot be used any more.
int run_worker(JobStore& store, const Work& work, const WorkerOptions& options, const CancelFlag& stop);

}  // namespace stillreel::jobs
