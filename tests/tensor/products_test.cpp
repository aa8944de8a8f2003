// Packed products and convolutions of the processor against plain loops that sum in double.
#include "tensor/cpu/products.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "tensor/meta/meta_backend.h"
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

TEST(Products, WinogradsTilesOfAnyMapAndWidth) {
    for (const std::int64_t side : {1, 2, 3, 4, 5, 9})
        check(conv(1 + side % 3, side, 11 - side, 32 + side, 40 - side));
    // More inputs than are transformed, and more outputs than are summed at a time; long lines.
    check(conv(1, 6, 5, 700, 32));
    check(conv(2, 3, 4, 32, 700));
    check(conv(1, 5, 70, 48, 32));
    check(conv(1, 30, 31, 32, 33));
    // Wider layers have smaller tiles.
    for (const std::int64_t side : {1, 2, 3, 5}) check(conv(1 + side % 2, side, 6 - side, 700, 380 + side));
    check(conv(1, 3, 36, 400, 670));
}

TEST(Products, WinogradsSumsAreAboutAsExactAsDirectOnes) {
    // Windows with a stride are direct ones; every second result in each direction is enough to compare.
    Case winograd = conv(2, 7, 7, 640, 64), direct = winograd;
    direct.window.stride = 2;
    const auto error_of = [](const Case& c) {
        const Numbers numbers = numbers_of(c);
        return worst_error(computed_of(c, numbers), expected_of(c, numbers));
    };
    EXPECT_LT(error_of(winograd), 4 * error_of(direct));
    winograd.outputs = direct.outputs = {420};
    EXPECT_LT(error_of(winograd), 2 * error_of(direct)) << "smaller tiles";
}

TEST(Products, WindowsOverMapsMadeTwiceAsLarge) {
    for (const std::int64_t channels : {1, 3, 16, 33})
        check(conv(1 + channels % 3, 1 + channels % 7, 5 - channels % 4, channels, 34 - channels % 33,
                   Window::upsampled3x3()));
    check(conv(2, 1, 1, 8, 8, Window::upsampled3x3()));
    check(conv(3, 4, 4, 160, 64, Window::upsampled3x3()));
    check(conv(1, 24, 20, 32, 40, Window::upsampled3x3()));
    check(conv(2, 3, 130, 24, 32, Window::upsampled3x3()));
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
    for (const Case& base :
         {linear(12, 33, 20), linear(600, 64, 64), conv(4, 5, 6, 7, 33), conv(4, 8, 8, 32, 64),
          conv(4, 16, 17, 16, 40), conv(4, 5, 6, 7, 33, Window::upsampled3x3())})
        for (const Case& c : with_every_ending(base)) check(c);
}

TEST(Products, WeightsAreReadInEveryType) {
    for (const DType type : {DType::f16, DType::bf16}) {
        Case c = conv(2, 5, 6, 37, 45);
        c.type = type;
        check(c);
        c.window = Window::upsampled3x3();
        check(c);
        c = linear(20, 320, 96);
        c.outputs = {32, 64};
        c.type = type;
        check(c);
    }
}

TEST(Products, TheSameBitsForAnyNumberOfThreads) {
    for (Case c :
         {linear(1000, 320, 352), linear(5, 640, 640), conv(3, 16, 16, 64, 64), conv(1, 64, 48, 32, 32),
          conv(8, 4, 4, 320, 320), conv(2, 9, 10, 64, 64, Window::upsampled3x3())}) {
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
    const std::pair<Case, std::int64_t> cases[] = {
        {conv(40, 3, 4, 640, 416), 1}, {linear(1100, 320, 96), 7},
        {linear(600, 512, 33), 100},   {linear(600, 640, 64), 11},
        {conv(16, 16, 16, 32, 32), 1}, {conv(5, 8, 8, 160, 32), 2},
        {conv(4, 40, 33, 48, 32), 1},  {conv(5, 9, 8, 48, 32, Window::upsampled3x3()), 2}};
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
    check(conv(2, 5, 6, 20, 33, Window::upsampled3x3()));
    check(conv(2, 5, 6, 37, 33));
    Case gated = linear(20, 48, 80);
    gated.gate = Gate::geglu;
    check(gated);
    hwy::SetSupportedTargetsForTest(0);
}

TEST(Products, PackedWeightsTellTheirBytes) {
    ThreadPool pool(2);
    Products products(pool, nullptr);
    const std::vector<float> floats = random_floats(std::int64_t{64} * 320 * 9, 1);
    const auto bytes_of = [&](const Shape& shape, const Window& window) {
        const WeightData weight = weight_of(floats, shape);
        const auto packed = products.pack({{&weight, 1}, {}, window, Gate::none});
        Ops meta = meta_ops();
        meta.pack_conv(weight, nullptr, window);
        EXPECT_LE(meta.packed_bytes(), packed->bytes);
        EXPECT_GE(meta.packed_bytes() + 4096, packed->bytes);
        return packed->bytes;
    };
    constexpr std::uint64_t kWeights = 64 * 320 * sizeof(float), kBiases = 4096;
    const auto expect_times = [&](std::uint64_t times, std::uint64_t bytes) {
        EXPECT_GE(bytes, times * kWeights);
        EXPECT_LE(bytes, times * kWeights + kBiases);
    };
    expect_times(9, bytes_of({64 * 9, 320}, {}));
    expect_times(9, bytes_of({64, 320, 3, 3}, {3, 3, 2, 1, 1, 1, 1}));
    expect_times(36, bytes_of({64, 320, 3, 3}, Window::same3x3()));
    expect_times(16, bytes_of({64, 320, 3, 3}, Window::upsampled3x3()));
}

TEST(Products, StopWhenAsked) { expect_stop_when_asked(Precision::f32); }

}  // namespace
}  // namespace stillreel::tensor
