#include "tensor/tensor.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "support/throws.h"

namespace {

using namespace stillreel;
using namespace stillreel::tensor;

const auto kMemory = Pool::Kind::memory;
const auto kMeta = Pool::Kind::meta;

TEST(Shape, CountsItsElementsAndReadsFromBothEnds) {
    const Shape shape{2, 3, 5, 7};
    EXPECT_EQ(shape.rank(), 4);
    EXPECT_EQ(shape.elements(), 210);
    EXPECT_EQ(shape[0], 2);
    EXPECT_EQ(shape[-1], 7);
    EXPECT_EQ(shape[-4], 2);
    EXPECT_EQ(Shape{}.elements(), 1);
    EXPECT_EQ((Shape{4, 0, 3}).elements(), 0);
}

TEST(Shape, IsWrittenForPeople) {
    EXPECT_EQ(to_string(Shape{320, 4, 3, 3}), "(320, 4, 3, 3)");
    EXPECT_EQ(to_string(Shape{}), "()");
    EXPECT_EQ(to_string((Shape{2, 3}).with_last(9)), "(2, 9)");
}

TEST(Shape, IsAValue) {
    EXPECT_EQ((Shape{2, 3}), (Shape{2, 3}));
    EXPECT_NE((Shape{2, 3}), (Shape{2, 3, 1}));
    EXPECT_NE((Shape{2, 3}), (Shape{3, 2}));
}

TEST(Pool, GivesAlignedMemory) {
    const auto pool = Pool::create(kMemory);
    for (std::int64_t floats : {1, 15, 1000, 1 << 20}) {
        const Tensor tensor(*pool, {floats});
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64, 0u);
    }
}

TEST(Pool, HandsMemoryToTheNextTensorOfItsSize) {
    const auto pool = Pool::create(kMemory);
    const float* first = Tensor(*pool, {1 << 20}).data();
    EXPECT_EQ(Tensor(*pool, {1 << 20}).data(), first);
    EXPECT_EQ(Tensor(*pool, {(1 << 20) - 100}).data(), first);
}

TEST(Pool, DoesNotWasteABigBlockOnASmallTensor) {
    const auto pool = Pool::create(kMemory);
    { const Tensor big(*pool, {1 << 20}); }
    const Tensor small(*pool, {1000});
    EXPECT_LT(pool->live_bytes(), 10000u);
}

TEST(Pool, TellsWhatLivesAndTheMostThatLived) {
    for (const auto kind : {kMemory, kMeta}) {
        const auto pool = Pool::create(kind);
        const std::uint64_t mib = 1 << 20, unit = 4 * mib;
        {
            const Tensor a(*pool, {1 << 20});
            EXPECT_EQ(pool->live_bytes(), unit);
            const Tensor b(*pool, {2, 1 << 20});
            EXPECT_EQ(pool->live_bytes(), 3 * unit);
        }
        EXPECT_EQ(pool->live_bytes(), 0u);
        EXPECT_EQ(pool->peak_bytes(), 3 * unit);
        pool->reset_peak();
        EXPECT_EQ(pool->peak_bytes(), 0u);
        const Tensor c(*pool, {1 << 20});
        EXPECT_EQ(pool->peak_bytes(), unit);
    }
}

TEST(Pool, KeepsNoMoreThanTensorsHaveHeldAtOnce) {
    const auto pool = Pool::create(kMemory);
    const std::uint64_t unit = sizeof(float) << 20;
    { const Tensor three(*pool, {3, 1 << 20}); }
    EXPECT_EQ(pool->held_bytes(), 3 * unit);
    const Tensor one(*pool, {1 << 20});
    EXPECT_EQ(pool->held_bytes(), 3 * unit);
    { const Tensor two(*pool, {2, 1 << 20}); }
    EXPECT_EQ(pool->held_bytes(), 3 * unit);
    const Tensor three(*pool, {3, 1 << 20});
    EXPECT_EQ(pool->held_bytes(), 4 * unit);
    EXPECT_EQ(pool->live_bytes(), 4 * unit);
    pool->trim();
    EXPECT_EQ(pool->held_bytes(), 4 * unit);
}

TEST(Pool, PutsABlockTogetherFromThePagesOfOthers) {
    const auto pool = Pool::create(kMemory);
    const std::int64_t mib = (1 << 20) / sizeof(float);
    const auto filled = [&](std::int64_t floats, float number) {
        Tensor tensor(*pool, {floats});
        std::ranges::fill(tensor.mutable_span(), number);
        return tensor;
    };
    const auto faults = [] {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return usage.ru_minflt;
    };
    const Tensor stays = filled(4 * mib, 1);
    { const Tensor a = filled(6 * mib, 2), b = filled(10 * mib, 3); }
    // Of other sizes, again and again: every time parts of what was put together are parted anew.
    for (const std::int64_t size : {14, 8, 12, 4, 10, 2, 14}) {
        const auto before = faults();
        const Tensor one = filled(size * mib, 4), rest = filled((16 - size) * mib, 5);
        // 4096 if all pages were fresh small ones; a sanitizer's own memory takes some hundred.
        EXPECT_LT(faults() - before, 1024) << size;
        EXPECT_EQ(std::ranges::count(one.span(), 4.0f), size * mib);
        EXPECT_EQ(pool->held_bytes(), std::uint64_t{20} << 20);
    }
    EXPECT_EQ(std::ranges::count(stays.span(), 1.0f), 4 * mib);
}

