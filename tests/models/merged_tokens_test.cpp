// The UNet with some tokens of its largest images merged: what it costs, that nothing but rounding makes it
// differ from one backend or memory plan to another, and that it stays near what it stands for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backends.h"
#include "models/i2vgen_unet.h"
#include "tensor/meta/meta_backend.h"
#include "tensor/token_merging.h"
#include "unet_case.h"
#include "weights/weight_scope.h"

namespace stillreel::models {
namespace {

using nn::Pass;
using tensor::Ops;
using tensor::Precision;
using tensor::Tensor;
using testing::UnetCase;

UnetCase odd_case() {
    return testing::load_unet_case(std::filesystem::path(STILLREEL_SOURCE_DIR) /
                                   "tests/goldens/cases/unet-b2-f3-9x14-t500");
}

struct How {
    double merged = 0;
    nn::Chunking chunking = {};
    Precision precision = Precision::f32;
};

struct Work {
    std::vector<float> numbers;
    double flops = 0;
    int matchings = 0;
    std::uint64_t peak = 0;
};

Work pass_of(const UnetCase& given, Ops& ops, const How& how) {
    weights::WeightLoader loader("unet", *given.source, ops, I2VGenUnet::file_habits(),
                                 I2VGenUnet::precision_policy(how.precision));
    const I2VGenUnet unet(loader.root(), given.config);
    const Pass pass{ops, given.number("frames"), how.chunking, {}, how.merged};
    const auto condition = unet.prepare(pass, given.inputs(ops));
    const Tensor sample = given.tensor(ops, "in.sample");
    Work work;
    ops.observe([&](const tensor::OpRecord& record) {
        work.flops += record.flops;
        work.matchings += record.kind == tensor::OpKind::matching;
    });
    const std::uint64_t before = ops.pool().live_bytes();
    ops.pool().reset_peak();
    const Tensor out = unet(pass, sample, static_cast<double>(given.number("timestep")), *condition);
    work.peak = ops.pool().peak_bytes() - before;
    ops.observe({});
    if (ops.computes()) work.numbers.assign(out.span().begin(), out.span().end());
    return work;
}

Ops cpu_ops(int threads) {
    return {tensor::cpu_backend(threads, nullptr), tensor::Pool::create(tensor::Pool::Kind::memory)};
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max<double>(largest, std::abs(a[i] - b[i]));
    return largest;
}

TEST(MergedTokens, GiveTheSameNumbersOnEveryBackendAndInParts) {
    const UnetCase given = odd_case();
    Ops reference = testing::reference_ops();
    const Work expected = pass_of(given, reference, {0.5});
    EXPECT_EQ(expected.matchings, 5) << "those of the largest images";
    for (const int threads : {1, 3}) {
        Ops ops = cpu_ops(threads);
        const Work whole = pass_of(given, ops, {0.5});
        // Measured: 3.3e-6, where the largest number is 3.
        EXPECT_LT(largest_difference(whole.numbers, expected.numbers), 1.3e-5);
        for (const nn::Chunking chunking : {nn::Chunking{1, 0}, nn::Chunking{2, 40}})
            EXPECT_EQ(pass_of(given, ops, {0.5, chunking}).numbers, whole.numbers);
    }
}

TEST(MergedTokens, LeadFurtherAwayTheMoreThereAre) {
    const UnetCase given = odd_case();
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
        Ops ops = cpu_ops(2);
        const Work exact = pass_of(given, ops, {0, {}, precision});
        EXPECT_EQ(exact.matchings, 0);
        double before = 0;
        for (const double merged : {0.1, 0.5, 0.75}) {
            const Work work = pass_of(given, ops, {merged, {}, precision});
            const double off = largest_difference(work.numbers, exact.numbers);
            EXPECT_GT(off, before) << merged;
            before = off;
        }
        EXPECT_LT(before, 1.5);  // measured: 0.84, where the largest number is 3
    }
}

TEST(MergedTokens, AreCountedOnShapesAlone) {
    const UnetCase given = odd_case();
    for (const double merged : {0.0, 0.5}) {
        Ops meta = tensor::meta_ops(), ops = cpu_ops(2);
        const Work counted = pass_of(given, meta, {merged}), done = pass_of(given, ops, {merged});
        EXPECT_EQ(counted.flops, done.flops);
        EXPECT_NEAR(static_cast<double>(counted.peak) / static_cast<double>(done.peak), 1, 0.05);
        EXPECT_EQ(counted.matchings, done.matchings);
    }
}

/// Of the published model's pass.
Work cost_of(std::int64_t size_px, std::int64_t frames, double merged) {
    Ops ops = tensor::meta_ops();
    const auto source = weights::shape_weights();
    weights::WeightLoader loader("unet", *source, ops, I2VGenUnet::file_habits());
    const I2VGenUnet unet(loader.root(), {});
    const Pass pass{ops, frames, {}, {}, merged};
    const std::int64_t side = size_px / 8;
    const Tensor sample = ops.empty({frames, side, side, 4});
    const auto condition =
        unet.prepare(pass, {ops.empty({1, 77, 1024}), ops.empty({1, 1, 1024}), sample, {8}});
    Work work;
    ops.observe([&](const tensor::OpRecord& record) { work.flops += record.flops; });
    const std::uint64_t before = ops.pool().live_bytes();
    ops.pool().reset_peak();
    unet(pass, sample, 981, *condition);
    work.peak = ops.pool().peak_bytes() - before;
    return work;
}

TEST(MergedTokens, SaveWhatAttentionTakesOnLargeImages) {
    const Work exact = cost_of(512, 16, 0), half = cost_of(512, 16, 0.5);
    EXPECT_LE(half.peak, exact.peak);
    // Five blocks of 16 images of 4096 tokens, 320 wide: three quarters of attention and half of its four
    // products go, all pairs of sources and destinations come.
    const double tokens = 4096, width = 320, blocks = 5 * 16;
    const double saved = blocks * (4 * tokens * tokens * width * 0.75 + 8 * tokens * width * width * 0.5 -
                                   2 * (0.75 * tokens) * (0.25 * tokens) * width);
    EXPECT_NEAR((exact.flops - half.flops) / saved, 1, 0.001);
    EXPECT_NEAR(saved / exact.flops, 0.062, 0.002);
    EXPECT_NEAR(cost_of(256, 8, 0.5).flops / cost_of(256, 8, 0).flops, 0.98, 0.01);
}

}  // namespace
}  // namespace stillreel::models
