// Attention over tokens and over frames against plain loops that sum in double.

#include <gtest/gtest.h>

#include "tensor/kernels.h"

namespace {

using namespace stillreel;
using namespace stillreel::tensor;
using stillreel::testing::expect_as_reference;
using stillreel::testing::random_floats;

// Measured: at most 2.1e-7 with numbers of about 1, on any instruction set.
constexpr double kTolerance = 8e-7;

struct Case {
    std::int64_t batch, contexts, q_tokens, k_tokens;
    int heads, head_size;
    Mask mask = Mask::none;
    float scale = 1;  // of the numbers
    Precision precision = Precision::f32;
};

void check(const Case& c, double tolerance = kTolerance) {
    SCOPED_TRACE(::testing::Message()
                 << c.batch << " of " << c.contexts << " contexts, " << c.q_tokens << " x " << c.k_tokens
                 << " tokens, " << c.heads << " heads of " << c.head_size);
    const std::int64_t width = std::int64_t{c.heads} * c.head_size;
    // Columns among others, as in one product of queries, keys and values.
    const auto q_numbers = random_floats(c.batch * c.q_tokens * (width + 3), 1, c.scale);
    const auto kv_numbers = random_floats(c.contexts * c.k_tokens * (2 * width + 5), 2, c.scale);
    expect_as_reference(tolerance, [&](Ops& ops) {
        const Tensor q = ops.upload({c.batch, c.q_tokens, width + 3}, q_numbers);
        const Tensor kv = ops.upload({c.contexts, c.k_tokens, 2 * width + 5}, kv_numbers);
        return ops.attention({q, 1, width}, {kv, 2, width}, {kv, width + 4, width}, c.heads, c.mask,
                             c.precision);
    });
}

TEST(Attention, HeadsOfEverySize) {
    for (int head_size : {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 40, 64, 80, 96, 128, 160, 511, 512})
        check({2, 2, 19, 37, head_size > 100 ? 1 : 3, head_size});
}

TEST(Attention, FewTokensAsWellAsMany) {
    for (std::int64_t tokens : {1, 2, 5, 11, 12, 13, 16, 31, 64, 145, 255, 256, 257, 300})
        check({1, 1, tokens, tokens, 2, 8});
    check({1, 1, 1, 2000, 1, 16});
    check({1, 1, 2000, 1, 1, 16});
    check({1, 1, 1100, 1300, 1, 20});
}

TEST(Attention, ContextsThatEntriesOfTheBatchShare) {
    check({6, 2, 5, 145, 2, 16});
    check({8, 1, 3, 9, 1, 8});
    check({1, 1, 3, 9, 1, 8});
    check({4, 4, 30, 9, 1, 8});
}

TEST(Attention, CausalMask) {
    for (std::int64_t tokens : {1, 2, 13, 77, 300}) check({3, 3, tokens, tokens, 2, 24, Mask::causal});
    check({2, 1, 7, 7, 1, 8, Mask::causal});
    check({1, 1, 5, 300, 1, 8, Mask::causal});
    check({1, 1, 300, 5, 1, 8, Mask::causal});
}

TEST(Attention, MoreHeadsThanArePackedAtATime) { check({5, 5, 3, 4100, 4, 64}); }

TEST(Attention, ScoresThatOverflowAnUnguardedSoftmax) {
    // Scores of some hundreds: their own rounding is what the error is made of (measured: 1.9e-5).
    check({1, 1, 40, 600, 1, 16, Mask::none, 10}, 8e-5);
    check({1, 1, 300, 300, 1, 64, Mask::causal, 10}, 8e-5);
}

TEST(Attention, HugeKeysGiveTheValueOfTheGreatest) {
    expect_as_reference(0, [](Ops& ops) {
        const Tensor q = ops.upload({1, 1, 1}, std::vector<float>{1e4f});
        std::vector<float> keys(700), values(700);
        for (int i = 0; i < 700; ++i)
            keys[i] = static_cast<float>(i * 13 % 700), values[i] = static_cast<float>(i);
        const Tensor k = ops.upload({1, 700, 1}, keys), v = ops.upload({1, 700, 1}, values);
        return ops.attention(Columns::all(q), Columns::all(k), Columns::all(v), 1);
    });
}

TEST(Attention, InBfloat16StaysNear) {
    // Measured: 2.4e-3 at most, where the processor has the instruction; elsewhere floats are multiplied.
    constexpr double kBfloat16Tolerance = 8e-3;
    const auto check_rounded = [](Case c) {
        c.precision = Precision::bf16;
        check(c, kBfloat16Tolerance);
    };
    for (int head_size : {1, 2, 7, 16, 17, 33, 40, 64, 80, 512}) check_rounded({2, 2, 19, 37, 2, head_size});
    for (std::int64_t tokens : {1, 2, 13, 31, 145, 255, 256, 257, 700})
        check_rounded({1, 1, tokens, tokens, 2, 64});
    for (std::int64_t tokens : {1, 13, 77, 300}) check_rounded({3, 3, tokens, tokens, 2, 24, Mask::causal});
    check_rounded({40, 40, 30, 33, 1, 8});
    check_rounded({6, 2, 5, 145, 2, 16});
}

void check_frames(std::int64_t clips, std::int64_t frames, std::int64_t pixels, int heads, int head_size) {
    SCOPED_TRACE(::testing::Message() << clips << " clips of " << frames << " frames of " << pixels
                                      << " pixels, " << heads << " heads of " << head_size);
    const std::int64_t width = std::int64_t{heads} * head_size;
    const auto numbers = random_floats(clips * frames * pixels * (3 * width + 2), 3);
    expect_as_reference(kTolerance, [&](Ops& ops) {
        const Tensor qkv = ops.upload({clips * frames, pixels, 3 * width + 2}, numbers);
        return ops.temporal_attention({qkv, 1, width}, {qkv, width + 1, width}, {qkv, 2 * width + 2, width},
                                      heads, frames);
    });
}

TEST(TemporalAttention, AnyNumberOfFrames) {
    for (std::int64_t frames : {1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 25, 32, 33, 63, 64})
        check_frames(2, frames, 5, 2, 16);
    check_frames(1, 130, 2, 1, 512);
}

TEST(TemporalAttention, HeadsOfEverySize) {
    for (int head_size : {1, 3, 4, 8, 17, 40, 64, 80, 512}) check_frames(1, 8, 3, 3, head_size);
}

TEST(TemporalAttention, ManyPixels) {
    check_frames(2, 4, 1500, 2, 8);
    check_frames(1, 16, 1, 5, 64);
}

}  // namespace
