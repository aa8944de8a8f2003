// Packed products and convolutions at the shapes of I2VGen-XL (256x256, 8 frames, batch 2) and its VAE. Each
// line gives the rate and its share of the rate that a 4096^3 product of floats reached in the same run;
// lines of bf16 and int8 how many times as fast they are as the same layer in floats, taking turns.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/threads.h"
#include "tensor/cpu/products.h"

namespace stillreel::tensor {
namespace {

struct Layer {
    const char* name;
    std::int64_t images, height, width, inputs, outputs;
    Window window;
    Gate gate = Gate::none;
    Activation activation = Activation::none;
    bool residual = false;
};

Layer linear(const char* name, std::int64_t rows, std::int64_t inputs, std::int64_t outputs) {
    return {name, rows, 1, 1, inputs, outputs, {}};
}
Layer conv(const char* name, std::int64_t images, std::int64_t side, std::int64_t inputs,
           std::int64_t outputs) {
    return {name, images, side, side, inputs, outputs, Window::same3x3()};
}
Layer strided(const char* name, std::int64_t images, std::int64_t side, std::int64_t channels) {
    return {name, images, side, side, channels, channels, {3, 3, 2, 1, 1, 1, 1}};
}
/// The map is made twice as large first.
Layer upsampled(const char* name, std::int64_t images, std::int64_t side, std::int64_t channels) {
    return {name, images, side, side, channels, channels, Window::upsampled3x3()};
}
Layer temporal(const char* name, std::int64_t pixels, std::int64_t channels) {
    return {name, 2, 8, pixels, channels, channels, Window::temporal3()};
}
Layer geglu(const char* name, std::int64_t rows, std::int64_t inputs) {
    return {name, rows, 1, 1, inputs, inputs * 8, {}, Gate::geglu};
}
Layer with_residual(Layer layer) {
    layer.residual = true;
    return layer;
}

std::vector<float> numbers(std::int64_t count, float scale) {
    std::vector<float> floats(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i)
        floats[i] = scale * (hash_unit(1, static_cast<int>(i), 0) - 0.5f);
    return floats;
}

/// A layer with weights, input and room for the result.
class Stage {
  public:
    Stage(Products& products, const Layer& layer, Precision precision = Precision::f32)
        : products_(products) {
        const Window& window = layer.window;
        const std::int64_t depth = layer.inputs * window.taps();
        const std::vector<float> weights = numbers(layer.inputs * window.places() * layer.outputs, 0.1f);
        const std::vector<float> biases = numbers(layer.outputs, 1);
        const WeightData weight{DType::f32,
                                {layer.outputs, layer.inputs, window.kernel_h, window.kernel_w},
                                reinterpret_cast<const std::byte*>(weights.data())};
        const WeightData bias{DType::f32, {layer.outputs}, reinterpret_cast<const std::byte*>(biases.data())};
        packed_ = products.pack({{&weight, 1}, {&bias, 1}, window, layer.gate, precision});
        packed_->inputs = layer.inputs;
        packed_->outputs = layer.gate == Gate::geglu ? layer.outputs / 2 : layer.outputs;
        packed_->window = window;
        packed_->gate = layer.gate;
        const std::int64_t rows = layer.images * window.out_h(layer.height) * window.out_w(layer.width);
        flops_ = 2.0 * static_cast<double>(rows * depth * layer.outputs);
        x_ = numbers(layer.images * layer.height * layer.width * layer.inputs, 1);
        y_ = numbers(rows * packed_->outputs, 1);
        args_.x = x_.data();
        args_.images = layer.images;
        args_.height = layer.height;
        args_.width = layer.width;
        args_.weights = packed_.get();
        args_.activation = layer.activation;
        if (layer.residual) args_.residual = y_.data();
        args_.y = y_.data();
    }
    double run() {
        const Stopwatch watch;
        products_.run(args_);
        return watch.seconds();
    }
    double flops() const { return flops_; }

