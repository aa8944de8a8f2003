#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "app/commands.h"
#include "app/lines.h"
#include "app/machine_score.h"
#include "app/models_commands.h"
#include "app/usage_error.h"
#include "base/cancel.h"
#include "base/file.h"
#include "base/threads.h"
#include "diffusion/load_bench.h"
#include "diffusion/shortcuts.h"
#include "diffusion/unet_bench.h"
#include "diffusion/unet_snr.h"
#include "weights/model_folder.h"

namespace stillreel::app {
namespace {

using diffusion::UnetBenchResult;
using diffusion::UnetBenchShare;
using nlohmann::ordered_json;
using tensor::Precision;

constexpr double kMib = 1024.0 * 1024.0;
constexpr std::size_t kShapesShown = 24;
constexpr std::uint64_t kMostConfigBytes = 1 << 20;

struct Arguments {
    std::string what;
    std::string config = "i2vgen-xl";
    std::string model = "i2vgen-xl";
    std::string size = "256x256";
    std::string precision{name_of(Precision::f32)};
    std::string only;
    int frames = 8;
    int batch = 1;
    double merged_tokens = 0;
    int threads = 0;
    bool low_memory = false;
    bool json = false;
    bool profile = false;
    bool snr = false;
    bool packed_cache = false;
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

int threads_of(const Arguments& arguments) {
    return arguments.threads > 0 ? arguments.threads : available_threads();
}

diffusion::UnetBenchRequest request_of(const Arguments& arguments) {
    diffusion::UnetBenchRequest request;
    if (arguments.config != "i2vgen-xl")
        request.config = models::parse_unet_config(read_text_file(arguments.config, kMostConfigBytes));
    std::tie(request.width_px, request.height_px) = size_of(arguments.size);
    request.frames = arguments.frames;
    request.clips = arguments.batch;
    request.merged_tokens = arguments.merged_tokens;
    request.threads = threads_of(arguments);
    if (arguments.low_memory) request.memory = diffusion::Memory::low;
    if (arguments.profile) request.profile = diffusion::Profile::yes;
    request.precision = *std::ranges::find_if(tensor::kPrecisions,
                                              [&](Precision p) { return name_of(p) == arguments.precision; });
    request.only = arguments.only;
    return request;
}

double total_seconds(const std::vector<UnetBenchShare>& shares) {
    double seconds = 0;
    for (const UnetBenchShare& share : shares) seconds += share.seconds;
    return seconds;
}

/// A rate of what took no measurable time is not worth a number.
double ratio(double amount, double of) { return of > 0 ? amount / of : 0; }

/// A part's time beside the least that arithmetic and memory would take.
struct Limits {
    double gflops, gigabytes_per_second;
    double arithmetic_seconds, memory_seconds;
    double share_of_product, share_of_copy;

