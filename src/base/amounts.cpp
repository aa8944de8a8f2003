#include "base/amounts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace stillreel {

std::string bytes_text(std::uint64_t bytes) {
    const auto count = static_cast<double>(bytes);
    if (count < 999'500) return fmt::format("{:.0f} kB", std::max(1.0, count / 1e3));
    return count < 999.95e6 ? fmt::format("{:.1f} MB", count / 1e6) : fmt::format("{:.1f} GB", count / 1e9);
}

std::string duration_text(double seconds) {
    if (seconds < 99.5) return fmt::format("{:.0f} s", std::max(0.0, seconds));
    const long whole = std::lround(seconds);
    return whole < 6000 ? fmt::format("{}:{:02} min", whole / 60, whole % 60)
                        : fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

}  // namespace stillreel
