#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/config.h"
#include "app/console.h"
#include "app/dry_run.h"
#include "app/models_commands.h"
#include "app/picture_list.h"
#include "app/spec_options.h"
#include "app/usage_error.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/file.h"
#include "base/threads.h"
#include "studio/fit_text.h"
#include "studio/generate.h"
#include "studio/output_name.h"

namespace stillreel::app {
namespace {

constexpr int kSomeFailed = 7;
constexpr int kUsage = 2;
constexpr int kCancelled = 130;

struct Arguments {
    SpecOptions spec;
    std::vector<std::string> pictures;
    std::string from;
    std::string output;
    std::string debug_folder;
    std::string preview;
    int threads = 0;  // 0: config, else all cores
    bool overwrite = false;
    bool keep_partial = false;
    bool packed_cache = false;
    bool no_resume = false;
    bool dry_run = false;
    bool json = false;
    bool quiet = false;
};

/// One clip to make: what goes in, and where it goes.
struct Task {
    studio::ClipRequest request;
    studio::RunOptions run;
    std::vector<std::string> notes;
    std::string shown;  // the picture's name in messages
};

/// Fields given on the command line are checked before any file is looked at: a slip there is a usage error.
void check_fields(const std::string& fields, const studio::EngineRegistry& engines) {
    try {
        const studio::ClipSpec spec = studio::parse_clip_spec(fields);
        engines.find(spec.engine);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::invalid_argument) throw;
        throw UsageError(error.what());
    }
}

bool is_folder(const std::string& output) {
    std::error_code failed;
    return !output.empty() && (output.back() == '/' || fs::is_directory(output, failed));
}

studio::RunOptions run_options(const Arguments& arguments, const Config& config, std::size_t clips) {
    studio::RunOptions run;
    run.threads = arguments.threads > 0 ? arguments.threads : config.threads.value_or(available_threads());
    run.outputs = config.outputs && !std::getenv("STILLREEL_OUTPUTS") ? fs::path(*config.outputs)
                                                                      : studio::default_outputs();
    run.uploads = data_home() / "uploads";
    run.cache = data_home() / "cache";
    run.debug_folder = arguments.debug_folder;
    run.preview = arguments.preview;
    if (arguments.keep_partial || config.keep_partial) run.on_cancel = studio::OnCancel::keep_partial;
    if (arguments.no_resume || !config.resume) run.resume = studio::Resume::no;
    if (arguments.packed_cache || config.packed_cache) run.packed_cache = packed_folder();
    if (arguments.overwrite) run.on_existing = studio::OnExisting::replace;
    if (is_folder(arguments.output))
        run.outputs = arguments.output;
    else if (clips > 1 && !arguments.output.empty())
        throw UsageError(fmt::format("{} pictures do not go into one file: give a folder, -o {}/", clips,
                                     fs::path(arguments.output).stem().string()));
    else
        run.output = arguments.output;
    if (!run.output.empty()) {
        try {
            media::format_of(run.output);
        } catch (const Error& error) {
            throw UsageError(error.what());
        }
    }
    return run;
}

/// generate photo.jpg "pan right": words without -p look like a picture's name.
void refuse_stray_prompt(const std::vector<fs::path>& pictures, const std::string& fields) {
    if (fields.find("\"prompt\":") != std::string::npos) return;
    const auto in_a_sentence = [](unsigned char c) { return c == ' ' || c >= 0x80; };
    for (const fs::path& picture : pictures) {
        const std::string text = picture.string();
        std::error_code failed;
        if (!looks_like_picture(picture) && std::any_of(text.begin(), text.end(), in_a_sentence) &&
            !fs::exists(picture, failed))
            throw UsageError(fmt::format(
                "there is no picture \"{}\"; if that is the prompt, put -p before it", text.substr(0, 60)));
    }
}

std::vector<Task> list_tasks(const Arguments& arguments, const Config& config, const std::string& fields,
                             const studio::EngineRegistry& engines) {
    std::vector<fs::path> pictures = list_pictures(arguments.pictures);
    if (pictures.empty() && arguments.from.empty())
        throw UsageError("give a picture: stillreel generate PICTURE -p \"what should move\"");
    if (std::find(pictures.begin(), pictures.end(), fs::path()) != pictures.end())
        throw UsageError("the name of a picture is empty: give a picture");
    refuse_stray_prompt(pictures, fields);
    std::vector<Task> tasks;
    const studio::RunOptions run = run_options(arguments, config, std::max<std::size_t>(1, pictures.size()));
    if (!arguments.from.empty()) {
        if (pictures.empty()) pictures.emplace_back();
        for (const fs::path& picture : pictures) {
            studio::RepeatRequest repeated =
                studio::repeat(arguments.from, fields, picture, run.uploads, engines, run.cache);
            const std::string name = repeated.request.picture.name;
            tasks.push_back({repeated.request, run, repeated.notes, name.empty() ? "picture" : name});
        }
        return tasks;
    }
    studio::ClipSpec spec = config.spec;
    studio::merge(spec, fields);
    for (const fs::path& picture : pictures) {
        spec.picture = picture.string();
        tasks.push_back({studio::request_of(spec), run, {}, picture.string()});
    }
    return tasks;
}

/// What other engines would make of the first picture, where none was asked for.
void add_offers(std::vector<Task>& tasks, const studio::EngineRegistry& engines) {
    Task& first = tasks.front();
    if (first.request.spec.engine != "auto") return;
    try {
        const image::Size picture = image::probe_picture(first.request.picture.path).size;
        for (const auto& engine : engines.all())
            if (const std::string offer =
                    engine->offer(first.request.spec, picture, first.run.threads, first.run.cache);
                !offer.empty())
                first.notes.push_back(offer);
    } catch (const Error&) {
        return;  // said when the picture is read
    }
}

studio::MadeClip make(const Task& task, int index, int count, const studio::EngineRegistry& engines,
                      Console& console) {
    studio::Observer observer;
    observer.started = [&](const studio::Started& event) {
        console.started(task.shown, index, count, event);
        for (const std::string& line : task.notes) console.note(line);
    };
    observer.note = [&](const std::string& line) { console.note(line); };
    observer.progress = [&](const studio::Progress& event) { console.progress(event); };
    observer.previewed = [&](const studio::Previewed& event) { console.previewed(event); };
    studio::MadeClip made = studio::generate(task.request, task.run, engines, observer, interrupt_flag());
    console.done(task.shown, made);
    return made;
}

struct Outcome {
    std::string picture;
    std::string text;  // the clip's name, or what was wrong
    bool made = false;
};

void print_summary(const std::vector<Outcome>& outcomes, Console& console, Voice voice) {
    int made = 0;
    std::size_t width = 0;
    for (const Outcome& outcome : outcomes) {
        made += outcome.made;
        width = std::max(width, outcome.picture.size());
    }
    console.summary(made, static_cast<int>(outcomes.size()) - made);
    if (voice != Voice::normal) return;
    fmt::print(stderr, "\n{} of {} clips made\n", made, outcomes.size());
    for (const Outcome& outcome : outcomes)
        fmt::print(stderr, "  {:{}}  {}  {}\n", outcome.picture, width, outcome.made ? "ok    " : "failed",
                   outcome.text);
}

/// An error that ends one picture of a batch but not the batch. What concerns the whole run is rethrown.
template <class Make>
Outcome attempt(const Task& task, Console& console, const Make& make_one) {
    const auto failed = [&](std::string_view code, const std::string& message, int exit) {
        console.error(task.shown, std::string(code), message, exit);
        return Outcome{task.shown, message, false};
    };
    try {
        return {task.shown, make_one(), true};
    } catch (const Error& error) {
        if (error.code() == ErrorCode::cancelled) throw;
        return failed(name_of(error.code()), error.what(), exit_code(error.code()));
    } catch (const std::bad_alloc&) {
        return failed("out_of_memory", "out of memory: choose a smaller --size",
                      exit_code(ErrorCode::out_of_memory));
    }
}

int make_all(const std::vector<Task>& tasks, const studio::EngineRegistry& engines, Console& console,
             Voice voice) {
    const int count = static_cast<int>(tasks.size());
    if (count == 1) return make(tasks[0], 0, 1, engines, console).partial_steps ? kCancelled : 0;
    std::vector<Outcome> outcomes;
    for (int i = 0; i < count; ++i) {
        bool stopped = false;
        outcomes.push_back(attempt(tasks[i], console, [&] {
            const studio::MadeClip made = make(tasks[i], i, count, engines, console);
            stopped = made.partial_steps.has_value();
            return made.output.string();
        }));
        if (stopped) return kCancelled;
    }
    print_summary(outcomes, console, voice);
    for (const Outcome& outcome : outcomes)
        if (!outcome.made) return kSomeFailed;
    return 0;
}

int plan_all(const std::vector<Task>& tasks, const studio::EngineRegistry& engines, Console& console,
             Voice voice) {
    const auto show = [&](const Task& task) {
        const studio::ClipPlan plan = studio::plan_clip(task.request, task.run, engines);
        print_dry_run(task.shown, task.request, plan, task.notes, voice);
        if (!plan.fits()) throw Error(ErrorCode::out_of_memory, studio::shortage(*plan.fit));
        return std::string();
    };
    if (tasks.size() == 1) return show(tasks[0]), 0;
    bool all = true;
    for (const Task& task : tasks) all &= attempt(task, console, [&] { return show(task); }).made;
    return all ? 0 : kSomeFailed;
}

int generate(const Arguments& arguments) {
    const Voice voice = arguments.json ? Voice::json : arguments.quiet ? Voice::quiet : Voice::normal;
    Console console(voice);
    std::string shown;
    // With --json the error is an event too; the line on stderr and the exit code are the caller's.
    const auto event = [&](std::string_view code, const std::string& message, int exit) {
        if (voice == Voice::json) console.error_event(shown, std::string(code), message, exit);
    };
    try {
        const studio::EngineRegistry engines = studio::standard_engines();
        const std::string fields = arguments.spec.to_json();
        check_fields(fields, engines);
        const Config config = arguments.from.empty() ? load_config() : Config{};
        std::vector<Task> tasks = list_tasks(arguments, config, fields, engines);
        if (tasks.size() == 1) shown = tasks[0].shown;
        if (voice != Voice::quiet) add_offers(tasks, engines);
        if (arguments.dry_run) return plan_all(tasks, engines, console, voice);
        return make_all(tasks, engines, console, voice);
    } catch (const UsageError& error) {
        event("usage", error.what(), kUsage);
        throw;
    } catch (const Error& error) {
        event(name_of(error.code()), error.what(), exit_code(error.code()));
        console.clear_bar();
        throw;
    }
}

void add_running_options(CLI::App& command, Arguments& arguments) {
    const char* running = "Running";
    command
        .add_option("--threads", arguments.threads,
                    "Threads to draw with; the frames do not depend on it [all cores]")
        ->check(CLI::Range(1, 256).description(""))
        ->type_name("N")
        ->group(running);
    command.add_flag("--dry-run", arguments.dry_run, "Show what would be made, and how long it would take")
        ->group(running);
    command
        .add_flag("--keep-partial", arguments.keep_partial,
                  "On Ctrl-C write what a diffusion clip has come to")
        ->group(running);
    command
        .add_flag("--no-resume", arguments.no_resume,
                  "Keep no steps of a diffusion clip to go on from, and use none")
        ->group(running);
    command
        .add_flag(
            "--packed-cache", arguments.packed_cache,
            "Keep a diffusion model's packed weights on disk (6 GB, int8 2 GB): later clips begin sooner")
        ->group(running);
    command
        .add_option("--preview", arguments.preview,
                    "A PNG that shows what a diffusion clip becomes, every few steps")
        ->type_name("FILE")
        ->group(running);
    command.add_flag("--json", arguments.json, "One JSON object per event on stdout")->group(running);
    command.add_flag("--quiet", arguments.quiet, "Print the clip's name and errors only")->group(running);
    command
        .add_option("--debug-dir", arguments.debug_folder,
                    "Write what was made on the way: depth, mask and layers, or tensors and frames")
        ->type_name("FOLDER")
        ->group(running);
}

}  // namespace