TEST(Pool, SaysThatThereIsNoMemory) {
    const auto pool = Pool::create(kMemory);
    EXPECT_ERROR(Tensor(*pool, {std::int64_t{1} << 50}), ErrorCode::out_of_memory, "MiB");
    EXPECT_EQ(pool->live_bytes(), 0u);
}

TEST(Pool, OutlivesItsOwnerWhileTensorsDo) {
    auto pool = Pool::create(kMemory);
    Tensor tensor(*pool, {1000});
    pool.reset();
    tensor.mutable_data()[999] = 1;
    EXPECT_EQ(tensor.data()[999], 1);
}

TEST(Pool, GivesKeptMemoryBackWhenTrimmed) {
    const auto pool = Pool::create(kMemory);
    Tensor kept(*pool, {1000});
    kept.mutable_data()[0] = 3;
    { const Tensor gone(*pool, {1 << 20}); }
    pool->trim();
    EXPECT_EQ(kept.data()[0], 3);
    EXPECT_EQ(pool->live_bytes(), 4096u);
}

TEST(Tensor, CopiesShareTheirNumbers) {
    const auto pool = Pool::create(kMemory);
    const Tensor a(*pool, {2, 3});
    EXPECT_TRUE(a.sole_owner());
    const Tensor b = a.reshaped({3, 2});
    EXPECT_EQ(a.data(), b.data());
    EXPECT_FALSE(a.sole_owner());
    EXPECT_EQ(b.shape(), (Shape{3, 2}));
}

TEST(Tensor, SliceSharesItsPart) {
    const auto pool = Pool::create(kMemory);
    const Tensor whole(*pool, {4, 3, 5});
    const Tensor part = whole.slice(1, 2);
    EXPECT_EQ(part.shape(), (Shape{2, 3, 5}));
    EXPECT_EQ(part.data(), whole.data() + 15);
    EXPECT_EQ(part.slice(1, 1).data(), whole.data() + 30);
    EXPECT_FALSE(part.sole_owner());
}

TEST(Tensor, OfAMetaPoolHasNoNumbersButAnOwner) {
    const auto pool = Pool::create(kMeta);
    const Tensor tensor(*pool, {1 << 20, 1 << 20});
    EXPECT_FALSE(tensor.empty());
    EXPECT_EQ(tensor.data(), nullptr);
    EXPECT_EQ(tensor.slice(5, 5).data(), nullptr);
    EXPECT_TRUE(tensor.sole_owner());
    EXPECT_TRUE(Tensor().empty());
}

TEST(TensorDeathTest, SharedNumbersAreNotWritten) {
    const auto pool = Pool::create(kMemory);
    Tensor a(*pool, {4});
    const Tensor b = a;
    EXPECT_DEATH(a.mutable_data(), "sole_owner");
}

std::vector<float> read_words(DType type, const std::vector<std::uint16_t>& words) {
    std::vector<float> floats(words.size());
    const Shape shape{static_cast<std::int64_t>(words.size())};
    read_floats({type, shape, reinterpret_cast<const std::byte*>(words.data())}, 0, floats);
    return floats;
}

// The definition of IEEE binary16, bit by bit.
double half_value(std::uint16_t word) {
    const int exponent = word >> 10 & 31, fraction = word & 1023;
    const double sign = word & 0x8000 ? -1 : 1;
    if (exponent == 31)
        return fraction ? std::numeric_limits<double>::quiet_NaN()
                        : sign * std::numeric_limits<double>::infinity();
    return sign * (exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24));
}

TEST(ReadFloats, EveryHalfIsExact) {
    std::vector<std::uint16_t> words(65536);
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = static_cast<std::uint16_t>(i);
    const std::vector<float> floats = read_words(DType::f16, words);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const double expected = half_value(words[i]);
        if (std::isnan(expected))
            EXPECT_TRUE(std::isnan(floats[i])) << i;
        else
            EXPECT_EQ(floats[i], expected) << i;
        EXPECT_EQ(std::signbit(floats[i]), i >= 32768) << i;
    }
}

TEST(ReadFloats, EveryBrainFloatIsTheTopOfAFloat) {
    std::vector<std::uint16_t> words(65536);
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = static_cast<std::uint16_t>(i);
    const std::vector<float> floats = read_words(DType::bf16, words);
    for (std::size_t i = 0; i < words.size(); ++i)
        ASSERT_EQ(std::bit_cast<std::uint32_t>(floats[i]), static_cast<std::uint32_t>(i) << 16) << i;
}

TEST(ReadFloats, ReadsAPartFromAnyAddress) {
    const std::vector<float> floats{1, 2, 3, 4, 5};
    std::vector<std::byte> bytes(1 + floats.size() * 4);
    std::memcpy(bytes.data() + 1, floats.data(), floats.size() * 4);
    std::vector<float> got(2);
    read_floats({DType::f32, {5}, bytes.data() + 1}, 2, got);
    EXPECT_EQ(got, (std::vector<float>{3, 4}));
}

}  // namespace
