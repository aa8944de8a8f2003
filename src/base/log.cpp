#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

#include "base/check.h"
#include "base/error.h"

namespace stillreel::log {
namespace {

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = spdlog::stderr_color_mt("stillreel");
        made->set_level(spdlog::level::warn);
        return made;
    }();
    return *instance;
}

}  // namespace

void set_level(Level level) {
    switch (level) {
        case Level::debug: logger().set_level(spdlog::level::debug); break;
        case Level::info: logger().set_level(spdlog::level::info); break;
        case Level::warning: logger().set_level(spdlog::level::warn); break;
        case Level::error: logger().set_level(spdlog::level::err); break;
        case Level::off: logger().set_level(spdlog::level::off); break;
    }
}

void also_to(const std::filesystem::path& file) {
    try {
        logger().sinks().push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string()));
    } catch (const spdlog::spdlog_ex& error) {
        throw Error(ErrorCode::io, "cannot write the log file " + file.string() + ": " + error.what());
    }
    logger().flush_on(spdlog::level::debug);
}

void debug(std::string_view line) { logger().debug("{}", line); }
void info(std::string_view line) { logger().info("{}", line); }
void warning(std::string_view line) { logger().warn("{}", line); }
void error(std::string_view line) { logger().error("{}", line); }

}  // namespace stillreel::log

namespace stillreel::detail {

void check_failed(const char* file, int line, const char* what, const std::string& values) {
    std::string text = std::string("bug in stillreel: ") + file + ":" + std::to_string(line) + ": " + what;
    if (!values.empty()) text += " (" + values + ")";
    log::error(text);
    std::abort();
}

}  // namespace stillreel::detail
