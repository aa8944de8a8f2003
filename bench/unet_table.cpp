// The UNet's time by kind of block, size and precision, next to the machine's large product of floats in the
// same run, and what it was before: a Markdown table.
//   unet_table [--against FILE] [--write FILE] [--threads N] [CASE ...]
//   unet_table --scaling [--precision f32|bf16|int8]
// A CASE is WIDTHxHEIGHTxFRAMESxBATCH:PRECISION, such as 256x256x8x2:int8; none: 256x256, 8 frames, batch 1
// and 2, in both precisions. FILE (bench/unet_table.json) holds shares, which machines have in common, not
// seconds; --write replaces the measured cases in it. --scaling prints time against frames, pixels and
// threads. Full-size weights: 6 GB of memory for floats.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/threads.h"
#include "diffusion/unet_bench.h"

namespace {

using namespace stillreel;
using diffusion::UnetBenchRequest;
using diffusion::UnetBenchResult;
using diffusion::UnetBenchShare;
using nlohmann::ordered_json;

constexpr std::uint64_t kMostBytes = 1 << 20;

struct Options {
    std::vector<std::string> cases;
    std::string against, write;
    std::string precision = "f32";
    int threads = available_threads();
    bool scaling = false;
};

tensor::Precision precision_of(const std::string& name) {
    for (const auto precision : {tensor::Precision::f32, tensor::Precision::bf16, tensor::Precision::int8})
        if (name == name_of(precision)) return precision;
    throw Error(ErrorCode::invalid_argument, fmt::format("there is no precision \"{}\"", name));
}

UnetBenchRequest request_of(int threads) {
    UnetBenchRequest request;
    request.threads = threads;
    request.passes = 0;
    request.profile = diffusion::Profile::yes;
    request.weights = diffusion::BenchWeights::repeated;
    return request;
}

UnetBenchRequest request_of(const std::string& name, int threads) {
    UnetBenchRequest request = request_of(threads);
    char precision[8] = {};
    if (std::sscanf(name.c_str(), "%5dx%5dx%3dx%1d:%7s", &request.width_px, &request.height_px,
                    &request.frames, &request.clips, precision) != 5)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("\"{}\" is not WIDTHxHEIGHTxFRAMESxBATCH:PRECISION", name));
    request.precision = precision_of(precision);
    return request;
}

/// Of the machine's large product of floats: 8 bits reach more than 1.
double share_of(double flops, double seconds, const UnetBenchResult& result) {
    return seconds > 0 ? flops / seconds / result.machine.flops_per_second : 0;
}

double before(const ordered_json& old, const std::string& name, const std::string& block) {
    return old.value(ordered_json::json_pointer("/" + name + "/" + block), 0.0);
}

void print_line(const std::string& block, const UnetBenchShare& all, const UnetBenchResult& result,
                double share_before, double pass_seconds) {
    const double share = share_of(all.flops, all.seconds, result);
    fmt::print("| {} | {:.0f} | {:.1f} % | {:.0f} | {:.2f} | {} |\n", block, all.seconds * 1e3,
               100 * all.seconds / pass_seconds, all.flops / all.seconds / 1e9, share,
               share_before > 0 ? fmt::format("{:+.0f} %", 100 * (share / share_before - 1)) : "");
}

void print_heading(const char* what) {
    fmt::print(
        "\n| {} | ms | of the pass | GFLOP/s | of the product | share since |\n|---|---|---|---|---|---|\n",
        what);
}

/// Shares by block kind, "pass" first.
ordered_json measure(const std::string& name, const Options& options, const ordered_json& old) {
    const UnetBenchResult result = bench_unet(request_of(name, options.threads), nullptr);
    fmt::print("\n**{}**: {:.0f} GFLOP/s in one large product of floats, {:.0f} GB/s copied\n", name,
               result.machine.flops_per_second / 1e9, result.machine.bytes_per_second / 1e9);
    print_heading("block");
    const UnetBenchShare pass{"pass", 0, result.seconds_per_pass, result.flops, 0};
    ordered_json shares;
    const auto add = [&](const std::string& block, const UnetBenchShare& share) {
        print_line(block, share, result, before(old, name, block), pass.seconds);
        shares[block] = std::round(1000 * share_of(share.flops, share.seconds, result)) / 1000;
    };
    add("pass", pass);
    for (const UnetBenchShare& block : result.by_layer) add(block.name, block);
    print_heading("operation");
    for (const UnetBenchShare& operation : result.by_operation)
        add(fmt::format("operation {}", operation.name), operation);
    std::fflush(stdout);
    return shares;
}

double attention_share(const UnetBenchResult& result) {
    double seconds = 0;
    for (const UnetBenchShare& operation : result.by_operation)
        if (operation.name == "attention") seconds += operation.seconds;
    return seconds / result.seconds_per_pass;
}

struct Point {
    const char* what;
    int side_px, frames, threads;
};

/// One after another in one run, each beside the product of its threads.
void print_scaling(const Options& options) {
    const int all = options.threads;
    const Point points[] = {{"frames", 256, 4, all}, {"base", 256, 8, all},   {"frames", 256, 16, all},
                            {"pixels", 384, 8, all}, {"pixels", 512, 8, all}, {"threads", 256, 8, 1}};
    fmt::print(
        "| | size | frames | threads | s | GFLOP/s | of the product | ns a pixel and frame | attention |\n"
        "|---|---|---|---|---|---|---|---|---|\n");
    for (const Point& point : points) {
        UnetBenchRequest request = request_of(point.threads);
        request.width_px = request.height_px = point.side_px;
        request.frames = point.frames;
        request.precision = precision_of(options.precision);
        const UnetBenchResult result = bench_unet(request, nullptr);
        const double pixels = double(point.side_px) * point.side_px * point.frames;
        fmt::print("| {} | {}x{} | {} | {} | {:.2f} | {:.0f} | {:.2f} | {:.0f} | {:.1f} % |\n", point.what,
                   point.side_px, point.side_px, point.frames, point.threads, result.seconds_per_pass,
                   result.flops_per_second() / 1e9,
                   result.flops_per_second() / result.machine.flops_per_second,
                   1e9 * result.seconds_per_pass / pixels, 100 * attention_share(result));
        std::fflush(stdout);
    }
}

void print_table(const Options& options) {
    const auto read = [](const std::string& file) {
        return file.empty() || !std::filesystem::exists(file)
                   ? ordered_json::object()
                   : ordered_json::parse(read_text_file(file, kMostBytes));
    };
    const ordered_json old = read(options.against);
    ordered_json table = read(options.write);
    for (const std::string& name : options.cases) table[name] = measure(name, options, old);
    if (!options.write.empty()) write_file(options.write, table.dump(1) + "\n");
}

Options parsed(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const bool more = i + 1 < argc;
        if (word == "--scaling")
            options.scaling = true;
        else if (word == "--against" && more)
            options.against = argv[++i];
        else if (word == "--write" && more)
            options.write = argv[++i];
        else if (word == "--precision" && more)
            options.precision = argv[++i];
        else if (word == "--threads" && more)
            options.threads = std::max(1, std::atoi(argv[++i]));
        else
            options.cases.push_back(word);
    }
    if (options.cases.empty())
        options.cases = {"256x256x8x1:f32", "256x256x8x2:f32", "256x256x8x1:int8", "256x256x8x2:int8"};
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Options options = parsed(argc, argv);
        options.scaling ? print_scaling(options) : print_table(options);
    } catch (const stillreel::Error& error) {
        fmt::print(stderr, "unet_table: {}\n", error.what());
        return 1;
    }
}
