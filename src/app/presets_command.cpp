#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands.h"
#include "studio/catalogue.h"
#include "studio/generator.h"
#include "studio/presets.h"

namespace stillreel::app {
namespace {

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
                   reason.empty() ? "" : " (not ready: " + reason + ")");
    }
}

}  // namespace

Command add_presets(CLI::App& app) {
    CLI::App* command = app.add_subcommand("presets", "List the presets and engines");
    auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "As JSON");
    return [json] {
        if (*json)
            fmt::print("{}\n", studio::presets_json());
        else
            print_table();
        return 0;
    };
}

}  // namespace stillreel::app
