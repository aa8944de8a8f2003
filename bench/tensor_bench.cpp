// Kernels other than products at the sizes of I2VGen-XL (256 x 256, 8 frames, both guidance branches: 16
// images; and the frames' attention at 16 frames), with a matrix product and a copy as the machine's own
// rates. GFLOP/s of the direct algorithm, GB/s of what has to be read and written once.
//   tensor_bench [--threads=N] [Google Benchmark's options]

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/threads.h"
#include "tensor/cpu/cpu_backend.h"
#include "tensor/ops.h"

namespace {

using namespace stillreel;
using namespace stillreel::tensor;

/// Numbers between -1 and 1 that are no equal and no ordered ones.
Tensor made(Ops& ops, const Shape& shape) {
    Tensor tensor = ops.empty(shape);
    std::uint32_t state = 1;
    for (float& number : tensor.mutable_span())
        number =
            static_cast<float>(static_cast<std::int32_t>(state = state * 1664525 + 1013904223)) * 0x1p-31f;
    return tensor;
}

using Operation = std::function<void()>;

/// Repeats the operation that `prepare` makes and reports the rates that Ops counts.
template <class Prepare>
void measure(benchmark::State& state, int threads, const Prepare& prepare) {
    Ops ops(cpu_backend(threads, nullptr), Pool::create(Pool::Kind::memory));
    const Operation operation = prepare(ops);
    // The first time fetches fresh pages from the system.
    operation();
    double flops = 0, bytes = 0;
    ops.observe([&](const OpRecord& record) {
        flops = record.flops;
        bytes = record.bytes;
    });
    for (auto _ : state) operation();
    using benchmark::Counter;
    state.counters["GFLOP/s"] = Counter(flops * 1e-9, Counter::kIsIterationInvariantRate);
    state.counters["GB/s"] = Counter(bytes * 1e-9, Counter::kIsIterationInvariantRate);
}

template <class Prepare>
void bench(const std::string& name, int threads, const Prepare& prepare) {
    auto* const registered = benchmark::RegisterBenchmark(
        name.c_str(), [=](benchmark::State& state) { measure(state, threads, prepare); });
    registered->Unit(benchmark::kMicrosecond);
    // One thread is measured by the processor's time, which tells its rate on a busy machine, too.
    if (threads > 1) registered->UseRealTime();
}

void bench_machine(int threads) {
    bench("machine/product_2048", threads, [](Ops& ops) -> Operation {
        const std::vector<float> weights(2048 * 2048, 0.5f);
        const PackedPtr packed = ops.pack_linear(
            {DType::f32, {2048, 2048}, reinterpret_cast<const std::byte*>(weights.data())}, nullptr);
        return [&ops, packed, x = made(ops, {2048, 2048})] { ops.linear(x, *packed); };
    });
    bench("machine/copy_80MiB", threads, [](Ops& ops) -> Operation {
        return [&ops, parts = std::vector<Tensor>{made(ops, {20, 1 << 20})}] { ops.concat_images(parts); };
    });
}

/// `name`/tokens x keys x heads x head size; queries, keys and values lie side by side.
void bench_attention(const std::string& name, int threads, std::int64_t images, std::int64_t contexts,
                     std::int64_t tokens, std::int64_t keys, int heads, int head_size,
                     Precision precision = Precision::f32) {
    const std::string sizes = std::to_string(tokens) + "x" + std::to_string(keys) + "x" +
                              std::to_string(heads) + "x" + std::to_string(head_size);
    bench("attention/" + name + "/" + sizes, threads, [=](Ops& ops) -> Operation {
        const std::int64_t width = std::int64_t{heads} * head_size;
        return [=, &ops, q = made(ops, {images, tokens, 3 * width}),
                kv = made(ops, {contexts, keys, 3 * width})] {
            ops.attention({q, 0, width}, {kv, width, width}, {kv, 2 * width, width}, heads, Mask::none,
                          precision);
        };
    });
}

/// Merging of half of the tokens of square images, `side` tokens wide.
void bench_merging(int threads, std::int64_t side, std::int64_t channels) {
    const std::int64_t tokens = side * side, images = 2;
    const std::string sizes = std::to_string(tokens) + "x" + std::to_string(channels);
    for (const Precision precision : {Precision::f32, Precision::bf16})
        bench("matching/" + sizes + "/" + std::string(name_of(precision)), threads,
              [=](Ops& ops) -> Operation {
                  return [=, &ops, x = made(ops, {images, tokens, channels})] {
                      ops.match_tokens(x, side, side, tokens / 2, precision);
                  };
              });
    const auto slots_of = [=](Ops& ops) {
        return ops.match_tokens(made(ops, {images, tokens, channels}), side, side, tokens / 2);
    };
    bench("merge_tokens/" + sizes, threads, [=](Ops& ops) -> Operation {
        return [=, &ops, slots = slots_of(ops), x = made(ops, {images, tokens, channels})] {
            ops.merge_tokens(x, slots, tokens - tokens / 2);
        };
    });
    bench("unmerge_tokens/" + sizes, threads, [=](Ops& ops) -> Operation {
        return [=, &ops, slots = slots_of(ops), x = made(ops, {images, tokens - tokens / 2, channels}),
                residual = made(ops, {images, tokens, channels})] { ops.unmerge_tokens(x, slots, residual); };
    });
}

void bench_frames(int threads, std::int64_t frames, std::int64_t pixels, int heads) {
    const std::string sizes =
        std::to_string(frames) + "x" + std::to_string(pixels) + "x" + std::to_string(heads);
    bench("temporal_attention/" + sizes + "x64", threads, [=](Ops& ops) -> Operation {
        const std::int64_t width = heads * 64;
        return [=, &ops, qkv = made(ops, {2 * frames, pixels, 3 * width})] {
            ops.temporal_attention({qkv, 0, width}, {qkv, width, width}, {qkv, 2 * width, width}, heads,
                                   frames);
        };
    });
}

void bench_norms(int threads, std::int64_t pixels, std::int64_t channels) {
    const std::string sizes = std::to_string(pixels) + "x" + std::to_string(channels);
    const auto norm = [=](const std::string& name, std::int64_t frames, Activation activation) {
        bench("group_norm" + name + "/" + sizes, threads, [=](Ops& ops) -> Operation {
            return [=, &ops, x = made(ops, {16, pixels, channels}), gamma = made(ops, {channels})] {
                ops.group_norm(x, gamma, gamma, 32, 1e-5f, frames, activation);
            };
        });
    };
    norm("", 1, Activation::none);
    norm("_silu", 1, Activation::silu);
    norm("_silu_clip", 8, Activation::silu);
    bench("layer_norm/" + sizes, threads, [=](Ops& ops) -> Operation {
        return [&ops, x = made(ops, {16, pixels, channels}), gamma = made(ops, {channels})] {
            ops.layer_norm(x, gamma, gamma, 1e-5f);
        };
    });
}

void bench_elements(int threads) {
    const auto activation = [&](const std::string& name, Activation kind) {
        bench("activate/" + name, threads, [=](Ops& ops) -> Operation {
            return [=, &ops, x = made(ops, {16, 1024, 320})] { ops.activate(x, kind); };
        });
    };
    activation("silu", Activation::silu);
    activation("gelu", Activation::gelu);
    activation("quick_gelu", Activation::quick_gelu);
    bench("add/16x1024x320", threads, [](Ops& ops) -> Operation {
        return [&ops, a = made(ops, {16, 1024, 320}), b = made(ops, {16, 1024, 320})] { ops.add(a, b); };
    });
    bench("concat_channels/320+320", threads, [](Ops& ops) -> Operation {
        return [&ops, a = made(ops, {16, 32, 32, 320})] { ops.concat_channels(a, a); };
    });
    bench("upsample/16x16x640", threads, [](Ops& ops) -> Operation {
        return [&ops, x = made(ops, {16, 16, 16, 640})] { ops.upsample_nearest(x, 32, 32); };
    });
    bench("pool/64x64x32", threads, [](Ops& ops) -> Operation {
        return [&ops, x = made(ops, {2, 64, 64, 32})] { ops.adaptive_average_pool(x, 32, 32); };
    });
}

}  // namespace

