// Packed products and convolutions of the processor against plain loops that sum in double.
#include "tensor/cpu/products.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "support/reference_backend.h"
#include "tensor/numbers.h"

namespace stillreel::tensor {
namespace {

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
    int threads = 2;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
    out << c.images << "x" << c.height << "x" << c.width << "x" << c.inputs << " ->";
    for (const std::int64_t o : c.outputs) out << " " << o;
    const Window& w = c.window;
    return out << " window " << w.kernel_h << "x" << w.kernel_w << " stride " << w.stride << " padding "
               << w.top << w.left << w.bottom << w.right << " gate " << int(c.gate) << " activation "
               << int(c.activation) << " vectors " << c.vectors << " residual " << int(c.residual) << " type "
               << name_of(c.type);
}

/// Numbers as a file of that type holds them.
std::vector<std::byte> stored(const std::vector<float>& floats, DType type) {
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

Made made_weights(const Case& c) {
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

std::shared_ptr<Packed> completed(std::shared_ptr<Packed> packed, const Case& c) {
    packed->inputs = c.inputs;
    packed->outputs = 0;
    for (const std::int64_t o : c.outputs) packed->outputs += o;
    if (c.gate == Gate::geglu) packed->outputs /= 2;
    packed->window = c.window;
    packed->gate = c.gate;
    return packed;
}

template <class Pack, class Run>
std::vector<float> result_of(const Case& c, Pack pack, Run run) {
    const Made made = made_weights(c);
    const std::shared_ptr<Packed> packed =
        completed(pack(PackRequest{made.weights, made.biases, c.window, c.gate}), c);
    const std::int64_t pixels = c.window.out_h(c.height) * c.window.out_w(c.width);
    const std::vector<float> x = random_floats(c.images * c.height * c.width * c.inputs, 1);
    const std::vector<float> residual = random_floats(c.images * pixels * packed->outputs, 2);
    const std::vector<float> vectors = random_floats(c.vectors * packed->outputs, 3);
    std::vector<float> y = residual;
    ProductArgs args;
    args.x = x.data();
    args.images = c.images;
    args.height = c.height;
    args.width = c.width;
    args.weights = packed.get();
    if (c.vectors) {
        args.per_image = vectors.data();
        args.images_per_row = c.images / c.vectors;
    }
    if (c.residual == Case::own_residual) args.residual = residual.data();
    if (c.residual == Case::in_place) args.residual = y.data();
    args.activation = c.activation;
    args.y = y.data();
    run(args);
    return y;
}

std::vector<float> expected_of(const Case& c) {
    const auto backend = testing::reference_backend();
    return result_of(
        c, [&](const PackRequest& request) { return backend->pack(request); },
        [&](const ProductArgs& args) { backend->product(args); });
}

std::vector<float> computed_of(const Case& c) {
    ThreadPool pool(c.threads);
    Products products(pool, nullptr);
    return result_of(
        c, [&](const PackRequest& request) { return products.pack(request); },
        [&](const ProductArgs& args) { products.run(args); });
}

void check(const Case& c) {
    SCOPED_TRACE(::testing::PrintToString(c));
    const std::vector<float> expected = expected_of(c), computed = computed_of(c);
    ASSERT_EQ(expected.size(), computed.size());
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(expected[i]) - computed[i]) /
                                    (1 + std::abs(static_cast<double>(expected[i]))));
    // Results are about 1. Measured: 4e-6 at most, where 12544 products are summed.
    EXPECT_LT(worst, 1e-5);
}

Case linear(std::int64_t rows, std::int64_t inputs, std::int64_t outputs) {
    Case c;
    c.images = rows;
    c.inputs = inputs;
    c.outputs = {outputs};
    return c;
}

Case conv(std::int64_t images, std::int64_t height, std::int64_t width, std::int64_t inputs,
          std::int64_t outputs, const Window& window = Window::same3x3()) {
    return {.images = images,
            .height = height,
            .width = width,
            .inputs = inputs,
            .outputs = {outputs},
            .window = window};
}

TEST(Products, LinearLayersOfAnyWidth) {
    for (std::int64_t width = 1; width <= 33; ++width) {
        check(linear(3, width, 34 - width));
        check(linear(17, 34 - width, width));
    }
    check(linear(1, 320, 1280));
    check(linear(2, 1280, 320));
    check(linear(16, 272, 48));
    check(linear(77, 1024, 96));
    check(linear(500, 320, 320));
    check(linear(449, 64, 640));
}

TEST(Products, ConvolutionsOfAnyWidthAndMap) {
    for (const std::int64_t channels : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48})
        check(conv(1 + channels % 5, 1 + channels % 17, 9 - channels % 9, channels, 34 - channels % 33));
    check(conv(1, 1, 1, 320, 320));
    check(conv(2, 4, 4, 320, 320));
    check(conv(3, 8, 8, 128, 160));
    check(conv(2, 17, 9, 320, 64));
    check(conv(1, 40, 40, 32, 32));
    check(conv(1, 40, 40, 64, 3));
    check(conv(2, 20, 20, 17, 33));
    check(conv(1, 300, 7, 16, 47));
}

TEST(Products, StridesAndAsymmetricPadding) {
    for (const std::int64_t channels : {3, 16, 64}) {
        check(conv(2, 8, 8, channels, 32, {3, 3, 2, 1, 1, 1, 1}));
        check(conv(2, 9, 7, channels, 32, {3, 3, 2, 1, 1, 1, 1}));
        check(conv(2, 8, 6, channels, 32, {3, 3, 2, 0, 0, 1, 1}));
        check(conv(2, 33, 40, channels, 32, {3, 3, 2, 0, 0, 1, 1}));
        check(conv(2, 40, 33, channels, 64, {3, 3, 2, 1, 1, 1, 1}));
        check(conv(1, 28, 28, channels, 40, {14, 14, 14, 0, 0, 0, 0}));
        check(conv(2, 5, 6, channels, 32, {5, 3, 1, 0, 2, 1, 0}));
        check(conv(2, 5, 6, channels, 32, {1, 1, 2, 0, 0, 0, 0}));
    }
}

