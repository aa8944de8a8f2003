#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <memory>

#include "app/commands.h"
#include "app/config.h"
#include "app/models_commands.h"
#include "app/quick_process.h"
#include "app/usage_error.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "studio/clip_job.h"
#include "studio/model_pulls.h"
#include "studio/quick_tasks.h"

namespace stillreel::app {
namespace {

constexpr int kRenderNiceness = 10;
constexpr int kQuickPoll_ms = 10;
constexpr double kQuickTask_s = 20;

struct Arguments {
    std::string lane{jobs::kRenderLane};
    std::string home;
    double task_limit_s = kQuickTask_s;
    bool until_idle = false;
    bool packed_cache = false;
};

/// A worker that serve has started writes to serve's log already; one that was started by hand gets a file of
/// its own there.
void keep_log(const fs::path& logs) {
    std::error_code failed;
    const fs::path said_to = fs::read_symlink("/proc/self/fd/2", failed);
    if (!failed && fs::equivalent(said_to.parent_path(), logs, failed)) return;
    log::also_to(logs / fmt::format("stillreel_{}_worker_{}.log",
                                    local_time_stamp(std::chrono::system_clock::now()), ::getpid()));
}

jobs::Work task_of(const Arguments& arguments, jobs::JobStore& store, const studio::EngineRegistry& engines,
                   const studio::ServiceFolders& folders) {
    if (arguments.lane == studio::kPullLane) return studio::pull_work(folders);
    if (arguments.lane == jobs::kRenderLane)
        return studio::clip_work(
            store, engines, folders,
            arguments.packed_cache || load_config().packed_cache ? packed_folder() : fs::path());
    const auto limit = std::chrono::milliseconds(std::lround(1000 * arguments.task_limit_s));
    return bounded(studio::quick_work(engines, folders), store, limit);
}

int work(const Arguments& arguments) {
    const bool quick = arguments.lane == jobs::kQuickLane;
    if (!quick && arguments.lane != studio::kPullLane && arguments.lane != jobs::kRenderLane)
        throw UsageError(fmt::format("there is no lane \"{}\" to work on; known: {}, {}, {}", arguments.lane,
                                     jobs::kRenderLane, jobs::kQuickLane, studio::kPullLane));
    // Models and settings of the machine are looked for beside the jobs.
    if (!arguments.home.empty()) ::setenv("STILLREEL_HOME", fs::absolute(arguments.home).c_str(), 1);
    const studio::ServiceFolders folders{data_home()};
    log::set_level(log::Level::info);
    keep_log(folders.logs());
    const studio::EngineRegistry engines = studio::standard_engines();
    if (quick) bound_this_process();
    jobs::StoreOptions kept;
    if (quick) kept.durability = jobs::Durability::crash;
    jobs::JobStore store = jobs::JobStore::open(folders.database(), kept);
    jobs::WorkerOptions options;
    options.lane = arguments.lane;
    if (quick)
        options.poll_ms = kQuickPoll_ms;
    else
        options.niceness = kRenderNiceness;
    const jobs::Work task = task_of(arguments, store, engines, folders);
    if (arguments.until_idle) options.when_idle = jobs::WhenIdle::leave;
    log::info(fmt::format("working for {}", folders.database().string()));
    const int taken = jobs::run_worker(store, task, options, interrupt_flag());
    log::info(fmt::format("leaving after {} jobs", taken));
    return 0;
}

}  // namespace

Command add_work(CLI::App& app) {
    CLI::App* command = app.add_subcommand("work", "Make the clips that wait in the queue of serve");
    auto arguments = std::make_shared<Arguments>();
    command
        ->add_option("--lane", arguments->lane,
                     "Which jobs to take: render; quick, which is uploads, thumbnails and previews; or pull, "
                     "which fetches models [render]")
        ->type_name("NAME");
    command->add_option("--home", arguments->home, "Folder of the service's data [$STILLREEL_HOME]")
        ->type_name("FOLDER");
    command
        ->add_option("--task-limit", arguments->task_limit_s,
                     "Seconds that one job of the quick lane may take [20]")
        ->check(CLI::Range(0.01, 3600.0).description(""))
        ->type_name("N");
    command->add_flag("--until-idle", arguments->until_idle, "Leave when nothing waits");
    command->add_flag("--packed-cache", arguments->packed_cache,
                      "As generate --packed-cache, in the render lane");
    command->footer(
        "serve starts its own worker. More of them may run beside it, under other users' priorities or\n"
        "limits: no job is made twice. Ctrl-C puts the clip under way back into the queue.");
    return [arguments] { return work(*arguments); };
}

}  // namespace stillreel::app
