#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "app/commands.h"
#include "app/config.h"
#include "app/lines.h"
#include "app/models_commands.h"
#include "app/worker_crew.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "server/service.h"
#include "studio/generator.h"
#include "studio/model_pulls.h"

namespace stillreel::app {
namespace {

constexpr int kPortsTried = 50;
constexpr int kRenderNiceness = 10;
// Somebody waits for what the quick worker does.
constexpr std::chrono::milliseconds kQuickPause{2'000};

struct Arguments {
    std::string listen = "127.0.0.1";
    std::string token;
    std::string public_url;
    std::string home;
    int port = 7860;
    int workers = 1;
    bool allow_private_webhooks = false;
    bool packed_cache = false;
};

/// Found out by listening there for a moment.
bool is_free(const std::string& address, int port) {
    sockaddr_storage where{};
    socklen_t size = sizeof(sockaddr_in);
    auto* v4 = reinterpret_cast<sockaddr_in*>(&where);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&where);
    if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
        where.ss_family = AF_INET;
        v4->sin_port = htons(static_cast<std::uint16_t>(port));
    } else if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
        where.ss_family = AF_INET6;
        v6->sin6_port = htons(static_cast<std::uint16_t>(port));
        size = sizeof(sockaddr_in6);
    } else {
        return false;
    }
    const int probe = ::socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return false;
    const int reuse = 1;
    ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    const bool free =
        ::bind(probe, reinterpret_cast<const sockaddr*>(&where), size) == 0 && ::listen(probe, 1) == 0;
    ::close(probe);
    return free;
}

/// The message of a taken port, with one that is not.
Error port_taken(const server::ServiceSettings& settings) {
    const int port = settings.http.port;
    std::string remedy = "choose another with --port";
    for (int next = port + 1; next <= std::min(65535, port + kPortsTried); ++next)
        if (is_free(settings.access.listen, next)) {
            remedy = fmt::format("port {} is free: start with --port {}", next, next);
            break;
        }
    return Error(ErrorCode::busy, fmt::format("port {} is taken by another program, perhaps a stillreel that "
                                              "runs already; {}",
                                              port, remedy));
}

void probe_folder(const fs::path& folder) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed)
        throw Error(ErrorCode::io,
                    fmt::format("cannot make the folder {}: {}; choose another place with --home",
                                folder.string(), failed.message()));
    const fs::path probe = folder / fmt::format(".write-probe-{}", ::getpid());
    write_file(probe, "x");
    fs::remove(probe, failed);
}

server::ServiceSettings settings_of(const Arguments& arguments) {
    server::ServiceSettings settings;
    settings.folders.home = arguments.home.empty() ? data_home() : fs::absolute(arguments.home);
    settings.http.port = arguments.port;
    settings.access.listen = arguments.listen == "localhost" ? "127.0.0.1" : arguments.listen;
    settings.access.public_url = arguments.public_url;
    settings.access.token = arguments.token;
    if (const char* token = std::getenv("STILLREEL_TOKEN"); token && settings.access.token.empty())
        settings.access.token = token;
    if (arguments.allow_private_webhooks) settings.webhooks.reach = Reach::anywhere;
    if (const char* secret = std::getenv("STILLREEL_WEBHOOK_SECRET")) settings.webhooks.secret = secret;
    ::unsetenv("STILLREEL_WEBHOOK_SECRET");  // no business of the workers
    return settings;
}

std::string address_of(const server::ServiceSettings& settings, int port) {
    if (!settings.access.public_url.empty()) return settings.access.public_url;
    const std::string& listen = settings.access.listen;
    if (listen == "127.0.0.1") return fmt::format("http://localhost:{}", port);
    return listen.find(':') == std::string::npos ? fmt::format("http://{}:{}", listen, port)
                                                 : fmt::format("http://[{}]:{}", listen, port);
}

void announce(const server::ServiceSettings& settings, int port, const studio::EngineRegistry& engines,
              const fs::path& log_file) {
    print_line(stdout, fmt::format("stillreel listens on {}", address_of(settings, port)));
    if (!settings.access.token.empty()) print_line(stdout, "  token    needed: the page asks for it");
    for (const auto& engine : engines.all()) {
        const std::string reason = engine->unavailable();
        print_line(stdout, fmt::format("  engine   {}: {}{}", engine->name(), engine->purpose(),
                                       reason.empty() ? "" : " (not ready: " + reason + ")"));
    }
    const std::vector<std::string> models = model_names();
    for (const std::string& name : models) print_line(stdout, fmt::format("  model    {}", name));
    if (models.empty()) print_line(stdout, "  model    none");
    print_line(stdout, fmt::format("  outputs  {}", settings.folders.outputs().string()));
    print_line(stdout, fmt::format("  log      {}", log_file.string()));
    print_line(stdout, "Ctrl-C stops it.");
    std::fflush(stdout);
}