TEST(Products, TemporalWindows) {
    for (const std::int64_t frames : {1, 2, 8})
        for (const std::int64_t channels : {5, 32, 96})
            check(conv(2, frames, 12, channels, channels, Window::temporal3()));
    check(conv(1, 3, 300, 32, 32, Window::temporal3()));
}

TEST(Products, StackedWeights) {
    for (const std::vector<std::int64_t>& outputs :
         std::vector<std::vector<std::int64_t>>{{8, 8, 8}, {320, 320, 320}, {5, 33, 2}, {64, 96}}) {
        Case c = linear(50, 40, 0);
        c.outputs = outputs;
        check(c);
    }
}

TEST(Products, GatesValuesWithGelu) {
    for (const std::int64_t inner : {1, 7, 32, 33, 64, 100, 640})
        for (const std::int64_t rows : {3, 300}) {
            Case c = linear(rows, 48, 2 * inner);
            c.gate = Gate::geglu;
            check(c);
            c.residual = Case::in_place;
            c.vectors = 3;
            c.activation = Activation::silu;
            check(c);
        }
}

TEST(Products, EveryCombinationOfEndings) {
    for (const Case& base : {linear(12, 33, 20), linear(600, 64, 64), conv(4, 5, 6, 7, 33),
                             conv(4, 8, 8, 32, 64), conv(4, 16, 17, 16, 40)})
        for (const auto activation :
             {Activation::none, Activation::silu, Activation::gelu, Activation::quick_gelu})
            for (const std::int64_t vectors : {0, 1, 2, 4})
                for (const auto residual : {Case::no_residual, Case::own_residual, Case::in_place})
                    for (const auto biases : {Case::bias, Case::no_bias}) {
                        Case c = base;
                        c.activation = activation;
                        c.vectors = vectors;
                        c.residual = residual;
                        c.biases = biases;
                        check(c);
                    }
}

TEST(Products, WeightsAreReadInEveryType) {
    for (const DType type : {DType::f16, DType::bf16}) {
        Case c = conv(2, 5, 6, 37, 45);
        c.type = type;
        check(c);
        c = linear(20, 320, 96);
        c.outputs = {32, 64};
        c.type = type;
        check(c);
    }
}

TEST(Products, TheSameBitsForAnyNumberOfThreads) {
    for (Case c : {linear(1000, 320, 352), linear(5, 640, 640), conv(3, 16, 16, 64, 64),
                   conv(1, 64, 48, 32, 32), conv(8, 4, 4, 320, 320)}) {
        c.threads = 1;
        const std::vector<float> one = computed_of(c);
        for (const int threads : {2, 3}) {
            c.threads = threads;
            EXPECT_EQ(computed_of(c), one) << ::testing::PrintToString(c);
        }
    }
}

TEST(Products, TheSameBitsForAnyNumberOfRowsOrImages) {
    // The first rows of many, and the same rows alone: what is chosen by size must not show.
    const std::pair<Case, std::int64_t> cases[] = {{linear(1100, 320, 96), 7},  {linear(600, 512, 33), 100},
                                                   {linear(600, 640, 64), 11},  {conv(16, 16, 16, 32, 32), 1},
                                                   {conv(5, 8, 8, 160, 32), 2}, {conv(4, 40, 33, 48, 32), 1}};
    for (auto [all, few] : cases) {
        all.residual = Case::in_place;
        Case part = all;
        part.images = few;
        const std::vector<float> whole = computed_of(all), alone = computed_of(part);
        EXPECT_TRUE(std::equal(alone.begin(), alone.end(), whole.begin()))
            << ::testing::PrintToString(all) << " and " << few;
    }
}

TEST(Products, MachinesWithAvx2Alone) {
    hwy::SetSupportedTargetsForTest(HWY_AVX2 | HWY_SSE4);
    for (const std::int64_t width : {1, 5, 16, 33}) check(linear(3 + 7 * width, width, 70 - width));
    check(conv(2, 5, 6, 20, 33));
    Case gated = linear(20, 48, 80);
    gated.gate = Gate::geglu;
    check(gated);
    hwy::SetSupportedTargetsForTest(0);
}

TEST(Products, PackedWeightsTellTheirBytes) {
    ThreadPool pool(2);
    Products products(pool, nullptr);
    const std::vector<float> floats = random_floats(std::int64_t{64} * 320, 1);
    const WeightData weight = weight_of(floats, {64, 320});
    const auto packed = products.pack({{&weight, 1}, {}, {}, Gate::none});
    EXPECT_GE(packed->bytes, floats.size() * sizeof(float));
    EXPECT_LE(packed->bytes, floats.size() * sizeof(float) + 4096);
}

TEST(Products, StopWhenAsked) {
    ThreadPool pool(2);
    CancelFlag cancel;
    Products products(pool, &cancel);
    const std::vector<float> floats = random_floats(std::int64_t{32} * 32, 1);
    const WeightData weight = weight_of(floats, {32, 32});
    const auto packed = products.pack({{&weight, 1}, {}, {}, Gate::none});
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
    EXPECT_EQ(code_of([&] { products.pack({{&weight, 1}, {}, {}, Gate::none}); }), ErrorCode::cancelled);
}

}  // namespace
}  // namespace stillreel::tensor
