// How fast this machine is, remembered.
#pragma once

#include <filesystem>

namespace stillreel::studio {

/// diffusion::measure_flops_per_second, remembered for a day in `cache` (empty: nowhere) by processor and
/// threads: a fast clip does not wait half a second to learn it each time.
double remembered_flops_per_second(int threads, const std::filesystem::path& cache);

}  // namespace stillreel::studio
