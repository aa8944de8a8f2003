#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace stillreel::log {
namespace {

// UTC: lines of several files are put in order, and a summer's end must not turn them round.
constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v";
constexpr std::string_view kTimeForm = "dddd-dd-ddTdd:dd:dd.dddZ";  // d: a digit

constexpr std::array<std::pair<Level, std::string_view>, 5> kNames = {{{Level::debug, "debug"},
                                                                       {Level::info, "info"},
                                                                       {Level::warning, "warning"},
                                                                       {Level::error, "error"},
                                                                       {Level::off, "off"}}};

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = spdlog::stderr_color_mt("stillreel");
        made->set_level(spdlog::level::warn);
        made->set_pattern(kPattern, spdlog::pattern_time_type::utc);
        return made;
    }();
    return *instance;
}

/// Prompts and file names stand in lines: none may begin a line of its own, or reach a terminal as a command.
std::string plain(std::string_view line) {
    std::string text(line);
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return text;
}

bool is_time(std::string_view text) {
    if (text.size() != kTimeForm.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (kTimeForm[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != kTimeForm[i]) return false;
    return true;
}

}  // namespace

std::string_view name_of(Level level) {
    for (const auto& [value, name] : kNames)
        if (value == level) return name;
    return "";
}

void set_level(Level level) {
    switch (level) {
        case Level::debug:
            logger().set_level(spdlog::level::debug);
            break;
        case Level::info:
            logger().set_level(spdlog::level::info);
            break;
        case Level::warning:
            logger().set_level(spdlog::level::warn);
            break;
        case Level::error:
            logger().set_level(spdlog::level::err);
            break;
        case Level::off:
            logger().set_level(spdlog::level::off);
            break;
    }
}

void also_to(const std::filesystem::path& file) {
    try {
        logger().sinks().push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string()));
        logger().set_pattern(kPattern, spdlog::pattern_time_type::utc);
    } catch (const spdlog::spdlog_ex& error) {
        throw Error(ErrorCode::io, "cannot write the log file " + file.string() + ": " + error.what());
    }
    logger().flush_on(spdlog::level::debug);
}

void debug(std::string_view line) { logger().debug("{}", plain(line)); }
void info(std::string_view line) { logger().info("{}", plain(line)); }
void warning(std::string_view line) { logger().warn("{}", plain(line)); }
void error(std::string_view line) { logger().error("{}", plain(line)); }

std::optional<Line> parse_line(std::string_view line) {
    if (!is_time(line.substr(0, kTimeForm.size()))) return std::nullopt;
    Line parsed;
    parsed.at = line.substr(0, kTimeForm.size());
    line.remove_prefix(kTimeForm.size());
    for (const auto& [level, name] : kNames)
        if (line.size() >= name.size() + 2 && line.front() == ' ' && line.substr(1, name.size()) == name &&
            line[name.size() + 1] == ' ') {
            parsed.level = level;
            parsed.text = line.substr(name.size() + 2);
            return parsed;
        }
    return std::nullopt;
}

}  // namespace stillreel::log

namespace stillreel::detail {

void check_failed(const char* file, int line, const char* what, const std::string& values) {
    std::string text = std::string("bug in stillreel: ") + file + ":" + std::to_string(line) + ": " + what;
    if (!values.empty()) text += " (" + values + ")";
    log::error(text);
    std::abort();
}

}  // namespace stillreel::detail
