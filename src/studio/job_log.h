// What the log files say of one job: server and workers begin such lines with "job ID: ".
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace stillreel::studio {

/// However large the logs are, the work is bounded.
struct LogLimits {
    std::uint64_t bytes = 16u << 20;  // that are read, of the newest files' ends
    std::size_t lines = 500;          // that are returned, the last ones
    std::size_t files = 100;
};

/// Lines about `job` in the stillreel_*.log of `folder`, oldest first, "job ID: " left out. Files that were
/// last written before `since_ms` (Unix time) are not looked at. Empty where there is none.
std::vector<log::Line> job_log(const std::filesystem::path& folder, std::string_view job,
                               std::int64_t since_ms, const LogLimits& limits = {});

/// An array of {"at", "level", "text"}.
std::string log_json(const std::vector<log::Line>& lines);

}  // namespace stillreel::studio