Command add_generate(CLI::App& app) {
    CLI::App* command = app.add_subcommand("generate", "Make a clip from a picture and a sentence");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("PICTURE", arguments->pictures, "JPEG, PNG or WebP files, or folders of them")
        ->type_name("");
    arguments->spec.add_to(*command);
    const char* file = "File";
    command
        ->add_option("-o,--output", arguments->output,
                     "FILE.mp4, .mov (ProRes), .gif, .webp, .png (a sequence), or a FOLDER/ "
                     "[outputs/video_DATE_TIME.mp4]")
        ->type_name("PATH")
        ->group(file);
    command->add_flag("--overwrite", arguments->overwrite, "Replace the file of -o if it is there")
        ->group(file);
    command->add_option("--from", arguments->from, "Repeat this clip; options given beside it change it")
        ->type_name("CLIP")
        ->group(file);
    add_running_options(*command, *arguments);
    command->footer(
        "Examples:\n"
        "  stillreel generate photo.jpg -p \"Camera slowly pushes in, heavy rain, red police lights in the "
        "distance\"\n"
        "  stillreel generate photo.jpg -p \"Truck left, gentle snow\" --size 1080 --duration 6 -o snow.mp4\n"
        "  stillreel generate a.jpg b.png frames/ -p \"Slow push-in\" -o shots/\n"
        "  stillreel generate --from clip.mp4 --size 1080\n"
        "  stillreel generate photo.jpg -p \"She turns her head and smiles\" --engine i2vgen-xl --dry-run\n"
        "\n"
        "No existing file is replaced unless --overwrite says so. Defaults of your own go into\n"
        "~/.config/stillreel/config.toml (docs/cli.md).");
    return [arguments] { return generate(*arguments); };
}

}  // namespace stillreel::app
