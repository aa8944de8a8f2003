// Rounding numbers to the half-sized types of weight files.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "tensor/tensor.h"

namespace stillreel::tensor {
namespace {

std::vector<std::uint16_t> words_of(const std::vector<float>& numbers, DType type) {
    std::vector<std::uint16_t> words(numbers.size());
    write_floats(numbers, type, reinterpret_cast<std::byte*>(words.data()));
    return words;
}

std::vector<float> floats_of(const std::vector<std::uint16_t>& words, DType type) {
    std::vector<float> numbers(words.size());
    const WeightData weight{type, Shape{static_cast<std::int64_t>(words.size())},
                            reinterpret_cast<const std::byte*>(words.data())};
    read_floats(weight, 0, numbers);
    return numbers;
}

std::vector<std::uint16_t> all_words() {
    std::vector<std::uint16_t> words(65536);
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = static_cast<std::uint16_t>(i);
    return words;
}

/// The neighbours of a magnitude that a 16-bit type can hold differ by one in their words.
void expect_nearest_with_ties_to_even(DType type, std::uint16_t infinity) {
    for (std::uint16_t word = 0; word + 1 < infinity; ++word) {
        const auto low = floats_of({word}, type)[0],
                   high = floats_of({static_cast<std::uint16_t>(word + 1)}, type)[0];
        const auto middle = static_cast<float>((static_cast<double>(low) + static_cast<double>(high)) / 2);
        const std::uint16_t even = word % 2 == 0 ? word : static_cast<std::uint16_t>(word + 1);
        const auto sign = static_cast<std::uint16_t>(0x8000);
        ASSERT_EQ(
            words_of({std::nextafter(middle, 0.0f), middle, std::nextafter(middle, INFINITY), -middle}, type),
            (std::vector<std::uint16_t>{word, even, static_cast<std::uint16_t>(word + 1),
                                        static_cast<std::uint16_t>(even | sign)}))
            << word;
    }
}

TEST(WriteFloats, EveryHalfComesBack) {
    const std::vector<std::uint16_t> words = all_words();
    const std::vector<std::uint16_t> back = words_of(floats_of(words, DType::f16), DType::f16);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool nan = (words[i] & 0x7c00) == 0x7c00 && (words[i] & 0x3ff) != 0;
        ASSERT_EQ(back[i], nan ? words[i] | 0x200 : words[i]);
    }
}

TEST(WriteFloats, EveryBrainFloatComesBack) {
    const std::vector<std::uint16_t> words = all_words();
    const std::vector<std::uint16_t> back = words_of(floats_of(words, DType::bf16), DType::bf16);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool nan = (words[i] & 0x7f80) == 0x7f80 && (words[i] & 0x7f) != 0;
        ASSERT_EQ(back[i], nan ? words[i] | 0x40 : words[i]);
    }
}

TEST(WriteFloats, GoToTheNearestHalfAndTiesToTheEvenOne) {
    expect_nearest_with_ties_to_even(DType::f16, 0x7c00);
}

TEST(WriteFloats, GoToTheNearestBrainFloatAndTiesToTheEvenOne) {
    expect_nearest_with_ties_to_even(DType::bf16, 0x7f80);
}

TEST(WriteFloats, TooLargeForAHalfIsInfinite) {
    const float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(words_of({65504, 65519.99f, 65520, 1e9f, infinity, -infinity}, DType::f16),
              (std::vector<std::uint16_t>{0x7bff, 0x7bff, 0x7c00, 0x7c00, 0x7c00, 0xfc00}));
    EXPECT_EQ(words_of({std::numeric_limits<float>::max()}, DType::bf16), std::vector<std::uint16_t>{0x7f80});
}

TEST(WriteFloats, ReachesAnyAddress) {
    std::vector<std::byte> bytes(2 * 37 + 1);
    std::vector<float> numbers(37), back(37);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i) - 18.0f;
    for (const DType type : {DType::f16, DType::bf16}) {
        write_floats(numbers, type, bytes.data() + 1);
        read_floats({type, Shape{37}, bytes.data() + 1}, 0, back);
        EXPECT_EQ(back, numbers);
    }
}

TEST(QuantisedWeights, AreWithinHalfAStepAndTheLargestIs127) {
    const std::vector<float> weights{0.5f, -1.27f, 0, 0.004f, 0.0151f};
    std::vector<std::int8_t> q(weights.size());
    EXPECT_NEAR(quantise_weights(weights, q.data()), 0.01f, 1e-8);
    EXPECT_EQ(q, (std::vector<std::int8_t>{50, -127, 0, 0, 2}));
    std::vector<std::int8_t> none(3, 1);
    EXPECT_EQ(quantise_weights(std::vector<float>(3, 0.0f), none.data()), 0);
    EXPECT_EQ(none, std::vector<std::int8_t>(3));
    EXPECT_TRUE(std::isnan(quantise_weights(std::vector<float>{1, std::nanf(""), 2}, none.data())));
}

TEST(QuantisedWeights, AreReadAsFloatsWithTheScaleOfTheirOutput) {
    const std::vector<std::int8_t> q{1, -2, 3, 4, 5, -127};
    std::vector<std::byte> scales(2 * sizeof(float) + 1);
    write_floats(std::vector<float>{0.5f, 2}, DType::f32, scales.data() + 1);
    const WeightData weight{DType::i8, Shape{2, 3}, reinterpret_cast<const std::byte*>(q.data()),
                            scales.data() + 1};
    std::vector<float> floats(6);
    read_floats(weight, 0, floats);
    EXPECT_EQ(floats, (std::vector<float>{0.5f, -1, 1.5f, 8, 10, -254}));
    floats.resize(2);
    read_floats(weight, 2, floats);
    EXPECT_EQ(floats, (std::vector<float>{1.5f, 8}));
    std::vector<std::int8_t> row(3);
    EXPECT_EQ(read_quantised(weight, 1, row), 2);
    EXPECT_EQ(row, (std::vector<std::int8_t>{4, 5, -127}));
}

}  // namespace
}  // namespace stillreel::tensor
