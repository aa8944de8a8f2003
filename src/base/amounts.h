// Amounts as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace stillreel {

/// "38 kB", "2.1 MB", "25.3 GB".
std::string bytes_text(std::uint64_t bytes);

/// "42 s", "3:05 min", "2:10 h".
std::string duration_text(double seconds);

}  // namespace stillreel
