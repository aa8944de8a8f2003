#include "studio/machine_speed.h"

#include <fmt/core.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/threads.h"
#include "diffusion/machine_rate.h"
#include "studio/recipe.h"

namespace stillreel::studio {
namespace {

constexpr std::uint64_t kMaxBytes = 1u << 20;
// A machine that was busy when it was measured is not slow for ever.
constexpr std::chrono::hours kValid{24};

nlohmann::json read(const fs::path& file) {
    std::error_code failed;
    const auto written = fs::last_write_time(file, failed);
    if (failed || fs::file_time_type::clock::now() - written > kValid) return nlohmann::json::object();
    try {
        nlohmann::json speeds = nlohmann::json::parse(read_text_file(file, kMaxBytes), nullptr, false);
        if (speeds.is_object()) return speeds;
    } catch (const Error&) {
        return nlohmann::json::object();
    }
    return nlohmann::json::object();
}

}  // namespace

double remembered_flops_per_second(int threads, const fs::path& cache) {
    const fs::path file = cache / "speed.json";
    const std::string key =
        fmt::format("{}, {} of {} cores, stillreel {}", cpu_level(), threads, available_threads(), version());
    nlohmann::json speeds = cache.empty() ? nlohmann::json::object() : read(file);
    if (const auto known = speeds.find(key);
        known != speeds.end() && known->is_number() && known->get<double>() > 0)
        return known->get<double>();
    const double speed = diffusion::measure_flops_per_second(threads);
    if (cache.empty()) return speed;
    speeds[key] = speed;
    try {
        write_file(file, speeds.dump(1) + "\n");
    } catch (const Error&) {
        return speed;  // only measured again
    }
    return speed;
}

}  // namespace stillreel::studio