std::vector<WorkerPlan> plans_of(const Arguments& arguments) {
    WorkerPlan render{.lane = std::string(jobs::kRenderLane), .niceness = kRenderNiceness};
    if (arguments.packed_cache) render.options = {"--packed-cache"};
    std::vector<WorkerPlan> plans(static_cast<std::size_t>(arguments.workers), render);
    plans.push_back({.lane = std::string(jobs::kQuickLane), .longest_pause = kQuickPause});
    plans.push_back(
        {.lane = std::string(studio::kPullLane), .niceness = kRenderNiceness, .presence = Presence::on_call});
    return plans;
}

/// A model that somebody asked for, perhaps before the server was started.
void call_for_pulls(const server::Service& service, WorkerCrew& crew) {
    try {
        if (service.has_work(studio::kPullLane)) crew.call(studio::kPullLane);
    } catch (const Error& error) {
        log::warning(fmt::format("looking for pulls: {}", error.what()));
    }
}

int serve(const Arguments& arguments) {
    // Models and settings of the machine are looked for beside the jobs.
    if (!arguments.home.empty()) ::setenv("STILLREEL_HOME", fs::absolute(arguments.home).c_str(), 1);
    CancelFlag& interrupted = interrupt_flag();
    const server::ServiceSettings settings = settings_of(arguments);
    server::check_rules(settings.access);
    load_config();  // which the workers read: what is wrong with it is said here, not in the log
    // Before any folder is touched: a second server must not even begin.
    if (settings.http.port != 0 && !is_free(settings.access.listen, settings.http.port) &&
        server::is_loopback(settings.access.listen))
        throw port_taken(settings);
    const studio::ServiceFolders& folders = settings.folders;
    for (const fs::path& folder : {folders.home, folders.assets(), folders.uploads(), folders.quick(),
                                   folders.logs(), folders.outputs()})
        probe_folder(folder);
    const fs::path log_file =
        folders.logs() / fmt::format("stillreel_{}.log", local_time_stamp(std::chrono::system_clock::now()));
    log::also_to(log_file);
    log::set_level(log::Level::info);

    const studio::EngineRegistry engines = studio::standard_engines();
    WorkerCrew crew(folders.home, log_file, plans_of(arguments));
    server::ServiceParts parts{engines, models_json, [&crew] { return crew.restarts(); }};
    const server::Service service = [&] {
        try {
            return server::Service::start(settings, parts);
        } catch (const Error& error) {
            if (error.code() == ErrorCode::busy && !is_free(settings.access.listen, settings.http.port))
                throw port_taken(settings);
            throw;
        }
    }();
    log::info(fmt::format("listening on {} port {}", settings.access.listen, service.port()));
    announce(settings, service.port(), engines, log_file);
    while (!interrupted.requested()) {
        call_for_pulls(service, crew);
        crew.tend();
        ::poll(nullptr, 0, 100);
    }
    print_line(stdout, "stopping: clips under way go back into the queue");
    crew.stop();
    log::info("stopped");
    return 0;
}

}  // namespace

Command add_serve(CLI::App& app) {
    CLI::App* command = app.add_subcommand("serve", "Open the studio in the browser, and its REST interface");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("--port", arguments->port, "Port to listen on; 0: any free one [7860]")
        ->check(CLI::Range(0, 65535).description(""))
        ->type_name("N");
    command
        ->add_option("--listen", arguments->listen,
                     "Address to listen on; beyond this machine only with a token [127.0.0.1]")
        ->type_name("ADDRESS");
    command
        ->add_option("--token", arguments->token,
                     "Secret that clients must know, 16 characters or more [$STILLREEL_TOKEN]")
        ->type_name("TEXT");
    command
        ->add_option("--public-url", arguments->public_url,
                     "How browsers reach it through a proxy, such as https://clips.example.org")
        ->type_name("URL");
    command->add_option("--home", arguments->home, "Folder of its data [$STILLREEL_HOME]")
        ->type_name("FOLDER");
    command
        ->add_option("--workers", arguments->workers,
                     "Clips made at a time; 0: workers are started by hand [1]")
        ->check(CLI::Range(0, 64).description(""))
        ->type_name("N");
    command->add_flag("--allow-private-webhooks", arguments->allow_private_webhooks,
                      "Call webhooks on this machine and in private networks, too");
    command->add_flag("--packed-cache", arguments->packed_cache,
                      "As generate --packed-cache, for the clips of its workers");
    command->footer("Example:\n  stillreel serve\n  STILLREEL_TOKEN=... stillreel serve --listen 0.0.0.0");
    return [arguments] { return serve(*arguments); };
}

}  // namespace stillreel::app
