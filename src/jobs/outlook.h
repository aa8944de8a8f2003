// How long a job will take, said only as far as it is known.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "jobs/job_store.h"

namespace stillreel::jobs {

/// Seconds; none: nobody knows.
using Seconds = std::optional<double>;

/// What a job is expected to take: the median of what finished jobs of its shape took, else the estimate (0:
/// there is none), else none.
Seconds expected_duration(std::vector<double> finished_s, double estimate_s);

/// Until a running job is finished: what its worker says, else what is left of the expectation, else none. A
/// job that takes longer than expected has none, rather than 0.
Seconds time_left(const Job& running, Seconds expected, std::int64_t now_ms);

/// Until each of the waiting jobs is finished, when `workers` take them in this order, some of them busy for
/// `running_left` yet. None for a job that has to wait for something that nobody knows.
std::vector<Seconds> waiting_times(const std::vector<Seconds>& running_left,
                                   const std::vector<Seconds>& waiting, int workers);

}  // namespace stillreel::jobs
