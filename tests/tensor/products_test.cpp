// Packed products and convolutions of the processor against plain loops that sum in double.
#include "tensor/cpu/products.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>


#include "tensor/product_cases.h"

namespace stillreel::tensor {
namespace {

void check(const Case& c) {
    SCOPED_TRACE(::testing::PrintToString(c));
    const Numbers numbers = numbers_of(c);
    const std::vector<float> expected = expected_of(c, numbers), computed = computed_of(c, numbers);
    ASSERT_EQ(expected.size(), computed.size());
    // Results are about 1. Measured: 4e-6 at most, where 12544 products are summed.
    EXPECT_LT(worst_error(computed, expected), 1e-5);
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

TEST(Products, StopWhenAsked) { expect_stop_when_asked(Precision::f32); }

}  // namespace
}  // namespace stillreel::tensor
