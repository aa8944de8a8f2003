// Elementwise operations, copies and changes of size against plain loops in double.

#include <gtest/gtest.h>

#include <limits>

#include "tensor/kernels.h"

namespace {

using namespace stillreel;
using namespace stillreel::tensor;
using stillreel::testing::cpu_ops;
using stillreel::testing::expect_as_reference;
using stillreel::testing::random_floats;

constexpr std::int64_t kLengths[] = {1, 3, 15, 16, 17, 1000, 32767, 32768, 32769, 100001};
constexpr Activation kActivations[] = {Activation::none, Activation::silu, Activation::gelu,
                                       Activation::quick_gelu};

// Measured: 8e-8.
constexpr double kTolerance = 3e-7;

TEST(Activations, AnyNumberOfElements) {
    for (const std::int64_t length : kLengths) {
        const auto numbers = random_floats(length, 1, 6);
        for (const Activation activation : kActivations)
            expect_as_reference(
                2e-7, [&](Ops& ops) { return ops.activate(ops.upload({length}, numbers), activation); });
    }
}

/// Largest error over -30 ... 30 in units of the last place of max(|result|, floor).
double ulps_of(Activation activation, double floor) {
    std::vector<float> numbers;
    for (int i = -300000; i <= 300000; ++i) numbers.push_back(static_cast<float>(i) * 1e-4f);
    const std::int64_t count = static_cast<std::int64_t>(numbers.size());
    std::vector<float> got(numbers.size()), expected(numbers.size());
    cpu_backend(1, nullptr)->activate(activation, count, numbers.data(), got.data());
    stillreel::testing::reference_backend()->activate(activation, count, numbers.data(), expected.data());
    double most = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double size = std::max({std::abs(static_cast<double>(expected[i])), floor, 1e-30});
        most = std::max(most, std::abs(static_cast<double>(got[i]) - expected[i]) /
                                  std::ldexp(1.0, std::ilogb(size) - 23));
    }
    return most;
}

TEST(Activations, AreRightToAFewUnitsOfTheLastPlace) {
    EXPECT_LE(ulps_of(Activation::silu, 0), 4);
    // Down to where the rounding of the exponent shows.
    EXPECT_LE(ulps_of(Activation::quick_gelu, 1e-3), 8);
    EXPECT_LE(ulps_of(Activation::gelu, 1e-3), 8);
}

TEST(Activations, FarFromZeroTheyAreZeroOrTheNumber) {
    const std::vector<float> numbers{-1e30f, -1000, -100, 100, 1000, 1e30f};
    for (const Activation activation : {Activation::silu, Activation::gelu, Activation::quick_gelu}) {
        Ops ops = cpu_ops(1);
        const Tensor y = ops.activate(ops.upload({6}, numbers), activation);
        for (int i = 0; i < 3; ++i) EXPECT_NEAR(y.data()[i], 0, 1e-7);
        for (int i = 3; i < 6; ++i) EXPECT_EQ(y.data()[i], numbers[i]);
    }
}

TEST(Activations, NotANumberStaysOne) {
    for (const Activation activation : kActivations)
        expect_as_reference(kTolerance, [&](Ops& ops) {
            return ops.activate(
                ops.upload({2}, std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()}), activation);
        });
}

TEST(Add, WholeTensorsAndRowsOfAnyLength) {
    for (const std::int64_t length : kLengths) {
        const auto a = random_floats(length, 1), b = random_floats(length, 2);
        expect_as_reference(
            0, [&](Ops& ops) { return ops.add(ops.upload({length}, a), ops.upload({length}, b)); });
    }
    for (const std::int64_t period : {1, 3, 17, 320}) {
        const auto a = random_floats(period * 211, 1), b = random_floats(period, 2);
        expect_as_reference(0, [&](Ops& ops) {
            return ops.add(ops.upload({211, period}, a), ops.upload({period}, b));
        });
    }
}

TEST(CopyRows, ShortRowsAndLong) {
    for (const std::int64_t length : kLengths) {
        const auto a = random_floats(3 * length, 1), b = random_floats(3 * 5, 2);
        expect_as_reference(0, [&](Ops& ops) {
            return ops.concat_channels(ops.upload({3, 1, 1, length}, a), ops.upload({3, 1, 1, 5}, b));
        });
    }
    const auto many = random_floats(100000, 1);
    expect_as_reference(0, [&](Ops& ops) {
        const Tensor parts[] = {ops.upload({50000, 2, 1}, many),
                                ops.upload({50000, 1, 1}, std::span(many).first(50000))};
        return ops.concat_tokens(parts);
    });
}

TEST(Upsample, AnySizeToAnyLarger) {
    for (const std::int64_t channels : {1, 3, 16, 50}) {
        const auto numbers = random_floats(2 * 5 * 7 * channels, 1);
        for (const auto& [height, width] : {std::pair{10, 14}, {5, 7}, {9, 13}, {11, 15}, {23, 8}})
            expect_as_reference(0, [&](Ops& ops) {
                return ops.upsample_nearest(ops.upload({2, 5, 7, channels}, numbers), height, width);
            });
    }
}

TEST(AdaptivePool, AnySizeToAnyOther) {
    for (const std::int64_t channels : {1, 3, 16, 50}) {
        const auto numbers = random_floats(2 * 9 * 7 * channels, 1);
        for (const auto& [height, width] : {std::pair{1, 1}, {3, 2}, {9, 7}, {4, 5}, {32, 32}})
            expect_as_reference(1e-7, [&](Ops& ops) {
                return ops.adaptive_average_pool(ops.upload({2, 9, 7, channels}, numbers), height, width);
            });
    }
}

}  // namespace
