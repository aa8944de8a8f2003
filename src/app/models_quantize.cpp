#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "app/lines.h"
#include "app/models_commands.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "diffusion/quantised_model.h"
#include "weights/model_folder.h"

namespace stillreel::app {
namespace {

namespace fs = std::filesystem;

struct Arguments {
    std::string model;
    std::string output;
    std::string variant;
};

/// A word is a name in the models folder; anything with a slash is a folder.
fs::path folder_of(const Arguments& arguments, const fs::path& model) {
    const fs::path root = model.has_filename() ? model : model.parent_path();
    const std::string name = arguments.output.empty() ? root.filename().string() + "-int8" : arguments.output;
    return name.find('/') == std::string::npos ? data_home() / "models" / name : fs::path(name);
}

int quantize(const Arguments& arguments) {
    diffusion::QuantiseRequest request;
    request.model = weights::find_model(arguments.model);
    request.variant = arguments.variant;
    request.folder = folder_of(arguments, request.model);
    diffusion::QuantiseHooks hooks;
    hooks.cancel = &interrupt_flag();
    const Stopwatch since;
    const bool terminal = isatty(STDERR_FILENO) == 1;
    double shown_s = -1;
    hooks.progress = [&](std::uint64_t numbers, std::uint64_t of) {
        if (!terminal || since.seconds() < shown_s + 0.1) return;
        shown_s = since.seconds();
        fmt::print(stderr, "\r{}\033[K", bar_text(static_cast<double>(numbers) / static_cast<double>(of)));
    };
    const diffusion::QuantisedModel made = diffusion::quantise_model(request, hooks);
    if (terminal) fmt::print(stderr, "\r\033[K");
    print_line(stderr,
               fmt::format("{} tensors of the UNet in 8 bits, {} as they were: {} instead of {}, in {}; use "
                           "it with --precision int8",
                           made.quantised, made.kept, bytes_text(made.unet_bytes),
                           bytes_text(made.before_bytes), duration_text(since.seconds())));
    print_line(stdout, request.folder.string());
    return 0;
}

}  // namespace

Command add_models_quantize(CLI::App& models) {
    CLI::App* command = models.add_subcommand(
        "quantize",
        "Write a model whose UNet is stored in 8 bits, a quarter of its size, for --precision int8");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("MODEL", arguments->model, "A model's name, or its folder")
        ->type_name("")
        ->required();
    command
        ->add_option("-o,--output", arguments->output,
                     "A name beside the other models, or a new folder (with a slash) [MODEL-int8]")
        ->type_name("NAME");
    command->add_option("--variant", arguments->variant, "Of its weight files, such as fp16")
        ->type_name("NAME");
    return [arguments] { return quantize(*arguments); };
}

}  // namespace stillreel::app
