#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/lines.h"
#include "app/models_commands.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "weights/hub_pull.h"
#include "weights/model_folder.h"

namespace stillreel::app {
namespace {

using nlohmann::ordered_json;
using weights::Pulled;

constexpr double kSecondsBetweenLines = 5;

struct Arguments {
    std::string model;
    std::string revision = "main";
    std::string variant;
    bool update = false;
    bool json = false;
};

void print_event(const ordered_json& event) {
    print_line(stdout, event.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

/// What a user sees of a pull: a bar on a terminal, lines elsewhere, events with --json.
class View {
  public:
    explicit View(bool json) : json_(json), terminal_(isatty(STDERR_FILENO) == 1) {}
    ~View() { clear_bar(); }
    View(const View&) = delete;
    View& operator=(const View&) = delete;

    void begun(const std::string& repository, const weights::PullPlan& plan) {
        if (json_)
            return print_event({{"event", "started"},
                                {"model", repository},
                                {"commit", plan.commit},
                                {"files", plan.files},
                                {"bytes", plan.bytes},
                                {"bytes_here", plan.bytes_here}});
        const std::string here =
            plan.bytes_here > 0 ? fmt::format(", {} of them are here already", bytes_text(plan.bytes_here))
                                : "";
        print_line(stderr,
                   fmt::format("{}: {} files, {}{}", repository, plan.files, bytes_text(plan.bytes), here));
    }

    void note(const std::string& line) {
        if (json_) return print_event({{"event", "note"}, {"message", line}});
        clear_bar();
        print_line(stderr, one_line("note: " + line));
    }

    void progress(const weights::PullProgress& now) {
        const bool last = now.bytes == now.total;
        const double between = json_ || terminal_ ? 0.1 : kSecondsBetweenLines;
        if (!last && since_.seconds() < between) return;
        since_.restart();
        const double share =
            now.total > 0 ? static_cast<double>(now.bytes) / static_cast<double>(now.total) : 1;
        if (json_)
            return print_event({{"event", "progress"},
                                {"file", now.file},
                                {"bytes", now.bytes},
                                {"total", now.total},
                                {"progress", share},
                                {"bytes_per_second", now.bytes_per_second},
                                {"eta_seconds", now.seconds_left}});
        if (!terminal_) return print_line(stderr, fmt::format("{:3.0f}%  {}", 100 * share, numbers(now)));
        fmt::print(stderr, "\r{} {:3.0f}%  {}\033[K", bar_text(share), 100 * share, numbers(now));
        std::fflush(stderr);
        bar_shown_ = true;
    }

    void done(const std::string& repository, const Pulled& pulled, double seconds) {
        if (json_)
            return print_event({{"event", "done"},
                                {"model", repository},
                                {"folder", pulled.root.string()},
                                {"outcome", outcome(pulled)},
                                {"bytes_loaded", pulled.bytes_loaded},
                                {"seconds", seconds}});
        clear_bar();
        print_line(stderr, sentence(repository, pulled, seconds));
        print_line(stdout, pulled.root.string());
    }

    void error(const Error& error) {
        clear_bar();
        if (json_)
            print_event({{"event", "error"},
                         {"code", name_of(error.code())},
                         {"message", error.what()},
                         {"exit_code", exit_code(error.code())}});
    }

  private:
    static std::string numbers(const weights::PullProgress& now) {
        std::string text = fmt::format("{} of {}", bytes_text(now.bytes), bytes_text(now.total));
        if (now.bytes_per_second > 0)
            text +=
                fmt::format("  {}/s  {} left", bytes_text(static_cast<std::uint64_t>(now.bytes_per_second)),
                            duration_text(now.seconds_left));
        return text;
    }
    static const char* outcome(const Pulled& pulled) {
        switch (pulled.outcome) {
            case Pulled::Outcome::fetched:
                return "fetched";
            case Pulled::Outcome::was_there:
                return "was_there";
            case Pulled::Outcome::checked:
                return "checked";
        }
        return "";
    }
    static std::string sentence(const std::string& repository, const Pulled& pulled, double seconds) {
        if (pulled.outcome == Pulled::Outcome::checked)
            return fmt::format("{} is whole: {} files are as the Hub has them", repository, pulled.files);
        if (pulled.outcome == Pulled::Outcome::fetched)
            return fmt::format("{} is here: {} loaded in {}", repository, bytes_text(pulled.bytes_loaded),
                               duration_text(seconds));
        const auto missing = weights::missing_parts(weights::open_model_folder(pulled.root));
        if (!missing.empty())
            return fmt::format("{} is there, but {}: --update fetches what is missing", repository,
                               missing.front());
        return fmt::format("{} is there already; --update compares it with the Hub", repository);
    }
    void clear_bar() {
        if (!bar_shown_) return;
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
        bar_shown_ = false;
    }

    bool json_;
    bool terminal_;
    bool bar_shown_ = false;
    Stopwatch since_;
};

int pull(const Arguments& arguments) {
    weights::PullRequest request;
    request.repository = weights::repository_of(arguments.model);
    request.revision = arguments.revision;
    request.variant = arguments.variant;
    request.existing = arguments.update ? weights::Existing::check : weights::Existing::keep;
    request.endpoint = weights::hub_endpoint();
    request.models = weights::models_folder();
    View view(arguments.json);
    weights::PullHooks hooks;
    hooks.begun = [&](const weights::PullPlan& plan) { view.begun(request.repository, plan); };
    hooks.progress = [&](const weights::PullProgress& now) { view.progress(now); };
    hooks.note = [&](const std::string& line) { view.note(line); };
    hooks.cancel = &interrupt_flag();
    const Stopwatch since;
    try {
        const Pulled pulled = weights::pull_model(request, hooks);
        view.done(request.repository, pulled, since.seconds());
        return 0;
    } catch (const Error& error) {
        view.error(error);
        throw;
    }
}

}  // namespace

Command add_models_pull(CLI::App& models) {
    CLI::App* command = models.add_subcommand("pull", "Fetch a model from the Hugging Face Hub");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("MODEL", arguments->model, "OWNER/NAME, such as ali-vilab/i2vgen-xl")
        ->type_name("")
        ->required();
    command->add_option("--variant", arguments->variant, "Weights of this variant: fp16 is half the size")
        ->type_name("NAME");
    command->add_option("--revision", arguments->revision, "Branch, tag or commit (main)")->type_name("NAME");
    command->add_flag("--update,--force", arguments->update,
                      "Compare a model that is here with the Hub, and fetch what differs");
    command->add_flag("--json", arguments->json, "One JSON object per event on stdout");
    command->footer(
        "HF_ENDPOINT names a mirror, HF_TOKEN opens gated models, HF_HUB_OFFLINE forbids the network.");
    return [arguments] { return pull(*arguments); };
}

}  // namespace stillreel::app
