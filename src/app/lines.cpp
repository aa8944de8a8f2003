#include "app/lines.h"

#include <fmt/core.h>

#include <algorithm>

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

void print_error(const std::string& message) { print_line(stderr, one_line("stillreel: error: " + message)); }

std::string bar_text(double share) {
    constexpr int kCells = 28;
    const int full = static_cast<int>(kCells * std::clamp(share, 0.0, 1.0));
    return fmt::format("[{}{}]", std::string(full, '#'), std::string(kCells - full, '.'));
}

}  // namespace stillreel::app
