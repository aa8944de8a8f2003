#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "app/commands.h"
#include "app/lines.h"
#include "app/usage_error.h"
#include "base/cancel.h"
#include "base/file.h"
#include "base/threads.h"
#include "diffusion/unet_bench.h"

namespace stillreel::app {
namespace {

using diffusion::UnetBenchResult;
using diffusion::UnetBenchShare;
using nlohmann::ordered_json;

constexpr double kMib = 1024.0 * 1024.0;
constexpr std::size_t kShapesShown = 24;
constexpr std::uint64_t kMostConfigBytes = 1 << 20;

struct Arguments {
    std::string what;
    std::string config = "i2vgen-xl";
    std::string size = "256x256";
    std::string precision = "f32";
    int frames = 8;
    int batch = 1;
    int threads = 0;
    bool low_memory = false;
    bool json = false;
    bool profile = false;
};

/// "256x320": width and height in pixels.
std::pair<int, int> size_of(const std::string& text) {
    int width = 0, height = 0, end = 0;
    const int read = std::sscanf(text.c_str(), "%5dx%5d%n", &width, &height, &end);
    if (read != 2 || static_cast<std::size_t>(end) != text.size() || width < 8 || height < 8 || width % 8 ||
        height % 8)
        throw UsageError(fmt::format(
            "--size {} is not WIDTHxHEIGHT in pixels, both multiples of 8: for example 256x256", text));
    return {width, height};
}

diffusion::UnetBenchRequest request_of(const Arguments& arguments) {
    diffusion::UnetBenchRequest request;
    if (arguments.config != "i2vgen-xl")
        request.config = models::parse_unet_config(read_text_file(arguments.config, kMostConfigBytes));
    std::tie(request.width_px, request.height_px) = size_of(arguments.size);
    request.frames = arguments.frames;
    request.clips = arguments.batch;
    request.threads = arguments.threads > 0 ? arguments.threads : available_threads();
    if (arguments.low_memory) request.memory = diffusion::Memory::low;
    if (arguments.profile) request.profile = diffusion::Profile::yes;
    return request;
}

double total_seconds(const std::vector<UnetBenchShare>& shares) {
    double seconds = 0;
    for (const UnetBenchShare& share : shares) seconds += share.seconds;
    return seconds;
}

/// A rate of what took no measurable time is not worth a number.
double per_second(double amount, double seconds) { return seconds > 0 ? amount / seconds : 0; }

ordered_json to_json(const std::vector<UnetBenchShare>& shares) {
    const double all = total_seconds(shares);
    auto list = ordered_json::array();
    for (const UnetBenchShare& share : shares)
        list.push_back({{"name", share.name},
                        {"operations", share.operations},
                        {"seconds", share.seconds},
                        {"share", per_second(share.seconds, all)},
                        {"gflops", per_second(share.flops, share.seconds) / 1e9},
                        {"gigabytes_per_second", per_second(share.bytes, share.seconds) / 1e9}});
    return list;
}

void print_json(const Arguments& arguments, const UnetBenchResult& result) {
    ordered_json object = {{"batch", arguments.batch},
                           {"size", arguments.size},
                           {"frames", arguments.frames},
                           {"precision", arguments.precision},
                           {"threads", request_of(arguments).threads},
                           {"seconds_per_pass", result.seconds_per_pass},
                           {"tflop", result.flops / 1e12},
                           {"gflops", result.flops_per_second() / 1e9},
                           {"machine_gflops", result.machine_flops_per_second / 1e9},
                           {"share_of_machine", result.flops_per_second() / result.machine_flops_per_second},
                           {"peak_rss_mib", static_cast<double>(result.peak_rss_bytes) / kMib},
                           {"weights_mib", static_cast<double>(result.weight_bytes) / kMib},
                           {"activations_mib", static_cast<double>(result.activation_bytes) / kMib},
                           {"load_seconds", result.load_seconds}};
    if (arguments.profile)
        object["profile"] = {{"by_operation", to_json(result.by_operation)},
                             {"by_layer", to_json(result.by_layer)},
                             {"by_block", to_json(result.by_block)},
                             {"by_shape", to_json(result.by_shape)}};
    fmt::print("{}\n", object.dump(2));
}

void print_shares(const std::string& title, const std::vector<UnetBenchShare>& shares, std::size_t most) {
    const double all = total_seconds(shares);
    fmt::print("\n{:48} {:>6} {:>9} {:>6} {:>9} {:>7}\n", title, "times", "seconds", "share", "GFLOP/s",
               "GB/s");
    for (std::size_t i = 0; i < std::min(most, shares.size()); ++i) {
        const UnetBenchShare& share = shares[i];
        fmt::print("{:48} {:>6} {:>9.4f} {:>5.1f}% {:>9.1f} {:>7.1f}\n", share.name, share.operations,
                   share.seconds, 100 * per_second(share.seconds, all),
                   per_second(share.flops, share.seconds) / 1e9,
                   per_second(share.bytes, share.seconds) / 1e9);
    }
}

void print_table(const Arguments& arguments, const UnetBenchResult& result) {
    fmt::print("{} UNet, {}, {} frames, batch {}, {}\n", arguments.config, arguments.size, arguments.frames,
               arguments.batch, arguments.precision);
    fmt::print("pass            {:.3f} s, {:.3f} TFLOP, {:.1f} GFLOP/s\n", result.seconds_per_pass,
               result.flops / 1e12, result.flops_per_second() / 1e9);
    fmt::print("machine         {:.1f} GFLOP/s in one large product: the pass reaches {:.1f} % of that\n",
               result.machine_flops_per_second / 1e9,
               100 * result.flops_per_second() / result.machine_flops_per_second);
    fmt::print("memory          {:.0f} MiB at most, of them weights {:.0f} and activations {:.0f}\n",
               static_cast<double>(result.peak_rss_bytes) / kMib,
               static_cast<double>(result.weight_bytes) / kMib,
               static_cast<double>(result.activation_bytes) / kMib);
    fmt::print("weights ready   after {:.2f} s\n", result.load_seconds);
    if (!arguments.profile) return;
    print_shares("operation", result.by_operation, result.by_operation.size());
    print_shares("layer", result.by_layer, result.by_layer.size());
    print_shares("block", result.by_block, result.by_block.size());
    print_shares("shape (channels in -> result)", result.by_shape, kShapesShown);
}

int bench(const Arguments& arguments) {
    const UnetBenchResult result = diffusion::bench_unet(request_of(arguments), &interrupt_flag());
    arguments.json ? print_json(arguments, result) : print_table(arguments, result);
    return 0;
}

}  // namespace

Command add_bench(CLI::App& app) {
    CLI::App* command = app.add_subcommand("bench", "Measure how fast the models run here");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("WHAT", arguments->what, "unet: passes of I2VGen-XL's UNet on random weights")
        ->required()
        ->check(CLI::IsMember({"unet"}).description(""));
    command
        ->add_option("--config", arguments->config,
                     "i2vgen-xl, or a config.json of a UNet of that kind [i2vgen-xl]")
        ->type_name("NAME");
    command->add_option("--size", arguments->size, "Of the frames in pixels [256x256]")->type_name("WxH");
    command->add_option("--frames", arguments->frames, "Of the clip [8]")
        ->type_name("N")
        ->check(CLI::Range(1, 256).description(""));
    command->add_option("--batch", arguments->batch, "Clips at once: 2 as under guidance [1]")
        ->type_name("N")
        ->check(CLI::Range(1, 2).description(""));
    command->add_option("--precision", arguments->precision, "Of the arithmetic: f32 [f32]")
        ->type_name("TYPE")
        ->check(CLI::IsMember({"f32"}).description(""));
    command->add_option("--threads", arguments->threads, "Worker threads [all cores]")
        ->type_name("N")
        ->check(CLI::Range(1, 256).description(""));
    command->add_flag("--low-memory", arguments->low_memory, "Work on parts of layers at a time");
    command->add_flag("--json", arguments->json, "As one JSON object");
    command->add_flag("--profile", arguments->profile,
                      "Where the time of a pass goes: by operation, layer, block and shape");
    return [arguments] { return bench(*arguments); };
}

}  // namespace stillreel::app
