#include "studio/machine_speed.h"

#include <fmt/core.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

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

/// Nothing unless it is whole.
std::optional<diffusion::MachineSpeed> speed_in(const nlohmann::json& speeds, const std::string& key) {
    const auto known = speeds.find(key);
    if (known == speeds.end() || !known->is_object()) return std::nullopt;
    const auto number = [&](const char* name) {
        const auto found = known->find(name);
        return found != known->end() && found->is_number() ? found->get<double>() : 0;
    };
    const diffusion::MachineSpeed speed{number("f32"), number("bf16"), number("int8"), number("copy")};
    const bool whole = speed.f32_flops_per_second > 0 && speed.bf16_flops_per_second > 0 &&
                       speed.int8_flops_per_second > 0 && speed.bytes_per_second > 0;
    return whole ? std::optional(speed) : std::nullopt;
}

}  // namespace

diffusion::MachineSpeed remembered_speed(int threads, const fs::path& cache) {
    const fs::path file = cache / "speed.json";
    const std::string key =
        fmt::format("{}, {} of {} cores, stillreel {}", cpu_level(), threads, available_threads(), version());
    nlohmann::json speeds = cache.empty() ? nlohmann::json::object() : read(file);
    if (const auto known = speed_in(speeds, key)) return *known;
    const diffusion::MachineSpeed speed = diffusion::measure_speed(threads);
    if (cache.empty()) return speed;
    speeds[key] = {{"f32", speed.f32_flops_per_second},
                   {"bf16", speed.bf16_flops_per_second},
                   {"int8", speed.int8_flops_per_second},
                   {"copy", speed.bytes_per_second}};
    try {
        write_file(file, speeds.dump(1) + "\n");
    } catch (const Error&) {
        return speed;  // only measured again
    }
    return speed;
}

}  // namespace stillreel::studio
