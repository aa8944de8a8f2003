#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands.h"
#include "app/usage_error.h"
#include "base/error.h"
#include "prompt/motion_plan.h"
#include "prompt/plan_table.h"
#include "studio/catalogue.h"
#include "studio/clip_spec.h"

namespace stillreel::app {
namespace {

struct Arguments {
    std::string prompt;
    std::string aspect = "16:9";
    double duration_s = 4;
    bool json = false;
};

studio::Aspect aspect_of(const std::string& text) {
    try {
        return studio::parse_aspect(text);
    } catch (const Error& error) {
        throw UsageError(error.what());
    }
}

int plan(const Arguments& arguments) {
    const double aspect = aspect_of(arguments.aspect).value();
    if (!arguments.json) {
        fmt::print("{}", prompt::to_table(prompt::parse_prompt(arguments.prompt, arguments.duration_s)));
        return 0;
    }
    fmt::print("{}\n", studio::prompt_plan_json(arguments.prompt, arguments.duration_s, aspect));
    return 0;
}

}  // namespace

Command add_plan(CLI::App& app) {
    CLI::App* command = app.add_subcommand("plan", "Show how a prompt is understood, without a picture");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("-p,--prompt,PROMPT", arguments->prompt, "The sentence")
        ->type_name("TEXT")
        ->required();
    command->add_option("--duration", arguments->duration_s, "Length of the clip in seconds [4]")
        ->type_name("S")
        ->check(CLI::Range(0.001, 86400.0).description(""));
    command->add_option("--aspect", arguments->aspect, "Of the frame [16:9]")->type_name("W:H");
    command->add_flag("--json", arguments->json,
                      "The plan and the camera's path as JSON (docs/motion-plan.md)");
    command->footer("Example:\n  stillreel plan -p \"Camera pans right slowly, then tilts up; light rain\"");
    return [arguments] { return plan(*arguments); };
}

}  // namespace stillreel::app
