// The UNet's deep features kept from one step and used at another: exact where nothing changed, cheap, and no
// further off than what did change.
#include <gtest/gtest.h>

#include <cmath>

#include "models/i2vgen_unet.h"
#include "tensor/cpu/cpu_backend.h"
#include "tensor/meta/meta_backend.h"
#include "unet_case.h"
#include "weights/weight_scope.h"

namespace stillreel::models {
namespace {

using nn::Pass;
using tensor::Ops;
using tensor::Precision;
using tensor::Tensor;
using testing::UnetCase;

/// A case's UNet, ready for passes.
struct Stage {
    UnetCase given;
    Ops ops{tensor::cpu_backend(2, nullptr), tensor::Pool::create(tensor::Pool::Kind::memory)};
    I2VGenUnet unet;
    std::shared_ptr<const UnetCondition> condition;
    Tensor sample;

    explicit Stage(UnetCase of, Precision precision = Precision::f32, nn::Chunking chunks = {})
        : given(std::move(of)),
          unet(build(precision)),
          condition(unet.prepare(pass(), given.inputs(ops))),
          sample(given.tensor(ops, "in.sample")),
          chunking(chunks) {}

    Pass pass() { return {ops, given.number("frames"), chunking, {}}; }
    double timestep() const { return static_cast<double>(given.number("timestep")); }
    Tensor whole(double at, DeepFeatures* deep = nullptr) {
        return unet(pass(), sample, at, *condition, deep);
    }
    Tensor shallow(double at, const DeepFeatures& deep) {
        return unet.shallow(pass(), sample, at, *condition, deep);
    }
    Tensor moved(const Tensor& from, float away) {
        std::vector<float> numbers(from.span().begin(), from.span().end());
        for (std::size_t i = 0; i < numbers.size(); ++i)
            numbers[i] += away * (static_cast<float>(i * 37 % 101) / 50.0f - 1.0f);
        return ops.upload(from.shape(), numbers);
    }

  private:
    I2VGenUnet build(Precision precision) {
        weights::WeightLoader loader("unet", *given.source, ops, I2VGenUnet::file_habits(),
                                     I2VGenUnet::precision_policy(precision));
        return I2VGenUnet(loader.root(), given.config);
    }
    nn::Chunking chunking;
};

std::vector<float> numbers_of(const Tensor& tensor) { return {tensor.span().begin(), tensor.span().end()}; }

double distance(const Tensor& a, const Tensor& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.span().size(); ++i)
        sum += std::pow(static_cast<double>(a.span()[i]) - b.span()[i], 2.0);
    return std::sqrt(sum / static_cast<double>(a.span().size()));
}

TEST(DeepFeatures, OfTheSameStepGiveTheSameBitsFromAnyDepth) {
    Stage stage(testing::load_unet_case(testing::golden_cases("unet-b2-").front()));  // of odd sizes
    const std::vector<float> exact = numbers_of(stage.whole(stage.timestep()));
    for (int branch = 1; branch < stage.unet.skips(); ++branch) {
        DeepFeatures deep{branch, {}};
        EXPECT_EQ(numbers_of(stage.whole(stage.timestep(), &deep)), exact) << "keeping changes nothing";
        EXPECT_EQ(numbers_of(stage.shallow(stage.timestep(), deep)), exact) << branch;
        EXPECT_EQ(numbers_of(stage.shallow(stage.timestep(), deep)), exact) << "a second time";
    }
}

TEST(DeepFeatures, AreKeptInProductsOfEightBitsAndInPartsOfALayerToo) {
    const auto folder = testing::golden_cases("unet-b2-").front();
    for (const nn::Chunking chunking : {nn::Chunking{}, nn::Chunking{1, 40}}) {
        Stage stage(testing::load_unet_case(folder), Precision::int8, chunking);
        DeepFeatures deep{3, {}};
        const std::vector<float> exact = numbers_of(stage.whole(stage.timestep(), &deep));
        EXPECT_EQ(numbers_of(stage.shallow(stage.timestep(), deep)), exact);
    }
}

TEST(DeepFeatures, OfAnotherSampleAreNearerTheNearerThatSampleIs) {
    for (const auto& folder : testing::golden_cases("unet-")) {
        Stage stage(testing::load_unet_case(folder));
        const double at = stage.timestep();
        const Tensor sample = stage.sample, exact = stage.whole(at);
        double before = 0;
        for (const float away : {0.01f, 0.05f, 0.25f}) {
            DeepFeatures deep{3, {}};
            stage.sample = stage.moved(sample, away);
            const Tensor there = stage.whole(at, &deep);
            stage.sample = sample;
            const double off = distance(stage.shallow(at, deep), exact);
            EXPECT_GT(off, before) << stage.given.golden.name << ", " << away;
            EXPECT_LT(off, distance(there, exact)) << "nearer than what was said of the other sample";
            before = off;
        }
    }
}

TEST(DeepFeatures, AHalfOfAConditionSaysWhatThatHalfOfTheBatchSays) {
    Stage stage(testing::load_unet_case(testing::golden_cases("unet-b2-").front()));
    const std::int64_t frames = stage.given.number("frames");
    const Tensor both = stage.whole(stage.timestep());
    for (const std::int64_t clip : {0, 1}) {
        const auto condition = I2VGenUnet::only(*stage.condition, clip);
        const Tensor one =
            stage.unet(stage.pass(), stage.sample.slice(clip * frames, frames), stage.timestep(), *condition);
        EXPECT_LT(distance(one, both.slice(clip * frames, frames)), 1e-6);
    }
}

/// FLOPs and bytes of the published model's passes at 256x256, 8 frames, both halves of a guided pair.
TEST(DeepFeatures, CostWhatTheOuterLayersDo) {
    Ops ops = tensor::meta_ops();
    const auto source = weights::shape_weights();
    weights::WeightLoader loader("unet", *source, ops, I2VGenUnet::file_habits());
    const I2VGenUnet unet(loader.root(), {});
    const Pass pass{ops, 8, {}, {}};
    const Tensor latents = ops.empty({16, 32, 32, 4});
    const auto condition =
        unet.prepare(pass, {ops.empty({2, 77, 1024}), ops.empty({2, 1, 1024}), latents, {8, 8}});
    double flops = 0;
    ops.observe([&](const tensor::OpRecord& record) { flops += record.flops; });
    unet(pass, latents, 981, *condition);
    const double whole = std::exchange(flops, 0);
    ASSERT_EQ(unet.skips(), 12);
    double before = 0;
    for (int branch = 1; branch < unet.skips(); ++branch) {
        DeepFeatures deep{branch, {}};
        unet(pass, latents, 981, *condition, &deep);
        EXPECT_DOUBLE_EQ(std::exchange(flops, 0), whole) << "keeping is no work";
        unet.shallow(pass, latents, 981, *condition, deep);
        const double share = std::exchange(flops, 0) / whole;
        if (branch == 1) {
            EXPECT_NEAR(share, 0.10, 0.01);
        }
        if (branch == 3) {
            EXPECT_NEAR(share, 0.355, 0.01) << "the outermost level";
        }
        EXPECT_GT(share, before) << branch;
        before = share;
    }
    EXPECT_LT(before, 1);
}

}  // namespace
}  // namespace stillreel::models
