#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/lines.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "jobs/job_store.h"
#include "studio/clip_job.h"
#include "studio/job_log.h"
#include "studio/progress_picture.h"
#include "studio/quick_cache.h"

namespace stillreel::app {
namespace {

using nlohmann::ordered_json;

constexpr int kDefaultLimit = 100;
constexpr int kMaxGcDays = 36500;

struct Arguments {
    std::string home;
    std::string id;
    std::string state;
    int limit = kDefaultLimit;
    int days = 1;
    bool keep_partial = false;
    bool json = false;
};

using Shared = std::shared_ptr<Arguments>;

studio::ServiceFolders folders_of(const Arguments& arguments) {
    return {arguments.home.empty() ? data_home() : fs::absolute(arguments.home)};
}

jobs::JobStore open_store(const Arguments& arguments) {
    const fs::path file = folders_of(arguments).database();
    if (!fs::exists(file))
        throw Error(
            ErrorCode::not_found,
            fmt::format("there are no jobs in {}: `stillreel serve` makes the queue; another place is "
                        "named with --home",
                        file.parent_path().string()));
    return jobs::JobStore::open(file);
}

ordered_json time_or_null(std::int64_t unix_ms) {
    return unix_ms == 0 ? ordered_json(nullptr) : ordered_json(utc_time(unix_ms));
}

ordered_json parsed_or_null(const std::string& text) {
    ordered_json json = ordered_json::parse(text, nullptr, false);
    return json.is_object() ? json : ordered_json(nullptr);
}

ordered_json to_json(const jobs::Job& job) {
    ordered_json error = nullptr;
    if (!job.error_code.empty()) error = {{"code", job.error_code}, {"message", job.error_message}};
    return {{"id", job.id},
            {"state", jobs::name_of(job.state)},
            {"progress", job.progress},
            {"stage", job.stage},
            {"eta_seconds", job.eta_s < 0 ? ordered_json(nullptr) : ordered_json(job.eta_s)},
            {"priority", job.priority},
            {"attempt", job.attempt},
            {"crashes", job.crashes},
            {"cancel_requested", job.cancel_requested},
            {"deleted", job.deleted()},
            {"batch", job.batch},
            {"shape", job.shape},
            {"spec", parsed_or_null(job.spec)},
            {"output", job.output},
            {"result", parsed_or_null(job.result)},
            {"error", error},
            {"created_at", time_or_null(job.created_ms)},
            {"started_at", time_or_null(job.started_ms)},
            {"finished_at", time_or_null(job.finished_ms)}};
}

void print_json(const ordered_json& value) {
    print_line(stdout, value.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

std::string remark_on(const jobs::Job& job) {
    switch (job.state) {
        case jobs::State::running:
            return job.eta_s < 0 ? job.stage
                                 : fmt::format("{}, {} left", job.stage, duration_text(job.eta_s));
        case jobs::State::completed:
            return job.output;
        case jobs::State::failed:
            return job.error_message;
        case jobs::State::queued:
        case jobs::State::cancelled:
            return "";
    }
    return "";
}

int list(const Arguments& arguments) {
    jobs::Filter filter;
    filter.limit = arguments.limit;
    if (!arguments.state.empty()) filter.states = {jobs::parse_state(arguments.state)};
    jobs::JobStore store = open_store(arguments);
    const std::vector<jobs::Job> found = store.list(filter);
    if (arguments.json) {
        auto rows = ordered_json::array();
        for (const jobs::Job& job : found) rows.push_back(to_json(job));
        print_json(rows);
        return 0;
    }
    for (const jobs::Job& job : found)
        print_line(stdout,
                   one_line(fmt::format("{}  {:9}  {:4.0f} %  {:26}  {}", job.id, jobs::name_of(job.state),
                                        100 * job.progress, job.shape, remark_on(job))));
    if (found.empty()) print_line(stdout, "No jobs.");
    return 0;
}

int show_job(const jobs::Job& job, const Arguments& arguments) {
    const ordered_json object = to_json(job);
    if (arguments.json) {
        print_json(object);
        return 0;
    }
    for (const auto& [name, value] : object.items()) {
        if (value.is_null() || value == "") continue;
        const std::string text = value.is_string()
                                     ? value.get<std::string>()
                                     : value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
        print_line(stdout, one_line(fmt::format("{:16}  {}", name, text)));
    }
    return 0;
}

int show(const Arguments& arguments) {
    const jobs::Job job = open_store(arguments).get(arguments.id);
    const auto lines = studio::job_log(folders_of(arguments).logs(), job.id, job.created_ms);
    if (arguments.json) {
        ordered_json object = to_json(job);
        object["log"] = ordered_json::parse(studio::log_json(lines));
        print_json(object);
        return 0;
    }
    show_job(job, arguments);
    if (!lines.empty()) print_line(stdout, "log");
    for (const log::Line& line : lines)
        print_line(stdout,
                   one_line(fmt::format("  {}  {:7}  {}", line.at, log::name_of(line.level), line.text)));
    return 0;
}

int cancel(const Arguments& arguments) {
    const auto partial = arguments.keep_partial ? jobs::Partial::keep : jobs::Partial::discard;
    return show_job(open_store(arguments).cancel(arguments.id, partial), arguments);
}

int retry(const Arguments& arguments) {
    return show_job(open_store(arguments).retry(arguments.id), arguments);
}

/// What was deleted goes for good, its files first.
int gc(const Arguments& arguments) {
    const studio::ServiceFolders folders = folders_of(arguments);
    jobs::JobStore store = open_store(arguments);
    const std::int64_t before_ms =
        unix_ms(std::chrono::system_clock::now() - std::chrono::hours(24 * arguments.days));
    jobs::Filter filter;
    filter.deleted = true;
    filter.limit = 1'000'000;
    int removed = 0;
    for (const jobs::Job& job : store.list(filter)) {
        if (job.state == jobs::State::running || job.deleted_ms > before_ms) continue;
        studio::remove_output(job, folders);
        studio::forget_clip_pictures(folders.quick(), job.id);
        store.purge(job.id);
        ++removed;
    }
    studio::tidy_quick_cache(folders.quick());
    studio::remove_stray_progress(store, folders);
    if (arguments.json)
        print_json({{"removed", removed}});
    else
        print_line(stdout, fmt::format("{} deleted jobs were removed for good", removed));
    return 0;
}

CLI::App* add_one(CLI::App& parent, const char* name, const char* purpose, const Shared& arguments) {
    CLI::App* command = parent.add_subcommand(name, purpose);
    command->add_option("--home", arguments->home, "Folder of the service's data [$STILLREEL_HOME]")
        ->type_name("FOLDER");
    command->add_flag("--json", arguments->json, "As JSON");
    return command;
}

CLI::App* add_one_with_id(CLI::App& parent, const char* name, const char* purpose, const Shared& arguments) {
    CLI::App* command = add_one(parent, name, purpose, arguments);
    command->add_option("JOB", arguments->id, "The job's id, as list shows it")->type_name("")->required();
    return command;
}

}  // namespace

Command add_jobs(CLI::App& app) {
    CLI::App* parent = app.add_subcommand("jobs", "Look after the queue of serve");
    parent->require_subcommand(0, 1);
    parent->footer("Example:\n  stillreel jobs list --state failed");
    const auto arguments = std::make_shared<Arguments>();
    auto commands = std::make_shared<std::map<const CLI::App*, int (*)(const Arguments&)>>();
    CLI::App* listing = add_one(*parent, "list", "The jobs, newest first", arguments);
    listing
        ->add_option("--state", arguments->state, "Only these: queued, running, completed, failed, cancelled")
        ->type_name("NAME");
    listing->add_option("--limit", arguments->limit, "At most so many [100]")
        ->check(CLI::Range(1, 1'000'000).description(""))
        ->type_name("N");
    (*commands)[listing] = list;
    (*commands)[add_one_with_id(*parent, "show", "All about one job", arguments)] = show;
    CLI::App* cancelling =
        add_one_with_id(*parent, "cancel", "Stop a job, or take it off the queue", arguments);
    cancelling->add_flag("--keep-partial", arguments->keep_partial,
                         "Finish with what a diffusion clip has come to");
    (*commands)[cancelling] = cancel;
    (*commands)[add_one_with_id(*parent, "retry", "Queue a failed or cancelled job again", arguments)] =
        retry;
    CLI::App* collecting =
        add_one(*parent, "gc", "Remove for good what was deleted, with its files", arguments);
    collecting->add_option("--days", arguments->days, "Only what was deleted so many days ago [1]")
        ->check(CLI::Range(0, kMaxGcDays).description(""))
        ->type_name("N");
    (*commands)[collecting] = gc;
    return [parent, commands, arguments] {
        const auto chosen = parent->get_subcommands();
        if (!chosen.empty()) return commands->at(chosen.front())(*arguments);
        fmt::print("{}", parent->help());
        return 0;
    };
}

}  // namespace stillreel::app