  private:
    Products& products_;
    std::shared_ptr<Packed> packed_;
    std::vector<float> x_, y_;
    ProductArgs args_;
    double flops_ = 0;
};

double median(std::vector<double>& seconds) {
    const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
    std::ranges::nth_element(seconds, middle);
    return *middle;
}

double median_seconds(Stage& stage, int runs) {
    std::vector<double> seconds;
    for (int i = 0; i < runs; ++i) seconds.push_back(stage.run());
    return median(seconds);
}

void measure(benchmark::State& state, const Layer& layer, Products& products, double machine) {
    Stage stage(products, layer);
    stage.run();
    std::vector<double> seconds;
    for (auto _ : state) seconds.push_back(stage.run());
    const double rate = stage.flops() / median(seconds) * 1e-9;
    state.counters["gflops"] = std::round(rate);
    state.counters["share"] = rate / machine;
}

template <Precision kPrecision>
void measure_beside_floats(benchmark::State& state, const Layer& layer, Products& products, double machine) {
    Stage floats(products, layer), other(products, layer, kPrecision);
    floats.run();
    other.run();
    std::vector<double> float_seconds, other_seconds;
    for (auto _ : state) {
        float_seconds.push_back(floats.run());
        other_seconds.push_back(other.run());
    }
    const double rate = other.flops() / median(other_seconds) * 1e-9;
    state.counters["gflops"] = std::round(rate);
    state.counters["share"] = rate / machine;
    state.counters["times_f32"] = median(float_seconds) / median(other_seconds);
}

std::vector<Layer> layers() {
    return {
        linear("linear 4096 x 4096 -> 4096", 4096, 4096, 4096),
        linear("linear 16384 x 320 -> 320", 16384, 320, 320),
        linear("linear 16384 x 320 -> 960", 16384, 320, 960),
        with_residual(linear("linear 16384 x 1280 -> 320, residual", 16384, 1280, 320)),
        geglu("geglu 16384 x 320 -> 1280", 16384, 320),
        linear("linear 4096 x 640 -> 640", 4096, 640, 640),
        geglu("geglu 4096 x 640 -> 2560", 4096, 640),
        linear("linear 1024 x 1280 -> 1280", 1024, 1280, 1280),
        geglu("geglu 1024 x 1280 -> 5120", 1024, 1280),
        linear("linear 256 x 1280 -> 1280", 256, 1280, 1280),
        linear("linear 154 x 1024 -> 1280", 154, 1024, 1280),
        linear("linear 16 x 1280 -> 1280", 16, 1280, 1280),
        linear("linear 2 x 1280 -> 1280", 2, 1280, 1280),
        conv("conv 8 -> 320, 32x32", 16, 32, 8, 320),
        conv("conv 320 -> 320, 32x32", 16, 32, 320, 320),
        with_residual(conv("conv 320 -> 320, 32x32, residual", 16, 32, 320, 320)),
        conv("conv 640 -> 320, 32x32", 16, 32, 640, 320),
        strided("conv 320, 32x32, stride 2", 16, 32, 320),
        conv("conv 640 -> 640, 16x16", 16, 16, 640, 640),
        conv("conv 1280 -> 1280, 8x8", 16, 8, 1280, 1280),
        conv("conv 2560 -> 1280, 8x8", 16, 8, 2560, 1280),
        conv("conv 1280 -> 1280, 4x4", 16, 4, 1280, 1280),
        conv("conv 320 -> 4, 32x32", 16, 32, 320, 4),
        upsampled("upsampling conv 640, 16x16", 16, 16, 640),
        upsampled("upsampling conv 1280, 8x8", 16, 8, 1280),
        temporal("temporal 320, 32x32", 1024, 320),
        temporal("temporal 640, 16x16", 256, 640),
        temporal("temporal 1280, 8x8", 64, 1280),
        temporal("temporal 1280, 4x4", 16, 1280),
        conv("vae conv 512 -> 512, 32x32, 1 image", 1, 32, 512, 512),
        conv("vae conv 512 -> 512, 128x128, 1 image", 1, 128, 512, 512),
        conv("vae conv 256 -> 256, 128x128, 1 image", 1, 128, 256, 256),
        upsampled("vae upsampling conv 512, 64x64, 1 image", 1, 64, 512),
        upsampled("vae upsampling conv 256, 128x128, 1 image", 1, 128, 256),
        conv("vae conv 128 -> 128, 256x256, 1 image", 1, 256, 128, 128),
        conv("vae conv 128 -> 3, 256x256, 1 image", 1, 256, 128, 3),
        conv("vae conv 3 -> 128, 256x256, 1 image", 1, 256, 3, 128),
    };
}

}  // namespace
}  // namespace stillreel::tensor

int main(int argc, char** argv) {
    using namespace stillreel::tensor;
    benchmark::Initialize(&argc, argv);
    stillreel::ThreadPool pool(stillreel::available_threads());
    Products products(pool, nullptr);
    const double machine = [&] {
        Stage stage(products, linear("", 4096, 4096, 4096));
        median_seconds(stage, 2);
        return stage.flops() / median_seconds(stage, 5) * 1e-9;
    }();
    const auto register_all = [&](const std::string& prefix, const auto& measured) {
        for (const Layer& layer : layers())
            benchmark::RegisterBenchmark((prefix + layer.name).c_str(),
                                         [&products, layer, machine, measured](benchmark::State& state) {
                                             measured(state, layer, products, machine);
                                         })
                ->Unit(benchmark::kMillisecond)
                ->UseRealTime()
                ->MinTime(0.2);
    };
    register_all("", measure);
    register_all("bf16 ", measure_beside_floats<Precision::bf16>);
    register_all("int8 ", measure_beside_floats<Precision::int8>);
    benchmark::RunSpecifiedBenchmarks();
}
