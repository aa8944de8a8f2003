// Products of every kind on made-up numbers, for the tests of what computes them.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <ostream>
#include <vector>

#include "base/error.h"
#include "support/reference_backend.h"
#include "tensor/cpu/products.h"
#include "tensor/numbers.h"

namespace stillreel::tensor {

using testing::random_floats;
using testing::weight_of;

struct Case {
    std::int64_t images = 1, height = 1, width = 1, inputs = 1;
    std::vector<std::int64_t> outputs = {1};  // several: stacked
    Window window;
    Gate gate = Gate::none;
    Activation activation = Activation::none;
    std::int64_t vectors = 0;  // per_image; 0: none
    enum { no_residual, own_residual, in_place } residual = no_residual;
    enum { bias, no_bias } biases = bias;
    DType type = DType::f32;
    Precision precision = Precision::f32;
    int threads = 2;
};

inline std::ostream& operator<<(std::ostream& out, const Case& c) {
    out << c.images << "x" << c.height << "x" << c.width << "x" << c.inputs << " ->";
    for (const std::int64_t o : c.outputs) out << " " << o;
    const Window& w = c.window;
    return out << " window " << w.kernel_h << "x" << w.kernel_w << " stride " << w.stride << " padding "
               << w.top << w.left << w.bottom << w.right << " upsample " << w.upsample << " gate "
               << int(c.gate) << " activation " << int(c.activation) << " vectors " << c.vectors
               << " residual " << int(c.residual) << " type " << name_of(c.type) << " "
               << name_of(c.precision);
}

/// The case with every combination of what a product does with its sums.
inline std::vector<Case> with_every_ending(const Case& base) {
    std::vector<Case> cases;
    for (const auto activation :
         {Activation::none, Activation::silu, Activation::gelu, Activation::quick_gelu})
        for (const std::int64_t vectors : {0, 1, 2, 4})
            for (const auto residual : {Case::no_residual, Case::own_residual, Case::in_place})
                for (const auto biases : {Case::bias, Case::no_bias}) {
                    Case& c = cases.emplace_back(base);
                    c.activation = activation;
                    c.vectors = vectors;
                    c.residual = residual;
                    c.biases = biases;
                }
    return cases;
}

/// Numbers as a file of that type holds them.
inline std::vector<std::byte> stored(const std::vector<float>& floats, DType type) {
    std::vector<std::byte> bytes(floats.size() * bytes_of(type));
    for (std::size_t i = 0; i < floats.size(); ++i) {
        const auto bits = std::bit_cast<std::uint32_t>(floats[i]);
        if (type == DType::f32) std::memcpy(bytes.data() + 4 * i, &bits, 4);
        std::uint16_t word = static_cast<std::uint16_t>(bits >> 16);
        if (type == DType::f16) {
            // Cut off, not rounded: any half will do. Numbers below 2^-14 become zero.
            const int exponent = static_cast<int>(bits >> 23 & 0xff) - 127 + 15;
            word = static_cast<std::uint16_t>((bits >> 16 & 0x8000) |
                                              (exponent <= 0 ? 0 : exponent << 10 | (bits >> 13 & 0x3ff)));
        }
        if (type != DType::f32) std::memcpy(bytes.data() + 2 * i, &word, 2);
    }
    return bytes;
}

struct Made {
    std::vector<std::vector<std::byte>> numbers;
    std::vector<WeightData> weights, biases;
};

inline Made made_weights(const Case& c) {
    Made made;
    int seed = 100;
    for (const std::int64_t outputs : c.outputs) {
        const Shape shape{outputs, c.inputs, c.window.kernel_h, c.window.kernel_w};
        const float scale = 1 / std::sqrt(static_cast<float>(shape.elements() / outputs));
        made.numbers.push_back(stored(random_floats(shape.elements(), seed++, scale), c.type));
        made.weights.push_back({c.type, shape, made.numbers.back().data()});
        if (c.biases == Case::no_bias) continue;
        made.numbers.push_back(stored(random_floats(outputs, seed++), c.type));
        made.biases.push_back({c.type, {outputs}, made.numbers.back().data()});
    }
    return made;
}

inline std::shared_ptr<Packed> completed(std::shared_ptr<Packed> packed, const Case& c) {
    packed->inputs = c.inputs;
    packed->outputs = 0;
    for (const std::int64_t o : c.outputs) packed->outputs += o;
    if (c.gate == Gate::geglu) packed->outputs /= 2;
    packed->window = c.window;
    packed->gate = c.gate;
    return packed;
}

/// Everything that a product is made of.
struct Numbers {
    Made made;
    std::vector<float> x, residual, vectors;
};

inline std::int64_t outputs_of(const Case& c) {
    std::int64_t outputs = 0;
    for (const std::int64_t o : c.outputs) outputs += o;
    return c.gate == Gate::geglu ? outputs / 2 : outputs;
}

inline Numbers numbers_of(const Case& c) {
    const std::int64_t results =
        c.images * c.window.out_h(c.height) * c.window.out_w(c.width) * outputs_of(c);
    return {made_weights(c), random_floats(c.images * c.height * c.width * c.inputs, 1),
            random_floats(results, 2), random_floats(c.vectors * outputs_of(c), 3)};
}

template <class Pack, class Run>
std::vector<float> result_of(const Case& c, const Numbers& numbers, Pack pack, Run run) {
    const std::shared_ptr<Packed> packed = completed(
        pack(PackRequest{numbers.made.weights, numbers.made.biases, c.window, c.gate, c.precision}), c);
    std::vector<float> y = numbers.residual;
    ProductArgs args;
    args.x = numbers.x.data();
    args.images = c.images;
    args.height = c.height;
    args.width = c.width;
    args.weights = packed.get();
    if (c.vectors) {
        args.per_image = numbers.vectors.data();
        args.images_per_row = c.images / c.vectors;
    }
    if (c.residual == Case::own_residual) args.residual = numbers.residual.data();
    if (c.residual == Case::in_place) args.residual = y.data();
    args.activation = c.activation;
    args.y = y.data();
    run(args);
    return y;
}

/// By plain loops that sum in double.
inline std::vector<float> expected_of(const Case& c, const Numbers& numbers) {
    const auto backend = testing::reference_backend();
    return result_of(
        c, numbers, [&](const PackRequest& request) { return backend->pack(request); },
        [&](const ProductArgs& args) { backend->product(args); });
}

inline std::vector<float> computed_of(const Case& c, const Numbers& numbers) {
    ThreadPool pool(c.threads);
    Products products(pool, nullptr);
    return result_of(
        c, numbers, [&](const PackRequest& request) { return products.pack(request); },
        [&](const ProductArgs& args) { products.run(args); });
}
inline std::vector<float> computed_of(const Case& c) { return computed_of(c, numbers_of(c)); }

/// The largest |a - b| / (1 + |b|).
inline double worst_error(const std::vector<float>& a, const std::vector<float>& b) {
    double worst = 0;
    for (std::size_t i = 0; i < b.size(); ++i)
        worst = std::max(
            worst, std::abs(static_cast<double>(a[i]) - b[i]) / (1 + std::abs(static_cast<double>(b[i]))));
    return worst;
}

/// How far the noise of `a` lies below the numbers of `b`.
inline double decibels_of(const std::vector<float>& a, const std::vector<float>& b) {
    double signal = 0, noise = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        signal += std::pow(b[i], 2.0);
        noise += std::pow(static_cast<double>(a[i]) - b[i], 2.0);
    }
    return 10 * std::log10(signal / noise);
}

