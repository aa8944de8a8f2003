// Wall-clock time for names and records, steady time for durations.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace stillreel {

/// Local time as "20261122_160238", for file names.
std::string local_time_stamp(std::chrono::system_clock::time_point when);

/// UTC time as "2026-11-22T16:02:38Z", for records.
std::string utc_time(std::chrono::system_clock::time_point when);

/// Milliseconds since 1970, for records that programs compare.
std::int64_t unix_ms();
std::int64_t unix_ms(std::chrono::system_clock::time_point when);
std::int64_t unix_ms(std::filesystem::file_time_type when);
/// As above, of such a number.
std::string utc_time(std::int64_t unix_ms);

/// Seconds since construction or restart, from a clock that never jumps.
class Stopwatch {
  public:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    }
    void restart() { begin_ = std::chrono::steady_clock::now(); }

  private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace stillreel
