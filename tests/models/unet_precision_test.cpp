// The UNet with products of bfloat16 and of 8 bits: how near it is to the reference's numbers, and what stays
// in floats.
#include <gtest/gtest.h>

#include <cmath>

#include "models/i2vgen_unet.h"
#include "tensor/cpu/cpu_backend.h"
#include "unet_case.h"
#include "weights/weight_scope.h"

namespace stillreel::models {
namespace {

using tensor::Ops;
using tensor::Precision;
using tensor::Tensor;
using testing::UnetCase;

Ops cpu_ops(int threads) {
    return {tensor::cpu_backend(threads, nullptr), tensor::Pool::create(tensor::Pool::Kind::memory)};
}

/// The prediction of a case's UNet in the reference's layout.
std::vector<float> prediction_of(const UnetCase& given, Precision precision, Ops ops,
                                 nn::Chunking chunking = {}) {
    weights::WeightLoader loader("unet", *given.source, ops, I2VGenUnet::file_habits(),
                                 I2VGenUnet::precision_policy(precision));
    const I2VGenUnet unet(loader.root(), given.config);
    loader.finish();
    const nn::Pass pass{ops, given.number("frames"), chunking, {}};
    const auto condition = unet.prepare(pass, given.inputs(ops));
    const Tensor y =
        unet(pass, given.tensor(ops, "in.sample"), static_cast<double>(given.number("timestep")), *condition);
    return parity::clips_channels_first(y, given.number("frames"));
}

template <class Numbers>
double decibels(const Numbers& exact, const std::vector<float>& other) {
    double signal = 0, noise = 0;
    for (std::size_t i = 0; i < other.size(); ++i) {
        signal += std::pow(static_cast<double>(exact[i]), 2.0);
        noise += std::pow(other[i] - static_cast<double>(exact[i]), 2.0);
    }
    return 10 * std::log10(signal / noise);
}

TEST(UnetPrecision, StaysNearTheReferencesNumbers) {
    const auto cases = testing::golden_cases("unet-");
    ASSERT_GE(cases.size(), 2u);
    for (const auto& folder : cases) {
        const UnetCase given = testing::load_unet_case(folder);
        const auto& expected = given.golden.at("out.sample").values;
        const auto decibels_with = [&](Precision precision) {
            const std::vector<float> got = prediction_of(given, precision, cpu_ops(2));
            EXPECT_EQ(got.size(), expected.size());
            return decibels(expected, got);
        };
        // Measured: 38.9 to 41.4, and 30.0 to 31.3.
        const double bf16 = decibels_with(Precision::bf16), int8 = decibels_with(Precision::int8);
        EXPECT_GT(bf16, 37.5) << given.golden.name;
        EXPECT_LT(bf16, 60) << given.golden.name << ": is it of bfloat16 at all?";
        EXPECT_GT(int8, 29) << given.golden.name;
        EXPECT_LT(int8, 40) << given.golden.name << ": is it of 8 bits at all?";
    }
}

TEST(UnetPrecision, TheSameBitsForPartsOfALayerAndAnyNumberOfThreads) {
    const UnetCase given = testing::load_unet_case(testing::golden_cases("unet-").front());
    for (const Precision precision : {Precision::bf16, Precision::int8}) {
        SCOPED_TRACE(name_of(precision));
        const std::vector<float> whole = prediction_of(given, precision, cpu_ops(1));
        EXPECT_EQ(prediction_of(given, precision, cpu_ops(3)), whole);
        for (const nn::Chunking chunking : {nn::Chunking{1, 0}, nn::Chunking{2, 40}, nn::Chunking{5, 1}})
            EXPECT_EQ(prediction_of(given, precision, cpu_ops(2), chunking), whole)
                << chunking.images << " images, " << chunking.tokens << " tokens at a time";
    }
}

TEST(UnetPrecision, SensitiveLayersAreOfAFinerKind) {
    const auto policy = I2VGenUnet::precision_policy(Precision::int8);
    const auto bf16 = I2VGenUnet::precision_policy(Precision::bf16);
    for (const char* path : {"conv_in", "conv_out", "image_latents_proj_in.0",
                             "image_latents_context_embedding.0", "image_latents_temporal_encoder.ff"}) {
        EXPECT_EQ(policy(path), Precision::f32) << path;
        EXPECT_EQ(bf16(path), Precision::f32) << path;
    }
    for (const char* path : {"transformer_in.proj_in", "transformer_in.transformer_blocks.0.ff.net.2",
                             "up_blocks.0.resnets.1.conv_shortcut"}) {
        EXPECT_EQ(policy(path), Precision::bf16) << path;
        EXPECT_EQ(bf16(path), Precision::f32) << path;
    }
    for (const char* path : {"time_embedding.linear_1", "fps_embedding.0", "context_embedding.2",
                             "down_blocks.1.resnets.0.time_emb_proj",
                             "up_blocks.2.attentions.1.transformer_blocks.0.attn2.to_k"}) {
        EXPECT_EQ(policy(path), Precision::f32) << path;
        EXPECT_EQ(bf16(path), Precision::bf16) << path;
    }
    for (const char* path :
         {"down_blocks.1.resnets.0.conv1", "mid_block.resnets.1.conv2", "up_blocks.3.temp_convs.2.conv4.3",
          "up_blocks.2.attentions.1.transformer_blocks.0.attn2.to_q",
          "up_blocks.2.temp_attentions.1.transformer_blocks.0.attn2.to_q",
          "down_blocks.0.downsamplers.0.conv"}) {
        EXPECT_EQ(policy(path), Precision::int8) << path;
        EXPECT_EQ(bf16(path), Precision::bf16) << path;
    }
    EXPECT_EQ(I2VGenUnet::precision_policy(Precision::f32)("mid_block.resnets.1.conv1"), Precision::f32);
}

}  // namespace
}  // namespace stillreel::models
