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

/// "models pull" of that subcommand.
std::string full_name(const CLI::App& command) {
    const CLI::App* parent = command.get_parent();
    const std::string own = command.get_name();
    return parent && parent->get_parent() ? full_name(*parent) + " " + own : own;
}

/// Words that no option or argument of `where` took.
void refuse_unknown(const CLI::App& where) {
    const std::string name = where.get_parent() ? full_name(where) + " " : "";
    const auto subcommands = where.get_subcommands([](const CLI::App*) { return true; });
    for (const std::string& word : where.remaining()) {
        const std::string help = fmt::format("see stillreel {}--help", name);
        if (word.size() > 1 && word.front() == '-')
            throw UsageError(
                fmt::format("unknown option {}{}; {}", word,
                            studio::did_you_mean(word.substr(0, word.find('=')), option_names(where)), help));
        if (subcommands.empty()) throw UsageError(fmt::format("unexpected word \"{}\"; {}", word, help));
        std::vector<std::string> names;
        for (const CLI::App* known : subcommands) names.push_back(known->get_name());
        throw UsageError(fmt::format("there is no command \"{}{}\"{}; {}", name, word,
                                     studio::did_you_mean(word, names), help));
    }
    for (const CLI::App* chosen : where.get_subcommands()) refuse_unknown(*chosen);
}

void keep_unknown_words(CLI::App& app) {
    app.allow_extras();
    for (CLI::App* known : app.get_subcommands({})) keep_unknown_words(*known);
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
    for (const auto& add : {add_generate, add_plan, add_inspect, add_presets, add_models, add_doctor,
                            add_bench, add_serve, add_work, add_jobs}) {
        Command command = add(app);
        commands[app.get_subcommands({}).back()] = std::move(command);
    }
    keep_unknown_words(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) {
        return app.exit(asked);  // --help, --version
    } catch (const CLI::ParseError& error) {
        throw UsageError(in_plain_words(error));
    }
    const auto chosen = app.get_subcommands();
    refuse_unknown(app);
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