    Limits(const UnetBenchShare& share, const diffusion::MachineLimits& machine)
        : gflops(ratio(share.flops, share.seconds) / 1e9),
          gigabytes_per_second(ratio(share.bytes, share.seconds) / 1e9),
          arithmetic_seconds(ratio(share.flops, machine.flops_per_second)),
          memory_seconds(ratio(share.bytes, machine.bytes_per_second)),
          share_of_product(ratio(arithmetic_seconds, share.seconds)),
          share_of_copy(ratio(memory_seconds, share.seconds)) {}
};

ordered_json to_json(const std::vector<UnetBenchShare>& shares, const diffusion::MachineLimits& machine) {
    const double all = total_seconds(shares);
    auto list = ordered_json::array();
    for (const UnetBenchShare& share : shares) {
        const Limits limits(share, machine);
        list.push_back({{"name", share.name},
                        {"operations", share.operations},
                        {"seconds", share.seconds},
                        {"share", ratio(share.seconds, all)},
                        {"gflop", share.flops / 1e9},
                        {"gflops", limits.gflops},
                        {"share_of_product", limits.share_of_product},
                        {"arithmetic_seconds", limits.arithmetic_seconds},
                        {"gigabytes", share.bytes / 1e9},
                        {"gigabytes_per_second", limits.gigabytes_per_second},
                        {"share_of_copy", limits.share_of_copy},
                        {"memory_seconds", limits.memory_seconds}});
    }
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
                           {"machine_gflops", result.machine.flops_per_second / 1e9},
                           {"share_of_machine", result.flops_per_second() / result.machine.flops_per_second},
                           {"peak_rss_mib", static_cast<double>(result.peak_rss_bytes) / kMib},
                           {"weights_mib", static_cast<double>(result.weight_bytes) / kMib},
                           {"activations_mib", static_cast<double>(result.activation_bytes) / kMib},
                           {"load_seconds", result.load_seconds}};
    if (arguments.profile) {
        const auto json = [&](const auto& shares) { return to_json(shares, result.machine); };
        object["machine_gigabytes_per_second"] = result.machine.bytes_per_second / 1e9;
        object["profile"] = {{"by_operation", json(result.by_operation)},
                             {"by_layer", json(result.by_layer)},
                             {"by_layer_and_operation", json(result.by_layer_and_operation)},
                             {"by_block", json(result.by_block)},
                             {"by_shape", json(result.by_shape)}};
    }
    fmt::print("{}\n", object.dump(2));
}

void print_shares(const std::string& title, const std::vector<UnetBenchShare>& shares,
                  const diffusion::MachineLimits& machine, std::size_t most) {
    const double all = total_seconds(shares);
    fmt::print("\n{:46} {:>5} {:>8} {:>6} {:>8} {:>8} {:>5} {:>8} {:>7} {:>5} {:>8}\n", title, "times",
               "seconds", "share", "GFLOP", "GFLOP/s", "of", "least s", "GB/s", "of", "least s");
    for (std::size_t i = 0; i < std::min(most, shares.size()); ++i) {
        const UnetBenchShare& share = shares[i];
        const Limits limits(share, machine);
        fmt::print(
            "{:46} {:>5} {:>8.4f} {:>5.1f}% {:>8.1f} {:>8.1f} {:>5.2f} {:>8.4f} {:>7.1f} {:>5.2f} {:>8.4f}\n",
            share.name, share.operations, share.seconds, 100 * ratio(share.seconds, all), share.flops / 1e9,
            limits.gflops, limits.share_of_product, limits.arithmetic_seconds, limits.gigabytes_per_second,
            limits.share_of_copy, limits.memory_seconds);
    }
}

void print_profile(const UnetBenchResult& result) {
    fmt::print("copy            {:.1f} GB/s, read and written\n", result.machine.bytes_per_second / 1e9);
    fmt::print(
        "\nBeside each rate its share of the product's or copy's, and the least time that this would be.\n");
    const auto print = [&](const std::string& title, const std::vector<UnetBenchShare>& shares,
                           std::size_t most = kShapesShown) {
        print_shares(title, shares, result.machine, most);
    };
    print("operation", result.by_operation);
    print("layer", result.by_layer);
    print("layer, operation", result.by_layer_and_operation, result.by_layer_and_operation.size());
    print("block", result.by_block);
    print("shape (channels in -> result)", result.by_shape);
}

void print_table(const Arguments& arguments, const UnetBenchResult& result) {
    fmt::print("{} UNet, {}, {} frames, batch {}, {}\n", arguments.config, arguments.size, arguments.frames,
               arguments.batch, arguments.precision);
    fmt::print("pass            {:.3f} s, {:.3f} TFLOP, {:.1f} GFLOP/s\n", result.seconds_per_pass,
               result.flops / 1e12, result.flops_per_second() / 1e9);
    fmt::print("machine         {:.1f} GFLOP/s in one large product: the pass reaches {:.1f} % of that\n",
               result.machine.flops_per_second / 1e9,
               100 * result.flops_per_second() / result.machine.flops_per_second);
    fmt::print("memory          {:.0f} MiB at most, of them weights {:.0f} and activations {:.0f}\n",
               static_cast<double>(result.peak_rss_bytes) / kMib,
               static_cast<double>(result.weight_bytes) / kMib,
               static_cast<double>(result.activation_bytes) / kMib);
    fmt::print("weights ready   after {:.2f} s\n", result.load_seconds);
    if (arguments.profile) print_profile(result);
}

int bench_snr(const Arguments& arguments) {
    const std::vector<diffusion::UnetSnr> snr =
        diffusion::snr_of_unet(request_of(arguments), &interrupt_flag());
    auto list = ordered_json::array();
    for (const diffusion::UnetSnr& part : snr)
        list.push_back({{"name", part.name}, {"decibels", part.decibels}});
    if (arguments.json) {
        fmt::print("{}\n", ordered_json{{"precision", arguments.precision}, {"snr", list}}.dump(2));
        return 0;
    }
    fmt::print("{:48} {:>6}\n", fmt::format("{} against f32, up to and with", arguments.precision), "dB");
    for (const diffusion::UnetSnr& part : snr) fmt::print("{:48} {:>6.1f}\n", part.name, part.decibels);
    return 0;
}

int bench_load(const Arguments& arguments) {
    const diffusion::UnetBenchRequest unet = request_of(arguments);
    diffusion::LoadBenchRequest request{
        weights::open_model_folder(weights::find_model(arguments.model)),
        {unet.threads, {}, {}, arguments.packed_cache ? packed_folder() : fs::path()},
        unet.width_px,
        unet.height_px,
        unet.precision};
    const std::vector<diffusion::LoadedTower> towers = diffusion::bench_load(request, &interrupt_flag());
    if (arguments.json) {
        auto list = ordered_json::array();
        for (const diffusion::LoadedTower& tower : towers)
            list.push_back({{"name", tower.name},
                            {"load_seconds", tower.load_seconds},
                            {"run_seconds", tower.run_seconds},
                            {"leave_seconds", tower.leave_seconds},
                            {"weights_mib", static_cast<double>(tower.weight_bytes) / kMib}});
        fmt::print("{}\n", ordered_json{{"precision", arguments.precision}, {"towers", list}}.dump(2));
        return 0;
    }
    fmt::print("{:14} {:>8} {:>8} {:>8} {:>8}\n", "seconds to", "load", "run", "leave", "MiB");
    for (const diffusion::LoadedTower& tower : towers)
        fmt::print("{:14} {:>8.2f} {:>8.2f} {:>8.2f} {:>8.0f}\n", tower.name, tower.load_seconds,
                   tower.run_seconds, tower.leave_seconds, static_cast<double>(tower.weight_bytes) / kMib);
    return 0;
}

int bench(const Arguments& arguments) {
    if (arguments.what.empty())
        return bench_machine_score(
            {arguments.config, threads_of(arguments), arguments.json ? Voice::json : Voice::normal});
    if (arguments.what == "load") return bench_load(arguments);
    if (arguments.snr) return bench_snr(arguments);
    const UnetBenchResult result = diffusion::bench_unet(request_of(arguments), &interrupt_flag());
    arguments.json ? print_json(arguments, result) : print_table(arguments, result);
    return 0;
}

}  // namespace

Command add_bench(CLI::App& app) {
    CLI::App* command = app.add_subcommand("bench", "Measure how fast the models run here");
    auto arguments = std::make_shared<Arguments>();
    command
        ->add_option(
            "WHAT", arguments->what,
            "unet: passes of I2VGen-XL's UNet on random weights; load: each tower of --model, read and "
            "packed, and run where it runs once a clip. Nothing: a score of this machine in about a minute, "
            "and how long clips will take here")
        ->check(CLI::IsMember({"unet", "load"}).description(""));
    command->add_option("--model", arguments->model, "Of load: a model by name, or its folder [i2vgen-xl]")
        ->type_name("NAME");
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
    command
        ->add_option("--merge-tokens", arguments->merged_tokens, "As generate --merge-tokens: 0 to 0.75 [0]")
        ->type_name("SHARE")
        ->check(CLI::Range(0.0, diffusion::kMostMergedTokens).description(""));
    command->add_option("--precision", arguments->precision, "Of the products: f32, bf16 or int8 [f32]")
        ->type_name("TYPE")
        ->check(CLI::IsMember({"f32", "bf16", "int8"}).description(""));
    command
        ->add_option("--only", arguments->only,
                     "Which layers have that precision: those with this in their name, such as resnets [all]")
        ->type_name("PART");
    command->add_option("--threads", arguments->threads, "Worker threads [all cores]")
        ->type_name("N")
        ->check(CLI::Range(1, 256).description(""));
    command->add_flag("--low-memory", arguments->low_memory, "Work on parts of layers at a time");
    command->add_flag("--packed-cache", arguments->packed_cache, "Of load: as generate --packed-cache");
    command->add_flag("--json", arguments->json, "As one JSON object");
    command->add_flag("--profile", arguments->profile,
                      "Where the time of a pass goes, by operation, layer, block and shape, beside what the "
                      "machine's arithmetic and memory allow");
    command->add_flag(
        "--snr", arguments->snr,
        "Instead of times: how far from f32 each layer's numbers are with --precision, in decibels");
    return [arguments] { return bench(*arguments); };
}

}  // namespace stillreel::app
