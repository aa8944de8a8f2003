#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "app/commands.h"
#include "app/usage_error.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "studio/clip_job.h"
#include "studio/model_pulls.h"

namespace stillreel::app {
namespace {

constexpr int kNiceness = 10;

struct Arguments {
    std::string lane{jobs::kRenderLane};
    std::string home;
    bool until_idle = false;
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

int work(const Arguments& arguments) {
    const bool pulling = arguments.lane == studio::kPullLane;
    if (!pulling && arguments.lane != jobs::kRenderLane)
        throw UsageError(fmt::format("there is no lane \"{}\" to work on; known: {}, {}", arguments.lane,
                                     jobs::kRenderLane, studio::kPullLane));
    // Models and settings of the machine are looked for beside the jobs.
    if (!arguments.home.empty()) ::setenv("STILLREEL_HOME", fs::absolute(arguments.home).c_str(), 1);
    const studio::ServiceFolders folders{data_home()};
    log::set_level(log::Level::info);
    keep_log(folders.logs());
    const studio::EngineRegistry engines = studio::standard_engines();
    jobs::JobStore store = jobs::JobStore::open(folders.database());
    jobs::WorkerOptions options;
    options.lane = arguments.lane;
    options.niceness = kNiceness;
    if (arguments.until_idle) options.when_idle = jobs::WhenIdle::leave;
    log::info(fmt::format("working for {}", folders.database().string()));
    const jobs::Work task = pulling ? studio::pull_work(folders) : studio::clip_work(store, engines, folders);
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
                     "Which jobs to take: render, or pull, which fetches models [render]")
        ->type_name("NAME");
    command->add_option("--home", arguments->home, "Folder of the service's data [$STILLREEL_HOME]")
        ->type_name("FOLDER");
    command->add_flag("--until-idle", arguments->until_idle, "Leave when nothing waits");
    command->footer(
        "serve starts its own worker. More of them may run beside it, under other users' priorities or\n"
        "limits: no job is made twice. Ctrl-C puts the clip under way back into the queue.");
    return [arguments] { return work(*arguments); };
}

}  // namespace stillreel::app
