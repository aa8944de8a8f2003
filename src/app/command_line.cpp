#include "app/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <map>
#include <new>

#include "app/commands.h"
#include "app/console.h"
#include "app/usage_error.h"
#include "base/cancel.h"
#include "base/error.h"
#include "studio/recipe.h"
#include "studio/suggest.h"

namespace stillreel::app {
namespace {

constexpr int kUsage = 2;
constexpr int kOutOfMemory = 5;
constexpr int kUncaught = 1;

constexpr const char* kExamples =
    "Examples:\n"
    "  stillreel generate photo.jpg -p \"Camera slowly pushes in, heavy rain\"\n"
    "  stillreel generate photo.jpg -p \"Pan right, then tilt up\" --aspect 9:16 --duration 6 -o clip.mp4\n"
    "  stillreel generate storyboard/ -p \"镜头缓慢推近，小雨\"\n"
    "  stillreel plan -p \"Orbit left while it snows\"\n"
    "  stillreel generate --from clip.mp4 --seed 7\n"
    "\n"
    "stillreel COMMAND --help shows all options of a command.";

std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

/// Words that no option or argument took.
void refuse_unknown(const CLI::App& app, const CLI::App* command) {
    const CLI::App& where = command ? *command : app;
    for (const std::string& word : where.remaining()) {
        const std::string help =
            fmt::format("see stillreel {}--help", command ? command->get_name() + " " : "");
        if (word.size() > 1 && word.front() == '-')
            throw UsageError(
                fmt::format("unknown option {}{}; {}", word,
                            studio::did_you_mean(word.substr(0, word.find('=')), option_names(where)), help));
        if (command) throw UsageError(fmt::format("unexpected word \"{}\"; {}", word, help));
        std::vector<std::string> names;
        for (const CLI::App* known : app.get_subcommands({})) names.push_back(known->get_name());
        throw UsageError(
            fmt::format("there is no command \"{}\"{}; {}", word, studio::did_you_mean(word, names), help));
    }
}

/// CLI11's message, reworded where it is not a sentence.
std::string in_plain_words(const CLI::ParseError& error) {
    std::string message = error.what();
    if (const auto at = message.find(": At Most 1 required"); at != std::string::npos)
        return message.substr(0, at) + " is given more than once: give it once";
    return message;
}

int parse_and_run(int argc, char** argv) {
    CLI::App app("stillreel makes moving shots out of still pictures.", "stillreel");
    app.set_version_flag("--version", fmt::format("stillreel {}", studio::version()), "Print the version");
    app.footer(kExamples);
    app.require_subcommand(0, 1);
    app.get_formatter()->column_width(30);
    std::map<const CLI::App*, Command> commands;
    for (const auto& add : {add_generate, add_plan, add_inspect, add_presets, add_doctor}) {
        Command command = add(app);
        commands[app.get_subcommands({}).back()] = std::move(command);
    }
    for (CLI::App* known : app.get_subcommands({})) known->allow_extras();
    app.allow_extras();
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) {
        return app.exit(asked);  // --help, --version
    } catch (const CLI::ParseError& error) {
        throw UsageError(in_plain_words(error));
    }
    const auto chosen = app.get_subcommands();
    refuse_unknown(app, chosen.empty() ? nullptr : chosen.front());
    if (chosen.empty()) {
        fmt::print("{}", app.help());
        return 0;
    }
    return commands.at(chosen.front())();
}

}  // namespace

int run(int argc, char** argv) {
    // A file size limit then answers with an error, as a full disk does, instead of killing the process.
    std::signal(SIGXFSZ, SIG_IGN);
    // Whoever reads our lines may stop to: the clip is made all the same, and no half of it is left behind.
    std::signal(SIGPIPE, SIG_IGN);
    interrupt_flag();
    try {
        return parse_and_run(argc, argv);
    } catch (const UsageError& error) {
        print_error(error.what());
        return kUsage;
    } catch (const Error& error) {
        print_error(error.what());
        return exit_code(error.code());
    } catch (const std::bad_alloc&) {
        print_error("out of memory: choose a smaller --size, or close other programs");
        return kOutOfMemory;
    } catch (const std::exception& error) {
        print_error(error.what());
        return kUncaught;
    }
}

}  // namespace stillreel::app
