#include "base/clock.h"

#include <ctime>

namespace stillreel {
namespace {

std::string formatted(const std::tm& parts, const char* format) {
    char text[32];
    return std::string(text, std::strftime(text, sizeof(text), format, &parts));
}

}  // namespace

std::string local_time_stamp(std::chrono::system_clock::time_point when) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
    std::tm parts{};
    localtime_r(&seconds, &parts);
    return formatted(parts, "%Y%m%d_%H%M%S");
}

std::string utc_time(std::chrono::system_clock::time_point when) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return formatted(parts, "%Y-%m-%dT%H:%M:%SZ");
}

std::int64_t unix_ms() { return unix_ms(std::chrono::system_clock::now()); }

std::int64_t unix_ms(std::chrono::system_clock::time_point when) {
    using namespace std::chrono;
    return duration_cast<milliseconds>(when.time_since_epoch()).count();
}

std::int64_t unix_ms(std::filesystem::file_time_type when) {
    using namespace std::chrono;
    return duration_cast<milliseconds>(file_clock::to_sys(when).time_since_epoch()).count();
}

std::string utc_time(std::int64_t unix_ms) {
    return utc_time(std::chrono::system_clock::time_point(std::chrono::milliseconds(unix_ms)));
}

}  // namespace stillreel
