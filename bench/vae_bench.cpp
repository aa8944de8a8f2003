// One frame decoded by the published VAE on random weights: seconds (median), rate and share of the machine's
// own large product in the same run, memory, what takes the time, and with int8 how far the picture is from
// that of floats. GFLOP/s are those of the direct algorithm.
//   vae_bench [WIDTHxHEIGHT] [f32|int8] [--threads N] [--frames N] [--only PART] [--no-f32]
//   --only: layers with PART in their name are of 8 bits, whatever the decoder would choose
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/machine.h"
#include "base/statistics.h"
#include "base/threads.h"
#include "diffusion/machine_rate.h"
#include "models/vae.h"
#include "tensor/cpu/cpu_backend.h"

namespace {

using namespace stillreel;
using tensor::Ops;
using tensor::Precision;
using tensor::Tensor;

struct Arguments {
    int width_px = 256, height_px = 256, frames = 3, threads = available_threads();
    Precision precision = Precision::f32;
    std::string only;
    bool compare = true;
};

Arguments parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto next = [&] { return std::string(i + 1 < argc ? argv[++i] : ""); };
        if (word == "int8") arguments.precision = Precision::int8;
        if (word == "--threads") arguments.threads = std::atoi(next().c_str());
        if (word == "--frames") arguments.frames = std::atoi(next().c_str());
        if (word == "--only") arguments.only = next();
        if (word == "--no-f32") arguments.compare = false;
        std::sscanf(word.c_str(), "%5dx%5d", &arguments.width_px, &arguments.height_px);
    }
    return arguments;
}

models::VaeConfig published() {
    models::VaeConfig config;
    config.channels = {128, 256, 512, 512};
    config.layers_per_block = 2;
    return config;
}

models::VaeDecoder load(Ops& ops, const Arguments& arguments, Precision precision) {
    const auto source = weights::random_weights(1);
    weights::PrecisionPolicy policy = models::VaeDecoder::precision_policy(precision);
    if (!arguments.only.empty())
        policy = [=](std::string_view path) {
            return path.find(arguments.only) == std::string_view::npos ? Precision::f32 : precision;
        };
    weights::WeightLoader loader("vae", *source, ops, models::vae_file_habits(models::VaeHalf::decoder),
                                 policy);
    return models::VaeDecoder(loader.root(), published());
}

/// Spread as a trained encoder's, the same every time.
Tensor latents(Ops& ops, const Arguments& arguments) {
    const tensor::Shape shape{1, arguments.height_px / 8, arguments.width_px / 8, 4};
    std::vector<float> numbers(static_cast<std::size_t>(shape.elements()));
    std::uint32_t state = 1;
    for (float& number : numbers)
        number = 8 * static_cast<float>(static_cast<std::int32_t>(state = state * 1664525 + 1013904223)) *
                 0x1p-31f;
    return ops.upload(shape, numbers);
}

struct Share {
    int operations = 0;
    double seconds = 0, flops = 0, bytes = 0;
};

void print(const std::string& title, const std::map<std::string, Share>& shares) {
    std::vector<std::pair<std::string, Share>> list(shares.begin(), shares.end());
    std::ranges::sort(list, [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
    double all = 0;
    for (const auto& [name, share] : list) all += share.seconds;
    fmt::print("\n{:44} {:>5} {:>8} {:>6} {:>8} {:>7}\n", title, "times", "ms", "share", "GFLOP/s", "GB/s");
    for (std::size_t i = 0; i < std::min<std::size_t>(16, list.size()); ++i) {
        const auto& [name, s] = list[i];
        fmt::print("{:44} {:>5} {:>8.1f} {:>5.1f}% {:>8.0f} {:>7.1f}\n", name, s.operations, s.seconds * 1e3,
                   100 * s.seconds / all, s.flops / s.seconds * 1e-9, s.bytes / s.seconds * 1e-9);
    }
}

/// Signal over noise, dB; and PSNR of a picture whose spread is a quarter of its range, as photographs have.
void print_distance(const Tensor& exact, const Tensor& other) {
    double mean = 0, signal = 0, noise = 0;
    const auto count = static_cast<double>(exact.elements());
    for (const float x : exact.span()) mean += x / count;
    for (std::int64_t i = 0; i < exact.elements(); ++i) {
        signal += std::pow(exact.span()[i] - mean, 2);
        noise += std::pow(static_cast<double>(exact.span()[i]) - other.span()[i], 2);
    }
    const double snr = 10 * std::log10(signal / noise);
    fmt::print("distance        SNR {:.1f} dB, PSNR {:.1f} dB\n", snr, snr + 20 * std::log10(4.0));
}

void measure(const Arguments& arguments) {
    Ops ops(tensor::cpu_backend(arguments.threads, nullptr),
            tensor::Pool::create(tensor::Pool::Kind::memory));
    const models::VaeDecoder decoder = load(ops, arguments, arguments.precision);
    const Tensor input = latents(ops, arguments);
    double machine = diffusion::product_rate(ops);
    Tensor picture = decoder.decode({ops}, input);
    ops.pool().reset_peak();
    std::vector<double> seconds;
    for (int i = 0; i < arguments.frames; ++i) {
        const Stopwatch watch;
        picture = decoder.decode({ops}, input);
        seconds.push_back(watch.seconds());
    }
    machine = std::max(machine, diffusion::product_rate(ops));
    const double tensors_mib = static_cast<double>(ops.pool().peak_bytes()) / (1 << 20),
                 peak = static_cast<double>(peak_rss_bytes()) / (1 << 20);
    std::map<std::string, Share> operations, shapes;
    double flops = 0;
    ops.observe([&](const tensor::OpRecord& r) {
        flops += r.flops;
        for (Share* share :
             {&operations[std::string(name_of(r.kind))],
              &shapes[fmt::format("{} {} -> {}{}", name_of(r.kind), r.inputs, to_string(r.result),
                                  r.precision == Precision::int8 ? " int8" : "")]}) {
            ++share->operations;
            share->seconds += r.seconds;
            share->flops += r.flops;
            share->bytes += r.bytes;
        }
    });
    picture = decoder.decode({ops}, input);
    ops.observe({});
    const double each = median(seconds), rate = flops / each;
    fmt::print(
        "frame           {:.3f} s, {:.3f} TFLOP, {:.0f} GFLOP/s: {:.2f} of {:.0f} in one large product\n",
        each, flops * 1e-12, rate * 1e-9, rate / machine, machine * 1e-9);
    fmt::print("memory          {:.0f} MiB at most, of them weights {:.0f} and tensors {:.0f}\n", peak,
               static_cast<double>(ops.packed_bytes()) / (1 << 20), tensors_mib);
    if (arguments.precision != Precision::f32 && arguments.compare)
        print_distance(load(ops, arguments, Precision::f32).decode({ops}, input), picture);
    print("operation", operations);
    print("shape (channels in -> result)", shapes);
}

}  // namespace

int main(int argc, char** argv) { measure(parse(argc, argv)); }
