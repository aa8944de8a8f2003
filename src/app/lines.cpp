#include "app/lines.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace stillreel::app {

std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return text;
}

void print_line(std::FILE* to, const std::string& line) {
    std::fwrite(line.data(), 1, line.size(), to);
    std::fputc('\n', to);
    std::fflush(to);
}

std::string duration_text(double seconds) {
    if (seconds < 99.5) return fmt::format("{:.0f} s", std::max(0.0, seconds));
    const long whole = std::lround(seconds);
    return whole < 6000 ? fmt::format("{}:{:02} min", whole / 60, whole % 60)
                        : fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

std::string bytes_text(std::uint64_t bytes) {
    const auto count = static_cast<double>(bytes);
    if (count < 999'500) return fmt::format("{:.0f} kB", std::max(1.0, count / 1e3));
    return count < 999.95e6 ? fmt::format("{:.1f} MB", count / 1e6) : fmt::format("{:.1f} GB", count / 1e9);
}

void print_error(const std::string& message) { print_line(stderr, one_line("stillreel: error: " + message)); }

std::string bar_text(double share) {
    constexpr int kCells = 28;
    const int full = static_cast<int>(kCells * std::clamp(share, 0.0, 1.0));
    return fmt::format("[{}{}]", std::string(full, '#'), std::string(kCells - full, '.'));
}

}  // namespace stillreel::app
