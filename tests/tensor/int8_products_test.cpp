// Products of whole numbers of 8 bits against plain loops over the numbers that they stand for.
#include <gtest/gtest.h>

#include <algorithm>

#include "tensor/meta/meta_backend.h"
#include "tensor/product_cases.h"

namespace stillreel::tensor {
namespace {

Case int8(Case c) {
    c.precision = Precision::int8;
    return c;
}

/// Numbers [.., i, ..] of one scale, replaced by the nearest that 8 bits can say: 256 even steps from the
/// least to the greatest, 0 among them.
void round_inputs(std::vector<float>& x, const std::vector<std::int64_t>& together) {
    float least = 0, greatest = 0;
    for (const std::int64_t i : together) {
        least = std::min(least, x[i]);
        greatest = std::max(greatest, x[i]);
    }
    const float scale = greatest / 255 - least / 255;
    if (scale == 0) return;
    const float per_scale = 1 / scale;
    const float zero = std::nearbyint(-least * per_scale);
    for (const std::int64_t i : together)
        x[i] = (std::clamp(std::nearbyint(x[i] * per_scale) + zero, 0.0f, 255.0f) - zero) * scale;
}

/// Everything that a result looks at together shares a scale: a row, a pixel's frames, or an image.
std::vector<float> rounded_inputs(const Case& c, std::vector<float> x) {
    const bool rows = c.window.kernel_h == 1 && c.window.kernel_w == 1 && c.window.stride == 1;
    const bool columns = c.window.kernel_w == 1;
    for (std::int64_t image = 0; image < c.images; ++image) {
        std::vector<std::vector<std::int64_t>> groups(static_cast<std::size_t>(rows      ? c.height * c.width
                                                                               : columns ? c.width
                                                                                         : 1));
        for (std::int64_t pixel = 0; pixel < c.height * c.width; ++pixel)
            for (std::int64_t i = 0; i < c.inputs; ++i)
                groups[rows      ? pixel
                       : columns ? pixel % c.width
                                 : 0]
                    .push_back((image * c.height * c.width + pixel) * c.inputs + i);
        for (const auto& group : groups) round_inputs(x, group);
    }
    return x;
}

/// Weights as multiples of their output's largest over 127.
void round_weights(Made& made) {
    for (WeightData& weight : made.weights) {
        const std::int64_t outputs = weight.shape[0], depth = weight.shape.elements() / outputs;
        std::vector<float> row(static_cast<std::size_t>(depth));
        for (std::int64_t o = 0; o < outputs; ++o) {
            read_floats(weight, o * depth, row);
            float greatest = 0;
            for (const float w : row) greatest = std::max(greatest, std::abs(w));
            const float scale = greatest / 127, per_scale = scale > 0 ? 1 / scale : 0;
            for (float& w : row) w = std::nearbyint(w * per_scale) * scale;
            write_floats(row, weight.type,
                         const_cast<std::byte*>(weight.data) + o * depth * bytes_of(weight.type));
        }
    }
}

void check(const Case& c) {
    SCOPED_TRACE(::testing::PrintToString(c));
    Numbers numbers = numbers_of(c);
    const std::vector<float> computed = computed_of(c, numbers);
    numbers.x = rounded_inputs(c, numbers.x);
    round_weights(numbers.made);
    // What is left is the rounding of floats. Measured: 1.6e-7 at most.
    EXPECT_LT(worst_error(computed, expected_of(c, numbers)), 5e-7);
}

TEST(Int8Products, LinearLayersOfAnyWidth) {
    for (std::int64_t width = 1; width <= 33; ++width) {
        check(int8(linear(3, width, 34 - width)));
        check(int8(linear(17, 34 - width, width)));
    }
    check(int8(linear(1, 320, 1280)));
    check(int8(linear(16, 2571, 48)));
    check(int8(linear(3, 5200, 33)));
    check(int8(linear(300, 320, 1000)));
}

TEST(Int8Products, ConvolutionsOfAnyWindow) {
    for (const std::int64_t channels : {1, 2, 3, 5, 16, 33}) {
        check(
            int8(conv(1 + channels % 5, 1 + channels % 17, 9 - channels % 9, channels, 34 - channels % 33)));
        check(int8(conv(2, 8, 6, channels, 32, {3, 3, 2, 0, 0, 1, 1})));
        check(int8(conv(2, 9, 7, channels, 40, {3, 3, 2, 1, 1, 1, 1})));
        check(int8(conv(2, 5, 6, channels, 32, {5, 3, 1, 0, 2, 1, 0})));
        check(int8(conv(2, 5, 6, channels, 32, {1, 1, 2, 0, 0, 0, 0})));
    }
    check(int8(conv(1, 1, 1, 320, 64)));
    check(int8(conv(2, 17, 9, 320, 64)));
    check(int8(conv(1, 300, 7, 16, 47)));
}

/// What a phase of upsampled3x3() is: a 2x2 window with sums of the weights.
Numbers phase_of(const Numbers& numbers, const Case& c, int row, int column) {
    const std::int64_t kernels = c.outputs[0] * c.inputs;
    std::vector<float> stored_floats(static_cast<std::size_t>(9 * kernels));
    read_floats(numbers.made.weights[0], 0, stored_floats);
    std::vector<double> sums(static_cast<std::size_t>(4 * kernels));
    const auto tap = [](int phase, int place) { return (phase + place + 1) / 2 - phase; };
    for (std::int64_t i = 0; i < 9 * kernels; ++i)
        sums[i / 9 * 4 + tap(row, static_cast<int>(i % 9 / 3)) * 2 + tap(column, static_cast<int>(i % 3))] +=
            stored_floats[i];
    Numbers small = numbers;
    small.made.numbers.push_back(stored(std::vector<float>(sums.begin(), sums.end()), DType::f32));
    small.made.weights[0] = {DType::f32, {c.outputs[0], c.inputs, 2, 2}, small.made.numbers.back().data()};
    small.residual.resize(small.residual.size() / 4);
    return small;
}

TEST(Int8Products, WindowsOverMapsMadeTwiceAsLargeAreFourSmallOnesWithScalesOfTheirOwn) {
    const std::int64_t images = 2, height = 5, width = 6, outputs = 33;
    const Case c = int8(conv(images, height, width, 20, outputs, Window::upsampled3x3()));
    const Numbers numbers = numbers_of(c);
    const std::vector<float> whole = computed_of(c, numbers);
    for (int phase = 0; phase < 4; ++phase) {
        const int row = phase / 2, column = phase % 2;
        Case part = c;
        part.window = {2, 2, 1, 1 - row, 1 - column, row, column};
        const std::vector<float> small = computed_of(part, phase_of(numbers, c, row, column));
        for (std::int64_t i = 0; i < images * height * width * outputs; ++i) {
            const std::int64_t line = i / outputs / width, x = i / outputs % width;
            ASSERT_EQ(whole[((2 * line + row) * 2 * width + 2 * x + column) * outputs + i % outputs],
                      small[i])
                << phase << ", " << i;
        }
    }
}

TEST(Int8Products, TemporalWindowsWithAScaleForEveryPixel) {
    for (const std::int64_t frames : {1, 2, 8})
        for (const std::int64_t channels : {5, 32})
            check(int8(conv(2, frames, 12, channels, channels, Window::temporal3())));
    check(int8(conv(1, 3, 300, 32, 32, Window::temporal3())));
}

TEST(Int8Products, StackedAndGatedWeightsOfEveryType) {
    Case c = int8(linear(50, 40, 0));
    c.outputs = {5, 33, 2};
    check(c);
    for (const std::int64_t inner : {1, 33, 100, 640}) {
        c = int8(linear(37, 48, 2 * inner));
        c.gate = Gate::geglu;
        c.residual = Case::in_place;
        check(c);
    }
}

TEST(Int8Products, EveryCombinationOfEndings) {
    for (const Case& base : {linear(12, 33, 20), conv(4, 5, 6, 7, 33), conv(4, 8, 8, 32, 64)})
        for (const Case& c : with_every_ending(int8(base))) check(c);
}

TEST(Int8Products, EveryInstructionSet) {
    on_each(hwy::SupportedTargets(), [] {
        for (const std::int64_t width : {1, 5, 16, 33}) check(int8(linear(2 + 3 * width, width, 70 - width)));
        check(int8(conv(2, 5, 6, 20, 33)));
    });
}

TEST(Int8Products, TheSameBitsOnEveryInstructionSetAndForAnyNumberOfThreads) {
    for (Case c : {int8(linear(300, 320, 352)), int8(conv(3, 16, 16, 64, 64)),
                   int8(conv(2, 4, 30, 40, 40, Window::temporal3())),
                   int8(conv(3, 6, 20, 40, 40, Window::upsampled3x3()))}) {
        c.threads = 1;
        const Numbers numbers = numbers_of(c);
        const std::vector<float> one = computed_of(c, numbers);
        on_each(fused_targets(), [&] {
            for (const int threads : {1, 3}) {
                c.threads = threads;
                EXPECT_EQ(computed_of(c, numbers), one) << ::testing::PrintToString(c);
            }
        });
    }
}

TEST(Int8Products, TheSameBitsForAnyNumberOfRowsOrImages) {
    // The last ones would not fit what is quantised at a time.
    const std::pair<Case, std::int64_t> cases[] = {{linear(1100, 320, 96), 7},
                                                   {conv(16, 16, 16, 32, 32), 1},
                                                   {conv(9, 64, 64, 512, 8), 1},
                                                   {conv(9, 64, 64, 512, 8, Window::upsampled3x3()), 1}};
    for (auto [all, few] : cases) {
        all.residual = Case::in_place;
        Case part = all = int8(all);
        part.images = few;
        const std::vector<float> whole = computed_of(all), alone = computed_of(part);
        EXPECT_TRUE(std::equal(alone.begin(), alone.end(), whole.begin()))
            << ::testing::PrintToString(all) << " and " << few;
    }
}

TEST(Int8Products, TheLargestSumsAreExact) {
    // Every product is 255 * 127: pairs of them saturate 16 bits, all of them come near 31.
    Case c = int8(linear(2, 65536, 3));
    c.biases = Case::no_bias;
    Numbers numbers = numbers_of(c);
    std::fill(numbers.x.begin(), numbers.x.end(), 1.0f);
    std::vector<float> ones(static_cast<std::size_t>(3 * c.inputs), 1.0f);
    for (std::int64_t i = 0; i < c.inputs; ++i) {
        ones[c.inputs + i] = -1;
        if (i % 2) ones[2 * c.inputs + i] = -1;
    }
    numbers.made.numbers[0] = stored(ones, DType::f32);
    numbers.made.weights[0].data = numbers.made.numbers[0].data();
    on_each(hwy::SupportedTargets(), [&] {
        const std::vector<float> y = computed_of(c, numbers);
        const std::vector<float> expected{65536, -65536, 0, 65536, -65536, 0};
        for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 65536 * 2e-7);
    });
}

TEST(Int8Products, ZerosGiveTheBiasAndHugeNumbersHugeOnes) {
    const Case c = int8(linear(3, 40, 5));
    Numbers numbers = numbers_of(c);
    std::fill_n(numbers.x.begin(), 40, 0.0f);
    std::fill_n(numbers.x.begin() + 40, 40, 1e-40f);
    std::transform(numbers.x.begin() + 80, numbers.x.end(), numbers.x.begin() + 80,
                   [](float x) { return x * 3e37f; });
    const std::vector<float> y = computed_of(c, numbers);
    std::vector<float> bias(5);
    read_floats(numbers.made.biases[0], 0, bias);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(y[i], bias[i]);
        EXPECT_EQ(y[5 + i], bias[i]);
        EXPECT_TRUE(std::isfinite(y[10 + i]));
        EXPECT_GT(std::abs(y[10 + i]), 1e33f);
    }
}

