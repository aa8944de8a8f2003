#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "studio/generator.h"
#include "studio/presets.h"

namespace stillreel::app {
namespace {

void print_json() {
    auto list = nlohmann::ordered_json::array();
    for (const studio::Preset& preset : studio::presets())
        list.push_back({{"name", preset.name},
                        {"purpose", preset.purpose},
                        {"size", preset.size_px},
                        {"frames", preset.frames},
                        {"fps", to_string(preset.fps)},
                        {"duration", preset.duration_s()},
                        {"steps", preset.steps},
                        {"guidance", preset.guidance}});
    fmt::print("{}\n", list.dump(2));
}

void print_table() {
    fmt::print("{:10} {:>10} {:>8} {:>7} {:>6} {:>6} {:>9}\n", "preset", "short side", "seconds", "frames",
               "fps", "steps", "guidance");
    for (const studio::Preset& preset : studio::presets())
        fmt::print("{:10} {:>10} {:>8.2f} {:>7} {:>6} {:>6} {:>9.1f}  {}\n", preset.name, preset.size_px,
                   preset.duration_s(), preset.frames, to_string(preset.fps), preset.steps, preset.guidance,
                   preset.purpose);
    fmt::print(
        "\nThe animatic engine takes short side and seconds, and draws at 24 frames/s unless --fps says "
        "otherwise.\n"
        "Without a preset: short side 720, 4 seconds.\n"
        "The i2vgen-xl engine takes all of it. Without a preset: standard.\n\n");
    const studio::EngineRegistry engines = studio::standard_engines();
    for (const auto& engine : engines.all()) {
        const std::string reason = engine->unavailable();
        fmt::print("engine {}: {}{}\n", engine->name(), engine->purpose(),
                   reason.empty() ? "" : " (not here: " + reason + ")");
    }
}

}  // namespace

Command add_presets(CLI::App& app) {
    CLI::App* command = app.add_subcommand("presets", "List the presets and engines");
    auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "As JSON");
    return [json] {
        *json ? print_json() : print_table();
        return 0;
    };
}

}  // namespace stillreel::app
