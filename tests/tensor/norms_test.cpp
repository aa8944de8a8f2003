// Norms against plain loops that sum in double.

#include <gtest/gtest.h>

#include "tensor/kernels.h"

namespace {

using namespace stillreel;
using namespace stillreel::tensor;
using stillreel::testing::expect_as_reference;
using stillreel::testing::random_floats;

// Measured: at most 1.6e-7, and 5.3e-7 with means a million times the spread or one outlier of 100000.
constexpr double kTolerance = 1.2e-6;

struct Case {
    std::int64_t images, pixels, channels;
    int groups;
    std::int64_t images_per_group = 1;
    Activation activation = Activation::none;
    float scale = 1, mean = 0;
    float epsilon = 1e-5f;
};

/// `spoil` changes the numbers before they are normalised.
template <class Spoil>
void check(const Case& c, double tolerance, const Spoil& spoil) {
    SCOPED_TRACE(::testing::Message() << c.images << " images of " << c.pixels << " pixels, " << c.channels
                                      << " channels in " << c.groups << " groups");
    auto numbers = random_floats(c.images * c.pixels * c.channels, 1, c.scale, c.mean);
    spoil(numbers);
    const auto gammas = random_floats(c.channels, 2, 1, 0.5f), betas = random_floats(c.channels, 3);
    expect_as_reference(tolerance, [&](Ops& ops) {
        const Tensor gamma = ops.upload({c.channels}, gammas), beta = ops.upload({c.channels}, betas);
        return ops.group_norm(ops.upload({c.images, c.pixels, c.channels}, numbers), gamma, beta, c.groups,
                              c.epsilon, c.images_per_group, c.activation);
    });
}

void check(const Case& c, double tolerance = kTolerance) {
    check(c, tolerance, [](std::vector<float>&) {});
}

TEST(GroupNorm, GroupsOfEveryWidth) {
    for (int width : {1, 2, 3, 5, 8, 10, 16, 20, 33}) check({2, 9, width * 3, 3});
    check({1, 4, 64, 64});
    check({3, 10, 320, 32});
}

TEST(GroupNorm, OnePixelAsWellAsMany) {
    for (std::int64_t pixels : {1, 2, 63, 64, 65, 127, 128, 129, 1000}) check({2, pixels, 12, 4});
}

TEST(GroupNorm, ClipsShareTheirStatistics) {
    check({6, 11, 8, 2, 3});
    check({16, 70, 20, 4, 8});
    check({4, 1, 6, 2, 4});
}

TEST(GroupNorm, SiluAfterIt) {
    check({2, 33, 30, 5, 1, Activation::silu});
    check({2, 33, 30, 5, 1, Activation::silu, 100});
}

TEST(GroupNorm, MeansFarFromZero) {
    // The numbers' own spacing at 10000 is 1/1024 of their spread.
    check({2, 500, 24, 4, 1, Activation::none, 1, 1e4f});
    check({2, 500, 24, 4, 2, Activation::none, 1, -1e6f});
    check({1, 100, 6, 2, 1, Activation::none, 1e-3f, 100});
}

TEST(GroupNorm, OneOutlierAtTheBeginning) {
    check({1, 1000, 8, 2}, kTolerance, [](std::vector<float>& numbers) { numbers[0] = 1e5f; });
}

TEST(GroupNorm, ConstantImagesGiveBeta) {
    check({1, 100, 8, 2}, kTolerance, [](std::vector<float>& numbers) { std::ranges::fill(numbers, 0.1f); });
}

TEST(GroupNorm, NotANumberSpoilsItsGroupOnly) {
    check({1, 100, 8, 2}, kTolerance, [](std::vector<float>& numbers) { numbers[81] = NAN; });
}

template <class Spoil>
void check_rows(std::int64_t rows, std::int64_t features, float scale, float mean, double tolerance,
                const Spoil& spoil) {
    SCOPED_TRACE(::testing::Message() << rows << " rows of " << features << " around " << mean);
    auto numbers = random_floats(rows * features, 1, scale, mean);
    spoil(numbers);
    const auto gammas = random_floats(features, 2, 1, 0.5f), betas = random_floats(features, 3);
    expect_as_reference(tolerance, [&](Ops& ops) {
        const Tensor gamma = ops.upload({features}, gammas), beta = ops.upload({features}, betas);
        return ops.layer_norm(ops.upload({rows, features}, numbers), gamma, beta, 1e-5f);
    });
}

void check_rows(std::int64_t rows, std::int64_t features, float scale = 1, float mean = 0) {
    check_rows(rows, features, scale, mean, kTolerance, [](std::vector<float>&) {});
}

TEST(LayerNorm, RowsOfEveryLength) {
    for (std::int64_t features : {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 320, 1023, 1024, 1025, 1280})
        check_rows(5, features);
    check_rows(1, 100003);
    check_rows(3000, 24);
}

TEST(LayerNorm, MeansFarFromZero) {
    check_rows(7, 320, 1, 1e4f);
    check_rows(7, 321, 1, -1e6f);
    check_rows(7, 50, 1e-3f, 100);
}

TEST(LayerNorm, OneOutlier) {
    check_rows(3, 500, 1, 0, kTolerance, [](std::vector<float>& numbers) { numbers[0] = 1e5f; });
}

TEST(LayerNorm, ConstantRowsGiveBeta) {
    check_rows(3, 50, 1, 0, kTolerance,
               [](std::vector<float>& numbers) { std::ranges::fill(numbers, 0.1f); });
}

}  // namespace