TEST(Int8Products, WhatIsNoNumberStaysNone) {
    for (const float broken : {NAN, INFINITY, -INFINITY}) {
        const Case c = int8(linear(3, 40, 5));
        Numbers numbers = numbers_of(c);
        numbers.x[40 + 7] = broken;
        on_each(hwy::SupportedTargets(), [&] {
            const std::vector<float> y = computed_of(c, numbers);
            for (std::size_t i = 0; i < y.size(); ++i) EXPECT_EQ(std::isnan(y[i]), i / 5 == 1) << i;
        });
        const Case images = int8(conv(2, 4, 4, 8, 6));
        numbers = numbers_of(images);
        numbers.x[5] = broken;
        const std::vector<float> y = computed_of(images, numbers);
        for (std::size_t i = 0; i < y.size(); ++i) EXPECT_EQ(std::isnan(y[i]), i < y.size() / 2) << i;
    }
}

TEST(Int8Products, StayNearTheProductsOfFloats) {
    const auto decibels = [](const Case& c) {
        const Numbers numbers = numbers_of(c);
        return decibels_of(computed_of(int8(c), numbers), expected_of(c, numbers));
    };
    // Evenly spread numbers: 256 steps of inputs and 255 of weights leave 48 dB each, 45 together; the bias
    // is exact. Measured: 46.0, 45.7 and 46.4.
    EXPECT_GT(decibels(linear(50, 320, 64)), 50.5);
    EXPECT_GT(decibels(conv(2, 8, 8, 64, 32)), 50.5);
    EXPECT_GT(decibels(conv(2, 8, 16, 32, 32, Window::temporal3())), 50.5);
}

