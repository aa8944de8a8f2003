// What Ops itself does, whatever the backend: shapes, memory, counts. The kernels are proved elsewhere.

#include "tensor/ops.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/reference_backend.h"
#include "tensor/meta/meta_backend.h"
#include "tensor/numbers.h"

namespace {

using namespace stillreel;
using namespace stillreel::tensor;
using stillreel::testing::numbers_of;
using stillreel::testing::random_floats;
using stillreel::testing::random_tensor;
using stillreel::testing::reference_ops;
using stillreel::testing::weight_of;

using Floats = std::vector<float>;

struct OpsTest : ::testing::Test {
    Ops ops = reference_ops();

    Tensor of(const Shape& shape, const Floats& numbers) { return ops.upload(shape, numbers); }
};

TEST_F(OpsTest, LinearIsXTimesWeightPlusBias) {
    const Floats weight{1, 2, 3, 4, 5, 6}, bias{10, 20};
    const WeightData bias_data = weight_of(bias, {2});
    const PackedPtr packed = ops.pack_linear(weight_of(weight, {2, 3}), &bias_data);
    EXPECT_EQ(packed->inputs, 3);
    EXPECT_EQ(packed->outputs, 2);
    const Tensor y = ops.linear(of({2, 1, 3}, {1, 0, 0, 1, 1, 1}), *packed);
    EXPECT_EQ(y.shape(), (Shape{2, 1, 2}));
    EXPECT_EQ(numbers_of(y), (Floats{11, 24, 16, 35}));
}

TEST_F(OpsTest, StackedWeightsGiveTheirOutputsSideBySide) {
    const Floats a{1, 0}, b{0, 1, 1, 1};
    const WeightData weights[] = {weight_of(a, {1, 2}), weight_of(b, {2, 2})};
    const PackedPtr packed = ops.pack_stacked(weights, {});
    EXPECT_EQ(numbers_of(ops.linear(of({1, 2}, {3, 4}), *packed)), (Floats{3, 4, 7}));
}

TEST_F(OpsTest, GegluIsHalfAsWide) {
    const Floats weight{1, 1};
    const PackedPtr packed = ops.pack_geglu(weight_of(weight, {2, 1}), nullptr);
    EXPECT_EQ(packed->outputs, 1);
    const Tensor y = ops.linear(of({1, 1, 1}, {2}), *packed);
    EXPECT_NEAR(y.data()[0], 2 * 1.9544997f, 1e-5);  // 2 * gelu(2)
}

TEST_F(OpsTest, ConvolutionSlidesItsWindowOverZeroPadding) {
    const Floats ones(9, 1.0f);
    const PackedPtr same = ops.pack_conv(weight_of(ones, {1, 1, 3, 3}), nullptr, Window::same3x3());
    const Tensor x = of({1, 2, 3, 1}, {1, 2, 3, 4, 5, 6});
    EXPECT_EQ(numbers_of(ops.conv(x, *same)), (Floats{12, 21, 16, 12, 21, 16}));
    const PackedPtr half = ops.pack_conv(weight_of(ones, {1, 1, 3, 3}), nullptr, {3, 3, 2, 1, 1, 1, 1});
    const Tensor y = ops.conv(x, *half);
    EXPECT_EQ(y.shape(), (Shape{1, 1, 2, 1}));
    EXPECT_EQ(numbers_of(y), (Floats{12, 16}));
}

TEST_F(OpsTest, TemporalConvolutionSumsFramesOfOnePixel) {
    const Floats weight{1, 10, 100};
    const PackedPtr packed = ops.pack_conv(weight_of(weight, {1, 1, 3, 1, 1}), nullptr, Window::temporal3());
    const Tensor x = of({1, 3, 2, 1}, {1, 2, 3, 4, 5, 6});
    EXPECT_EQ(numbers_of(ops.conv(x, *packed)), (Floats{310, 420, 531, 642, 53, 64}));
}

TEST_F(OpsTest, PerImageRowsAreSharedByConsecutiveImages) {
    const Floats weight{1};
    const PackedPtr packed = ops.pack_linear(weight_of(weight, {1, 1}), nullptr);
    const Tensor rows = of({2, 1}, {10, 20});
    Epilogue epilogue;
    epilogue.per_image = &rows;
    const Tensor y = ops.linear(of({4, 2, 1}, {0, 1, 2, 3, 4, 5, 6, 7}), *packed, std::move(epilogue));
    EXPECT_EQ(numbers_of(y), (Floats{10, 11, 12, 13, 24, 25, 26, 27}));
}

TEST_F(OpsTest, ResidualIsAddedAfterTheActivationAndItsMemoryReused) {
    const Floats weight{1};
    const PackedPtr packed = ops.pack_linear(weight_of(weight, {1, 1}), nullptr);
    const Tensor x = of({1, 1, 1}, {-30});
    Tensor residual = of({1, 1, 1}, {5});
    const Tensor kept = residual;
    const Tensor y =
        ops.linear(x, *packed, {.activation = Activation::silu, .per_image = nullptr, .residual = residual});
    EXPECT_NEAR(y.data()[0], 5, 1e-6);
    EXPECT_EQ(kept.data()[0], 5);
    EXPECT_NE(y.data(), kept.data());
    Tensor last = of({1, 1, 1}, {7});
    const float* memory = last.data();
    const Tensor z = ops.linear(
        x, *packed, {.activation = Activation::silu, .per_image = nullptr, .residual = std::move(last)});
    EXPECT_EQ(z.data(), memory);
    EXPECT_NEAR(z.data()[0], 7, 1e-6);
}

TEST_F(OpsTest, WhatIsHandedOverIsWrittenInPlaceAndWhatIsKeptIsNot) {
    const Tensor gamma = of({2}, {1, 1}), beta = of({2}, {0, 0});
    const auto norm = [&](Tensor x) {
        return ops.group_norm(std::move(x), gamma, beta, 1, 1e-5f, 1, Activation::none);
    };
    const auto layer = [&](Tensor x) { return ops.layer_norm(std::move(x), gamma, beta, 1e-5f); };
    const auto activate = [&](Tensor x) { return ops.activate(std::move(x), Activation::silu); };
    const auto add = [&](Tensor x) { return ops.add(std::move(x), gamma); };
    const auto check = [&](auto operation) {
        Tensor x = of({1, 2, 2}, {1, 2, 3, 4});
        const float* memory = x.data();
        const Tensor copied = operation(x);
        EXPECT_NE(copied.data(), memory);
        EXPECT_EQ(numbers_of(x), (Floats{1, 2, 3, 4}));
        const Tensor in_place = operation(std::move(x));
        EXPECT_EQ(in_place.data(), memory);
        EXPECT_EQ(numbers_of(in_place), numbers_of(copied));
    };
    check(norm);
    check(layer);
    check(activate);
    check(add);
}

TEST_F(OpsTest, GroupNormOfAClipSharesItsStatistics) {
    const Tensor gamma = of({1}, {1}), beta = of({1}, {0});
    const Tensor x = of({2, 1, 1, 1}, {1, 3});
    const Tensor clip = ops.group_norm(x, gamma, beta, 1, 0.0f, 2, Activation::none);
    EXPECT_EQ(numbers_of(clip), (Floats{-1, 1}));
    const Tensor single = ops.group_norm(x, gamma, beta, 1, 1.0f, 1, Activation::none);
    EXPECT_EQ(numbers_of(single), (Floats{0, 0}));
}

TEST_F(OpsTest, AddBroadcastsOverTheFirstDimensions) {
    const Tensor y = ops.add(of({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}), of({2}, {10, 20}));
    EXPECT_EQ(numbers_of(y), (Floats{11, 22, 13, 24, 15, 26, 17, 28}));
    const Tensor z = ops.add(of({2, 2}, {1, 2, 3, 4}), of({2, 2}, {10, 20, 30, 40}));
    EXPECT_EQ(numbers_of(z), (Floats{11, 22, 33, 44}));
}

TEST_F(OpsTest, AttentionReadsColumnsAndSharesContexts) {
    // One key each: attention returns the context's value, whatever the query.
    const Tensor qkv = of({2, 1, 3}, {1, 2, 30, 4, 5, 60});
    const Tensor own = ops.attention({qkv, 0, 1}, {qkv, 1, 1}, {qkv, 2, 1}, 1);
    EXPECT_EQ(own.shape(), (Shape{2, 1, 1}));
    EXPECT_EQ(numbers_of(own), (Floats{30, 60}));
    const Tensor context = of({1, 1, 2}, {7, 8});
    const Tensor shared = ops.attention({qkv, 0, 1}, {context, 0, 1}, {context, 1, 1}, 1);
    EXPECT_EQ(numbers_of(shared), (Floats{8, 8}));
}

TEST_F(OpsTest, CausalAttentionDoesNotSeeTheFuture) {
    const Tensor zeros = of({1, 3, 1}, {0, 0, 0}), values = of({1, 3, 1}, {3, 6, 9});
    const auto all = Columns::all(zeros);
    EXPECT_EQ(numbers_of(ops.attention(all, all, Columns::all(values), 1, Mask::causal)),
              (Floats{3, 4.5f, 6}));
    EXPECT_EQ(numbers_of(ops.attention(all, all, Columns::all(values), 1)), (Floats{6, 6, 6}));
}

TEST_F(OpsTest, TemporalAttentionMixesTheFramesOfOnePixel) {
    const Tensor zeros(ops.upload({4, 2, 1}, Floats(8, 0.0f)));
    const Tensor values = of({4, 2, 1}, {1, 2, 3, 4, 5, 6, 7, 8});
    const auto all = Columns::all(zeros);
    EXPECT_EQ(numbers_of(ops.temporal_attention(all, all, Columns::all(values), 1, 2)),
              (Floats{2, 3, 2, 3, 6, 7, 6, 7}));
}

TEST_F(OpsTest, ConcatenatesAlongEveryDimension) {
    const Tensor a = of({2, 1, 1, 1}, {1, 2}), b = of({2, 1, 1, 2}, {3, 4, 5, 6});
    const Tensor channels = ops.concat_channels(a, b);
    EXPECT_EQ(channels.shape(), (Shape{2, 1, 1, 3}));
    EXPECT_EQ(numbers_of(channels), (Floats{1, 3, 4, 2, 5, 6}));
    const Tensor parts[] = {of({2, 1, 1}, {1, 2}), of({2, 2, 1}, {3, 4, 5, 6})};
    const Tensor tokens = ops.concat_tokens(parts);
    EXPECT_EQ(tokens.shape(), (Shape{2, 3, 1}));
    EXPECT_EQ(numbers_of(tokens), (Floats{1, 3, 4, 2, 5, 6}));
    const Tensor images[] = {of({1, 2}, {1, 2}), of({2, 2}, {3, 4, 5, 6})};
    const Tensor stack = ops.concat_images(images);
    EXPECT_EQ(stack.shape(), (Shape{3, 2}));
    EXPECT_EQ(numbers_of(stack), (Floats{1, 2, 3, 4, 5, 6}));
}

TEST_F(OpsTest, GathersRowsOfATable) {
    const std::int64_t ids[] = {2, 0, 2};
    EXPECT_EQ(numbers_of(ops.gather_rows(of({3, 2}, {1, 2, 3, 4, 5, 6}), ids)), (Floats{5, 6, 1, 2, 5, 6}));
}

TEST_F(OpsTest, ResizesImages) {
    const Tensor x = of({1, 2, 2, 1}, {1, 2, 3, 4});
    EXPECT_EQ(numbers_of(ops.upsample_nearest(x, 3, 4)), (Floats{1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4}));
    EXPECT_EQ(numbers_of(ops.adaptive_average_pool(x, 1, 1)), (Floats{2.5f}));
    EXPECT_EQ(numbers_of(ops.adaptive_average_pool(of({1, 1, 3, 1}, {1, 2, 4}), 1, 2)), (Floats{1.5f, 3}));
}

struct Totals {
    double flops = 0, bytes = 0;
    std::vector<OpKind> kinds;
};

/// A layer of every kind of product and attention, as a model would call it.
Totals totals_of(Ops& ops) {
    Totals totals;
    ops.observe([&](const OpRecord& record) {
        totals.flops += record.flops;
        totals.bytes += record.bytes;
        totals.kinds.push_back(record.kind);
    });
    const Floats numbers = random_floats(3 * 6 * 9, 1);
    const bool computes = ops.computes();
    const auto weight = [&](const Shape& shape) {
        return computes ? weight_of(numbers, shape) : WeightData{DType::f32, shape, nullptr};
    };
    const PackedPtr conv = ops.pack_conv(weight({6, 3, 3, 3}), nullptr, Window::same3x3());
    const PackedPtr geglu = ops.pack_geglu(weight({8, 6}), nullptr);
    const PackedPtr temporal = ops.pack_conv(weight({6, 6, 3, 1, 1}), nullptr, Window::temporal3());
    const Tensor x = ops.upload({2, 4, 5, 3}, random_floats(computes ? 120 : 0, 2));
    const Tensor y = ops.conv(x, *conv).reshaped({2, 20, 6});
    ops.linear(y, *geglu);
    ops.conv(y.reshaped({1, 2, 20, 6}), *temporal);
    ops.attention(Columns::all(y), Columns::all(y), Columns::all(y), 2);
    ops.temporal_attention(Columns::all(y), Columns::all(y), Columns::all(y), 2, 2);
    return totals;
}

TEST_F(OpsTest, MetaCountsTheSameWorkWithoutDoingIt) {
    Ops meta = meta_ops();
    const Totals expected = totals_of(ops), counted = totals_of(meta);
    EXPECT_FALSE(meta.computes());
    EXPECT_EQ(counted.kinds, expected.kinds);
    EXPECT_EQ(counted.flops, expected.flops);
    const double rows = 40;
    EXPECT_EQ(counted.flops, 2 * rows * 27 * 6 + 2 * rows * 6 * 8 + 2 * rows * 3 * 6 * 6 + 4 * rows * 20 * 6 +
                                 4 * rows * 2 * 6);
}

TEST_F(OpsTest, MetaKnowsThePeakOfAModelOfAnySize) {
    Ops meta = meta_ops();
    const PackedPtr packed = meta.pack_linear({DType::f16, {1 << 20, 1 << 20}, nullptr}, nullptr);
    EXPECT_EQ(meta.packed_bytes(), std::uint64_t{4} << 40);
    const Tensor y = meta.linear(meta.empty({1 << 10, 1 << 20}), *packed);
    EXPECT_EQ(meta.pool().peak_bytes(), std::uint64_t{8} << 30);
    EXPECT_EQ(meta.pool().live_bytes(), std::uint64_t{4} << 30);
}

TEST_F(OpsTest, ObserverHearsKindAndShapes) {
    std::string_view heard;
    Shape shape;
    ops.observe([&](const OpRecord& record) {
        heard = name_of(record.kind);
        shape = record.result;
    });
    ops.upsample_nearest(of({1, 1, 1, 1}, {1}), 2, 3);
    EXPECT_EQ(heard, "image");
    EXPECT_EQ(shape, (Shape{1, 2, 3, 1}));
    ops.observe({});
    heard = "";
    ops.activate(of({1}, {1}), Activation::silu);
    EXPECT_EQ(heard, "");
}

using OpsDeathTest = OpsTest;

TEST_F(OpsDeathTest, ShapesThatDoNotFitAreBugs) {
    const Floats weight{1, 2};
    const PackedPtr packed = ops.pack_linear(weight_of(weight, {1, 2}), nullptr);
    EXPECT_DEATH(ops.linear(of({1, 3}, {1, 2, 3}), *packed), "inputs");
    EXPECT_DEATH(ops.add(of({1, 3}, {1, 2, 3}), of({2}, {1, 2})), "elements");
    const Tensor table = of({1, 1}, {1});
    const std::int64_t id = 1;
    EXPECT_DEATH(ops.gather_rows(table, {&id, 1}), "id");
}

}  // namespace
