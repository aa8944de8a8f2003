// One function for each command of stillreel. Each adds its options to a subcommand when it is set up, and
// runs when that was chosen; it returns the exit code, and throws Error or UsageError.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace stillreel::app {

using Command = std::function<int()>;

Command add_generate(CLI::App& app);
Command add_plan(CLI::App& app);
Command add_inspect(CLI::App& app);
Command add_presets(CLI::App& app);
Command add_models(CLI::App& app);
Command add_doctor(CLI::App& app);
Command add_bench(CLI::App& app);
Command add_work(CLI::App& app);
Command add_jobs(CLI::App& app);
Command add_serve(CLI::App& app);

}  // namespace stillreel::app
