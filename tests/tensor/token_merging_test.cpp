// Merging of tokens: who may be merged, which ones are by a plain search through all pairs, and the two ways
// between tokens and slots.

#include "tensor/token_merging.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <set>

#include "tensor/kernels.h"

namespace {

using namespace stillreel;
using namespace stillreel::tensor;
using stillreel::testing::cpu_ops;
using stillreel::testing::expect_as_reference;
using stillreel::testing::numbers_of;
using stillreel::testing::random_floats;

TEST(TokenMerging, EverySquareHasOneDestinationAndAllOthersAreSources) {
    for (const auto& [height, width] :
         {std::pair<std::int64_t, std::int64_t>{8, 12}, {7, 9}, {2, 2}, {1, 9}}) {
        const auto destinations = destinations_of(height, width);
        const std::int64_t columns = width / 2;
        ASSERT_EQ(static_cast<std::int64_t>(destinations.size()), count_destinations(height, width));
        for (std::size_t i = 0; i < destinations.size(); ++i) {
            const auto square = static_cast<std::int64_t>(i);
            EXPECT_EQ(destinations[i] / width / 2, square / columns);
            EXPECT_EQ(destinations[i] % width / 2, square % columns);
        }
        std::vector<std::int64_t> all = sources_of(height, width);
        EXPECT_TRUE(std::ranges::is_sorted(all));
        all.insert(all.end(), destinations.begin(), destinations.end());
        std::ranges::sort(all);
        std::vector<std::int64_t> expected(static_cast<std::size_t>(height * width));
        std::iota(expected.begin(), expected.end(), 0);
        EXPECT_EQ(all, expected);
    }
}

TEST(TokenMerging, DestinationsAreInEveryPlaceOfTheirSquares) {
    std::array<int, 4> times{};
    for (const std::int64_t token : destinations_of(64, 64))
        ++times[static_cast<std::size_t>(token / 64 % 2 * 2 + token % 2)];
    for (const int count : times) EXPECT_NEAR(count, 256, 60);
}

TEST(TokenMerging, AShareOfAllTokensIsMergedButNoDestination) {
    EXPECT_EQ(count_merged(8, 8, 0), 0);
    EXPECT_EQ(count_merged(8, 8, 0.5), 32);
    EXPECT_EQ(count_merged(8, 8, 0.75), 48);
    EXPECT_EQ(count_merged(7, 9, 0.01), 0);
    EXPECT_EQ(count_merged(7, 9, 0.75), 47);
    EXPECT_EQ(count_merged(1, 9, 0.5), 0) << "no square, no destination";
}

struct Case {
    std::int64_t images, height, width, channels;
    double share;
};

Tensor tokens_of(Ops& ops, const Case& c, const std::vector<float>& numbers) {
    return ops.upload({c.images, c.height * c.width, c.channels}, numbers);
}

TEST(TokenMerging, FindsTheMostSimilarOfAllPairs) {
    for (const Case& c :
         {Case{1, 2, 2, 3, 0.5}, Case{2, 4, 6, 5, 0.5}, Case{3, 7, 9, 33, 0.3}, Case{1, 12, 12, 40, 0.75},
          Case{2, 24, 20, 17, 0.6}, Case{1, 30, 31, 320, 0.5}, Case{1, 3, 2, 8, 0}}) {
        SCOPED_TRACE(::testing::Message() << c.height << " x " << c.width << " x " << c.channels);
        const auto numbers = random_floats(c.images * c.height * c.width * c.channels, 1, 3, 0.5f);
        const std::int64_t merged = count_merged(c.height, c.width, c.share);
        expect_as_reference(0, [&](Ops& ops) {
            return ops.match_tokens(tokens_of(ops, c, numbers), c.height, c.width, merged);
        });
    }
}

/// How much of the likeness that could be had the merged tokens have, on the average.
double likeness_of(const Case& c, const std::vector<float>& numbers, const Tensor& slots) {
    const auto destinations = destinations_of(c.height, c.width);
    double sum = 0, count = 0;
    for (std::int64_t token = 0; token < c.height * c.width; ++token) {
        const auto slot = static_cast<std::size_t>(slots.span()[static_cast<std::size_t>(token)]);
        if (slot >= destinations.size() || destinations[slot] == token) continue;
        double product = 0, a = 0, b = 0;
        for (std::int64_t i = 0; i < c.channels; ++i) {
            const double x = numbers[token * c.channels + i];
            const double y = numbers[destinations[slot] * c.channels + i];
            product += x * y, a += x * x, b += y * y;
        }
        sum += product / std::sqrt(a * b), ++count;
    }
    return sum / count;
}

TEST(TokenMerging, InBfloat16FindsPairsAsSimilar) {
    const Case c{1, 32, 32, 65, 0.5};
    const auto numbers = random_floats(32 * 32 * 65, 4);
    Ops one = cpu_ops(1), several = cpu_ops(3);
    const auto match = [&](Ops& ops, Precision precision) {
        return ops.match_tokens(tokens_of(ops, c, numbers), 32, 32, 512, precision);
    };
    const Tensor exact = match(one, Precision::f32), rounded = match(one, Precision::bf16);
    EXPECT_EQ(numbers_of(rounded), numbers_of(match(several, Precision::bf16)));
    std::set<float> slots(rounded.span().begin(), rounded.span().end());
    EXPECT_EQ(slots.size(), 512u);
    EXPECT_EQ(*slots.rbegin(), 511);
    // Measured: 2e-6 apart.
    EXPECT_NEAR(likeness_of(c, numbers, rounded), likeness_of(c, numbers, exact), 2e-5);
}

TEST(TokenMerging, DirectionsCountAndNotLengths) {
    // Every token but the destinations is a multiple of a destination far away from it.
    const Case c{1, 8, 8, 24, 0.75};
    auto numbers = random_floats(8 * 8 * 24, 7);
    const auto destinations = destinations_of(8, 8), sources = sources_of(8, 8);
    for (std::size_t i = 0; i < sources.size(); ++i)
        for (std::int64_t k = 0; k < 24; ++k)
            numbers[sources[i] * 24 + k] =
                static_cast<float>(i + 1) * numbers[destinations[(5 * i + 3) % destinations.size()] * 24 + k];
    Ops ops = cpu_ops(2);
    const Tensor slots = ops.match_tokens(tokens_of(ops, c, numbers), 8, 8, count_merged(8, 8, 0.75));
    for (std::size_t i = 0; i < sources.size(); ++i)
        EXPECT_EQ(slots.span()[static_cast<std::size_t>(sources[i])], (5 * i + 3) % destinations.size());
}

TEST(TokenMerging, GivesEverySlotATokenWhateverTheNumbersAre) {
    for (const float number : {0.0f, std::numeric_limits<float>::quiet_NaN(),
                               std::numeric_limits<float>::infinity(), 1e30f, 1e-30f}) {
        std::vector<float> numbers = random_floats(6 * 6 * 10, 2);
        std::fill(numbers.begin() + 40, numbers.begin() + 200, number);
        Ops ops = cpu_ops(2);
        const Tensor slots = ops.match_tokens(ops.upload({1, 36, 10}, numbers), 6, 6, 18);
        const std::set<float> different(slots.span().begin(), slots.span().end());
        EXPECT_EQ(different.size(), 18u) << number;
        EXPECT_EQ(*different.rbegin(), 17) << number;
    }
}

TEST(TokenMerging, SlotsHaveTheMeansOfTheirTokensAndGiveThemBack) {
    for (const Case& c : {Case{1, 2, 2, 3, 0.5}, Case{3, 7, 9, 33, 0.5}, Case{2, 16, 16, 70, 0.75}}) {
        const std::int64_t tokens = c.height * c.width;
        const auto numbers = random_floats(c.images * tokens * c.channels, 3);
        const auto others = random_floats(c.images * tokens * c.channels, 4);
        const std::int64_t merged = count_merged(c.height, c.width, c.share);
        const auto merge = [&](Ops& ops, Tensor& slots) {
            const Tensor x = tokens_of(ops, c, numbers);
            slots = ops.match_tokens(x, c.height, c.width, merged);
            return ops.merge_tokens(x, slots, tokens - merged);
        };
        // Measured: 1.2e-7.
        expect_as_reference(4e-7, [&](Ops& ops) {
            Tensor slots;
            return merge(ops, slots);
        });
        expect_as_reference(4e-7, [&](Ops& ops) {
            Tensor slots;
            const Tensor x = merge(ops, slots), residual = tokens_of(ops, c, others);
            const Tensor y = ops.unmerge_tokens(x, slots, residual);
            EXPECT_EQ(numbers_of(residual), others) << "somebody else sees it";
            return y;
        });
    }
}

}  // namespace
