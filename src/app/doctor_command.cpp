#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/config.h"
#include "app/console.h"
#include "app/models_commands.h"
#include "base/error.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/threads.h"
#include "image/capabilities.h"
#include "media/capabilities.h"
#include "studio/generator.h"
#include "studio/output_name.h"
#include "studio/recipe.h"
#include "weights/model_folder.h"
#include "weights/packed_cache.h"

namespace stillreel::app {
namespace {

constexpr std::uint64_t kLowDiskBytes = 1u << 30;
constexpr std::uint64_t kLowMemoryBytes = 512u << 20;

/// One line of the report.
struct Finding {
    std::string name;
    std::string value;
    std::string remedy;  // empty: all is well
};

Finding memory() {
    const std::uint64_t total = total_memory_bytes();
    return {"memory", fmt::format("{}, {} free", bytes_text(total), bytes_text(free_memory_bytes())),
            total < kLowMemoryBytes ? "clips at 1080p need about 450 MB: choose --size 512" : ""};
}

Finding folder(const char* name, const fs::path& path) {
    Finding finding{name, path.string(), ""};
    try {
        studio::check_writable(path, 0);
        const std::uint64_t available = free_bytes(path);
        finding.value += fmt::format(", {} free", bytes_text(available));
        if (available < kLowDiskBytes) finding.remedy = "less than 1 GB is left there: make room";
    } catch (const Error& error) {
        finding.remedy = error.what();
    }
    return finding;
}

Finding config() {
    const fs::path path = config_path();
    try {
        return {"config", path.string() + (load_config().found ? "" : " (none)"), ""};
    } catch (const Error& error) {
        return {"config", path.string(), error.what()};
    }
}

void add_models(std::vector<Finding>& findings) {
    for (const weights::InstalledModel& model : weights::installed_models())
        findings.push_back({"model", fmt::format("{}, {}", model.name, model.root.string()), ""});
    if (findings.back().name != "model") findings.push_back({"models", "none", ""});
}

Finding packed_weights() {
    std::uint64_t bytes = 0;
    const std::vector<weights::PackedCacheFile> files = weights::packed_cache_files(packed_folder());
    for (const weights::PackedCacheFile& file : files) bytes += file.bytes;
    if (files.empty()) return {"packed weights", "none kept (--packed-cache keeps them)", ""};
    return {"packed weights",
            fmt::format("{} in {} file{}, {}", bytes_text(bytes), files.size(), files.size() == 1 ? "" : "s",
                        packed_folder().string()),
            ""};
}

std::vector<Finding> examine() {
    std::vector<Finding> findings;
    findings.push_back({"stillreel", std::string(studio::version()), ""});
    findings.push_back(
        {"processor", fmt::format("{} cores, level {}", available_threads(), studio::cpu_level()),
         studio::cpu_level() == "baseline" ? "it works, but slowly: processors since 2013 have AVX2" : ""});
    findings.push_back(memory());
    for (const auto& [name, version] : image::library_versions()) findings.push_back({name, version, ""});
    for (const auto& [name, version] : media::library_versions()) findings.push_back({name, version, ""});
    findings.push_back(
        {"licence", media::library_licence() + " (FFmpeg's, so of this binary: THIRD_PARTY.md)", ""});
    for (const media::Encoder& encoder : media::encoders())
        findings.push_back(
            {"writes " + encoder.format, encoder.present ? encoder.name : "no " + encoder.name,
             encoder.present ? "" : "install an FFmpeg with it (Debian: apt-get install libavcodec59)"});
    const studio::EngineRegistry engines = studio::standard_engines();
    // An engine without weights is a choice, not a fault.
    for (const auto& engine : engines.all()) {
        const std::string reason = engine->unavailable();
        findings.push_back({"engine", engine->name() + (reason.empty() ? "" : ", not ready: " + reason), ""});
    }
    add_models(findings);
    findings.push_back(packed_weights());
    findings.push_back({"label words", "built in (no fonts needed)", ""});
    findings.push_back(config());
    findings.push_back(folder("outputs", studio::default_outputs()));
    findings.push_back(folder("data", data_home()));
    return findings;
}

int report(const std::vector<Finding>& findings, bool as_json) {
    int problems = 0;
    auto list = nlohmann::ordered_json::array();
    for (const Finding& finding : findings) {
        const bool fine = finding.remedy.empty();
        problems += !fine;
        list.push_back({{"name", finding.name}, {"value", finding.value}, {"ok", fine}});
        if (!fine) list.back()["remedy"] = finding.remedy;
        if (as_json) continue;
        fmt::print("{:3} {:14} {}\n", fine ? "ok" : "!!", finding.name, finding.value);
        if (!fine) fmt::print("    {:14} -> {}\n", "", finding.remedy);
    }
    if (as_json)
        fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    else
        fmt::print("\n{}\n", problems == 0 ? "All is well." : fmt::format("{} of these need you.", problems));
    return problems == 0 ? 0 : 1;
}

}  // namespace

Command add_doctor(CLI::App& app) {
    CLI::App* command = app.add_subcommand("doctor", "Say what is installed, what works and what to do");
    auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "As JSON");
    return [json] { return report(examine(), *json); };
}

}  // namespace stillreel::app