/// Those that multiply and add with one rounding.
inline std::int64_t fused_targets() { return hwy::SupportedTargets() & (HWY_AVX2 | HWY_AVX3 | HWY_AVX3_DL); }

/// With each of the instruction sets as the best one.
template <class Work>
void on_each(std::int64_t targets, Work work) {
    for (std::int64_t rest = targets; rest != 0; rest &= rest - 1) {
        SCOPED_TRACE(hwy::TargetName(rest & -rest));
        hwy::SetSupportedTargetsForTest(rest);
        work();
        hwy::SetSupportedTargetsForTest(0);
    }
}

inline Case linear(std::int64_t rows, std::int64_t inputs, std::int64_t outputs) {
    Case c;
    c.images = rows;
    c.inputs = inputs;
    c.outputs = {outputs};
    return c;
}

inline Case conv(std::int64_t images, std::int64_t height, std::int64_t width, std::int64_t inputs,
                 std::int64_t outputs, const Window& window = Window::same3x3()) {
    return {.images = images,
            .height = height,
            .width = width,
            .inputs = inputs,
            .outputs = {outputs},
            .window = window};
}

/// Packing and multiplying after a cancel.
inline void expect_stop_when_asked(Precision precision) {
    ThreadPool pool(2);
    CancelFlag cancel;
    Products products(pool, &cancel);
    const std::vector<float> floats = random_floats(std::int64_t{32} * 32, 1);
    const WeightData weight = weight_of(floats, {32, 32});
    const PackRequest request{{&weight, 1}, {}, {}, Gate::none, precision};
    const auto packed = products.pack(request);
    cancel.request();
    std::vector<float> y(32);
    ProductArgs args;
    args.x = floats.data();
    args.weights = packed.get();
    args.y = y.data();
    const auto code_of = [](auto work) -> std::optional<ErrorCode> {
        try {
            work();
        } catch (const Error& error) {
            return error.code();
        }
        return std::nullopt;
    };
    EXPECT_EQ(code_of([&] { products.run(args); }), ErrorCode::cancelled);
    EXPECT_EQ(code_of([&] { products.pack(request); }), ErrorCode::cancelled);
}

}  // namespace stillreel::tensor