TEST(Int8Products, WeightsTakeAQuarterOfTheirMemory) {
    ThreadPool pool(2);
    Products products(pool, nullptr);
    const std::vector<float> floats = random_floats(std::int64_t{640} * 1280, 1);
    const WeightData weight = weight_of(floats, {640, 1280});
    const auto packed = products.pack({{&weight, 1}, {}, {}, Gate::none, Precision::int8});
    EXPECT_EQ(packed->precision, Precision::int8);
    EXPECT_GE(packed->bytes, floats.size());
    EXPECT_LE(packed->bytes, floats.size() * 102 / 100);
    Ops meta = meta_ops();
    meta.pack_linear(weight, nullptr, Precision::int8);
    EXPECT_EQ(meta.packed_bytes(), packed->bytes);

    const WeightData some{DType::f32, {320, 160, 3, 3}, weight.data};
    Ops upsampling = meta_ops();
    for (const Precision precision : {Precision::f32, Precision::int8}) {
        const auto folded = products.pack({{&some, 1}, {}, Window::upsampled3x3(), Gate::none, precision});
        const std::uint64_t before = upsampling.packed_bytes();
        upsampling.pack_conv(some, nullptr, Window::upsampled3x3(), precision);
        EXPECT_NEAR(static_cast<double>(upsampling.packed_bytes() - before),
                    static_cast<double>(folded->bytes), 4 * 320);
    }
}

TEST(Int8Products, StopWhenAsked) { expect_stop_when_asked(Precision::int8); }

}  // namespace
}  // namespace stillreel::tensor
