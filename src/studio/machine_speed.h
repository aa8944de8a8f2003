// How fast this machine is, remembered.
#pragma once

#include <filesystem>

#include "diffusion/work.h"

namespace stillreel::studio {

/// diffusion::measure_speed, remembered for a day in `cache` (empty: nowhere) by processor and
/// threads: a fast clip does not wait half a second to learn it each time.
diffusion::MachineSpeed remembered_speed(int threads, const std::filesystem::path& cache);

}  // namespace stillreel::studio
