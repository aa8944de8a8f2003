#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "app/lines.h"
#include "app/models_commands.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "diffusion/random_model.h"

namespace stillreel::app {
namespace {

struct Arguments {
    std::string folder;
    std::string config = "i2vgen-xl";
    std::string dtype = "f16";
    std::uint64_t seed = 0;
};

int write_model(const Arguments& arguments) {
    diffusion::RandomModelRequest request;
    request.config = arguments.config;
    request.folder = arguments.folder;
    request.type = arguments.dtype == "f32" ? tensor::DType::f32 : tensor::DType::f16;
    request.seed = arguments.seed;
    diffusion::RandomModelHooks hooks;
    hooks.cancel = &interrupt_flag();
    const Stopwatch since;
    const bool terminal = isatty(STDERR_FILENO) == 1;
    double shown_s = -1;
    hooks.progress = [&](std::uint64_t bytes, std::uint64_t of) {
        if (!terminal || since.seconds() < shown_s + 0.1) return;
        shown_s = since.seconds();
        fmt::print(stderr, "\r{} {} of {}\033[K",
                   bar_text(static_cast<double>(bytes) / static_cast<double>(of)), bytes_text(bytes),
                   bytes_text(of));
    };
    const diffusion::RandomModel model = diffusion::write_random_model(request, hooks);
    if (terminal) fmt::print(stderr, "\r\033[K");
    print_line(stderr, fmt::format("{}: {:.1f} million random parameters, {} in {}; its clips are noise",
                                   arguments.config, static_cast<double>(model.parameters) / 1e6,
                                   bytes_text(model.bytes), duration_text(since.seconds())));
    print_line(
        stderr,
        "note: its tokenizer knows single bytes only; the published vocabulary is not ours to pass on");
    print_line(stdout, arguments.folder);
    return 0;
}

}  // namespace

Command add_models_random(CLI::App& models) {
    CLI::App* command =
        models.add_subcommand("random", "Write a model with random weights, for benches and trials");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("FOLDER", arguments->folder, "A new folder")->type_name("")->required();
    command->add_option("--config", arguments->config, "Sizes: i2vgen-xl (as published) or tiny")
        ->check(CLI::IsMember(diffusion::random_model_configs()))
        ->type_name("NAME");
    command->add_option("--dtype", arguments->dtype, "f16 (5 GB) or f32 (10 GB)")
        ->check(CLI::IsMember({"f16", "f32"}))
        ->type_name("TYPE");
    command->add_option("--seed", arguments->seed, "Other numbers for another seed (0)")->type_name("N");
    return [arguments] { return write_model(*arguments); };
}

}  // namespace stillreel::app
