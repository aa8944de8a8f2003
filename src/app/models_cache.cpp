#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/lines.h"
#include "app/models_commands.h"
#include "base/error.h"
#include "base/file.h"
#include "weights/packed_cache.h"

namespace stillreel::app {
namespace {

using weights::PackedCacheFile;

struct Arguments {
    std::vector<std::string> remove;
    bool clear = false;
    bool json = false;
};

int list(const std::vector<PackedCacheFile>& files, bool json) {
    auto rows = nlohmann::ordered_json::array();
    std::uint64_t bytes = 0;
    for (const PackedCacheFile& file : files) {
        const std::string name = file.path.stem().string();
        bytes += file.bytes;
        rows.push_back({{"name", name}, {"holds", file.title}, {"bytes", file.bytes}});
        if (!json)
            fmt::print("{:>9}  {}  {}\n", bytes_text(file.bytes), name,
                       file.title.empty() ? "(damaged)" : file.title);
    }
    if (json)
        fmt::print("{}\n", rows.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    else if (files.empty())
        fmt::print("no packed weights are kept; generate --packed-cache keeps them in {}\n",
                   packed_folder().string());
    else
        fmt::print("{} in {}\n", bytes_text(bytes), packed_folder().string());
    return 0;
}

void remove(const PackedCacheFile& file) {
    std::error_code failed;
    fs::remove(file.path, failed);
    if (failed)
        throw Error(ErrorCode::io, fmt::format("cannot remove {}: {}", file.path.string(), failed.message()));
    fmt::print("removed {}, {} are free again\n", file.path.string(), bytes_text(file.bytes));
}

int cache(const Arguments& arguments) {
    const std::vector<PackedCacheFile> files = weights::packed_cache_files(packed_folder());
    if (arguments.clear) {
        for (const PackedCacheFile& file : files) remove(file);
        return 0;
    }
    if (arguments.remove.empty()) return list(files, arguments.json);
    for (const std::string& name : arguments.remove) {
        const auto found = std::ranges::find(
            files, name, [](const PackedCacheFile& file) { return file.path.stem().string(); });
        if (found == files.end())
            throw Error(
                ErrorCode::not_found,
                fmt::format("no packed weights are called {}: stillreel models cache lists them", name));
        remove(*found);
    }
    return 0;
}

}  // namespace

std::filesystem::path packed_folder() { return data_home() / "cache" / "packed"; }

Command add_models_cache(CLI::App& models) {
    CLI::App* command =
        models.add_subcommand("cache", "Packed weights that --packed-cache has kept");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("--remove", arguments->remove, "Delete these, by their names")->type_name("NAME");
    command->add_flag("--clear", arguments->clear, "Delete all of them");
    command->add_flag("--json", arguments->json, "As JSON");
    return [arguments] { return cache(*arguments); };
}

}  // namespace stillreel::app