int main(int argc, char** argv) {
    int threads = available_threads();
    const std::string option = "--threads=";
    for (int i = 1; i < argc; ++i)
        if (std::string(argv[i]).starts_with(option))
            threads = std::max(1, std::atoi(argv[i] + option.size()));
    bench_machine(threads);
    for (const auto& [tokens, heads] : {std::pair{1024, 5}, {256, 10}, {64, 20}, {16, 20}}) {
        bench_attention("self", threads, 16, 16, tokens, tokens, heads, 64);
        bench_attention("cross", threads, 16, 2, tokens, 145, heads, 64);
        bench_attention("self_bf16", threads, 16, 16, tokens, tokens, heads, 64, Precision::bf16);
        bench_attention("cross_bf16", threads, 16, 2, tokens, 145, heads, 64, Precision::bf16);
    }
    bench_attention("self_512px", threads, 2, 2, 4096, 4096, 5, 64);
    bench_attention("merged_512px", threads, 2, 2, 2048, 2048, 5, 64);
    bench_attention("self_512px_bf16", threads, 2, 2, 4096, 4096, 5, 64, Precision::bf16);
    bench_attention("merged_512px_bf16", threads, 2, 2, 2048, 2048, 5, 64, Precision::bf16);
    bench_attention("vae", threads, 2, 2, 1024, 1024, 1, 512);
    bench_attention("sd1", threads, 2, 2, 1024, 1024, 8, 40);
    bench_attention("sd1", threads, 2, 2, 256, 256, 8, 80);
    for (const int side : {64, 32}) bench_merging(threads, side, 320);
    for (const auto& [pixels, heads] : {std::pair{1024, 5}, {256, 10}, {64, 20}, {16, 20}})
        bench_frames(threads, 8, pixels, heads);
    bench_frames(threads, 16, 1024, 5);
    bench_frames(threads, 32, 1024, 5);
    for (const auto& [pixels, channels] :
         {std::pair{1024, 320}, {1024, 960}, {256, 640}, {64, 1280}, {16, 2560}})
        bench_norms(threads, pixels, channels);
    bench_elements(threads);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
