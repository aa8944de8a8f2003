#include "models/i2vgen_unet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backends.h"
#include "support/key_list.h"
#include "support/scratch.h"
#include "support/stored_weights.h"
#include "support/throws.h"
#include "tensor/meta/meta_backend.h"
#include "unet_case.h"
#include "weights/weight_scope.h"

namespace stillreel::models {
namespace {

namespace fs = std::filesystem;
using nn::Pass;
using tensor::Ops;
using tensor::Tensor;
using testing::UnetCase;

const fs::path kTinyUnet = fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl/unet";
const fs::path kOddCase = fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/cases/unet-b2-f3-9x14-t500";

I2VGenUnet build(weights::WeightSource& source, const UnetConfig& config, Ops& ops) {
    weights::WeightLoader loader("unet", source, ops, I2VGenUnet::file_habits());
    I2VGenUnet unet(loader.root(), config);
    loader.finish();
    return unet;
}

std::vector<float> numbers_of(const Tensor& tensor) { return {tensor.span().begin(), tensor.span().end()}; }

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
    EXPECT_EQ(a.size(), b.size());
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max<double>(largest, std::abs(a[i] - b[i]));
    return largest;
}

/// One pass of a case's UNet on its own weights, with what the caller changes about the pass.
std::vector<float> pass_of(const UnetCase& given, Ops& ops, weights::WeightSource& source,
                           nn::Chunking chunking = {}) {
    const I2VGenUnet unet = build(source, given.config, ops);
    const Pass pass{ops, given.number("frames"), chunking, {}};
    const auto condition = unet.prepare(pass, given.inputs(ops));
    return numbers_of(unet(pass, given.tensor(ops, "in.sample"),
                           static_cast<double>(given.number("timestep")), *condition));
}

TEST(I2VGenUnet, GivesTheReferencesNumbersOnEveryBackend) {
    const auto cases = testing::golden_cases("unet-");
    ASSERT_GE(cases.size(), 2u);
    for (const fs::path& folder : cases) {
        const UnetCase given = testing::load_unet_case(folder);
        for (auto& [backend, ops] : testing::backends()) {
            SCOPED_TRACE(given.golden.name + " on the " + backend);
            const I2VGenUnet unet = build(*given.source, given.config, ops);
            const Pass pass{ops, given.number("frames"), {}, {}};
            const auto condition = unet.prepare(pass, given.inputs(ops));
            given.expect_equal("out.sample", unet(pass, given.tensor(ops, "in.sample"),
                                                  static_cast<double>(given.number("timestep")), *condition));
        }
    }
}

TEST(I2VGenUnet, AConditionPreparedOnceServesEveryStep) {
    const UnetCase given = testing::load_unet_case(kOddCase);
    for (auto& [backend, ops] : testing::backends()) {
        SCOPED_TRACE(backend);
        const I2VGenUnet unet = build(*given.source, given.config, ops);
        const Pass pass{ops, given.number("frames"), {}, {}};
        const Tensor sample = given.tensor(ops, "in.sample");
        const auto kept = unet.prepare(pass, given.inputs(ops));
        for (const double timestep : {981.0, 500.0}) {
            const auto fresh = unet.prepare(pass, given.inputs(ops));
            EXPECT_EQ(numbers_of(unet(pass, sample, timestep, *kept)),
                      numbers_of(unet(pass, sample, timestep, *fresh)));
        }
    }
}

TEST(I2VGenUnet, PartsOfALayerAtATimeGiveTheSameBits) {
    const UnetCase given = testing::load_unet_case(kOddCase);
    for (auto& [backend, ops] : testing::backends()) {
        SCOPED_TRACE(backend);
        const std::vector<float> whole = pass_of(given, ops, *given.source);
        for (const nn::Chunking chunking : {nn::Chunking{1, 0}, nn::Chunking{2, 40}, nn::Chunking{5, 1}})
            EXPECT_EQ(pass_of(given, ops, *given.source, chunking), whole)
                << chunking.images << " images, " << chunking.tokens << " tokens at a time";
    }
}

TEST(I2VGenUnet, EveryClipOfABatchIsItsOwn) {
    const UnetCase given = testing::load_unet_case(kOddCase);
    Ops ops = testing::reference_ops();
    const I2VGenUnet unet = build(*given.source, given.config, ops);
    const std::int64_t frames = given.number("frames");
    const Pass pass{ops, frames, {}, {}};
    const UnetInputs both = given.inputs(ops);
    const Tensor sample = given.tensor(ops, "in.sample");
    const std::vector<float> together = numbers_of(unet(pass, sample, 500, *unet.prepare(pass, both)));
    std::vector<float> apart;
    for (std::int64_t clip = 0; clip < 2; ++clip) {
        const UnetInputs one{both.text.slice(clip, 1),
                             both.image_embedding.slice(clip, 1),
                             both.image_latents.slice(clip * frames, frames),
                             {both.fps[static_cast<std::size_t>(clip)]}};
        const auto half =
            numbers_of(unet(pass, sample.slice(clip * frames, frames), 500, *unet.prepare(pass, one)));
        apart.insert(apart.end(), half.begin(), half.end());
    }
    EXPECT_LT(largest_difference(apart, together), 1e-6);
}

// Weights rounded to half precision move the prediction, whose largest value is 3, by 0.0083 at most.
TEST(I2VGenUnet, AHalfPrecisionFileGivesNearlyTheSamePrediction) {
    const UnetCase given = testing::load_unet_case(kOddCase);
    Ops ops = testing::reference_ops();
    testing::StoredWeights halves;
    for (const auto& [name, weight] :
         testing::read_weights(kTinyUnet / "diffusion_pytorch_model.safetensors"))
        halves[name] = weight.as(tensor::DType::f16);
    const testing::ScratchFolder scratch;
    testing::write_weights(scratch.path() / "diffusion_pytorch_model.fp16.safetensors", halves);
    const auto source = weights::open_weights(scratch.path(), "fp16");
    const double difference =
        largest_difference(pass_of(given, ops, *source), pass_of(given, ops, *given.source));
    EXPECT_GT(difference, 0);
    EXPECT_LT(difference, 0.03);
}

TEST(I2VGenUnet, ReadsProjectionsThatOlderFilesKeepAsConvolutions) {
    const UnetCase given = testing::load_unet_case(kOddCase);
    testing::StoredWeights older = testing::read_weights(kTinyUnet / "diffusion_pytorch_model.safetensors");
    int changed = 0;
    for (auto& [name, weight] : older) {
        if (!name.ends_with("proj_in.weight") && !name.ends_with("proj_out.weight")) continue;
        weight.shape = {weight.shape[0], weight.shape[1], 1, 1};
        ++changed;
    }
    ASSERT_GT(changed, 20);
    const testing::ScratchFolder scratch;
    testing::write_weights(scratch.path() / "diffusion_pytorch_model.safetensors", older);
    const auto source = weights::open_weights(scratch.path());
    Ops ops = testing::reference_ops();
    EXPECT_EQ(pass_of(given, ops, *source), pass_of(given, ops, *given.source));
}

TEST(I2VGenUnet, TakesExactlyThePublishedTensors) {
    const testing::KeyList keys = testing::load_key_list("i2vgenxl-unet");
    const auto source = testing::weights_of(keys);
    Ops ops = tensor::meta_ops();
    weights::WeightLoader loader("unet", *source, ops, I2VGenUnet::file_habits());
    const I2VGenUnet unet(loader.root(), parse_unet_config(keys.config));
    loader.finish();
    EXPECT_EQ(keys.shapes.size(), 1511u);
    EXPECT_EQ(loader.parameters(), 1420469224);
}

/// What a pass of the published model costs, on shapes alone.
struct Cost {
    double flops = 0;
    double product_flops = 0;  // of that, linear layers and convolutions
    double flops_prepared = 0;
    std::uint64_t activations = 0;
};

bool is_product(tensor::OpKind kind) {
    using enum tensor::OpKind;
    return kind == linear || kind == conv || kind == temporal_conv;
}

Cost cost_of(std::int64_t size_px, std::int64_t frames, std::int64_t clips, nn::Chunking chunking) {
    Ops ops = tensor::meta_ops();
    const auto source = weights::shape_weights();
    const UnetConfig config;
    const I2VGenUnet unet = build(*source, config, ops);
    const Pass pass{ops, frames, chunking, {}};
    const std::int64_t side = size_px / 8;
    Cost cost;
    ops.observe([&](const tensor::OpRecord& record) { cost.flops_prepared += record.flops; });
    const auto condition = unet.prepare(pass, {ops.empty({clips, 77, 1024}), ops.empty({clips, 1, 1024}),
                                               ops.empty({clips * frames, side, side, 4}),
                                               std::vector<double>(static_cast<std::size_t>(clips), 8)});
    ops.observe([&](const tensor::OpRecord& record) {
        cost.flops += record.flops;
        if (is_product(record.kind)) cost.product_flops += record.flops;
    });
    const Tensor sample = ops.empty({clips * frames, side, side, 4});
    const std::uint64_t before = ops.pool().live_bytes();
    ops.pool().reset_peak();
    const Tensor out = unet(pass, sample, 981, *condition);
    cost.activations = ops.pool().peak_bytes() - before;
    return cost;
}

TEST(I2VGenUnet, CountsTheWorkOfAPassBeforeAnythingRuns) {
    const Cost cost = cost_of(256, 8, 1, {});
    // Counted in the reference: 2.40 TFLOP of linear layers and convolutions, where the context's keys and
    // values are worked out anew for each of the 8 frames. Upsampling and its convolutions at once save 5/9
    // of 0.136.
    EXPECT_NEAR((cost.product_flops + 8 * cost.flops_prepared) / 1e12, 2.40 - 0.075, 0.005);
    EXPECT_NEAR((cost.flops - cost.product_flops) / 1e12, 0.08, 0.005);
    EXPECT_LT(cost.flops_prepared, 0.01 * cost.flops);
    EXPECT_NEAR(cost_of(256, 8, 2, {}).flops / cost.flops, 2, 0.01);
}

TEST(I2VGenUnet, LowMemoryNeedsAtLeastThirtyPercentLess) {
    for (const auto& [size_px, frames] : {std::pair{512, 16}, std::pair{256, 8}})
        for (const std::int64_t clips : {1, 2}) {
            const Cost normal = cost_of(size_px, frames, clips, {});
            const Cost low = cost_of(size_px, frames, clips,
                                     nn::Chunking::low_memory(clips * frames, size_px / 8 * (size_px / 8)));
            EXPECT_LE(static_cast<double>(low.activations), 0.7 * static_cast<double>(normal.activations))
                << size_px << " px, " << frames << " frames: " << (normal.activations >> 20) << " MiB, then "
                << (low.activations >> 20);
            EXPECT_NEAR(low.flops / normal.flops, 1, 0.001);
        }
}

TEST(UnetConfig, SpeaksTheOlderNameOfTheHeadSize) {
    EXPECT_EQ(parse_unet_config("{}").head_size, std::vector<std::int64_t>(4, 64));
    EXPECT_EQ(parse_unet_config(R"({"num_attention_heads": 32})").head_size,
              std::vector<std::int64_t>(4, 32));
    EXPECT_EQ(parse_unet_config(R"({"num_attention_heads": 32, "attention_head_dim": 16})").head_size,
              std::vector<std::int64_t>(4, 16));
    EXPECT_EQ(parse_unet_config(R"({"attention_head_dim": [8, 16, 32, 64]})").head_size,
              (std::vector<std::int64_t>{8, 16, 32, 64}));
}

TEST(UnetConfig, NamesWhatItDoesNotHave) {
    EXPECT_ERROR(parse_unet_config(R"({"down_block_types": ["CrossAttnDownBlockMotion"]})"),
                 ErrorCode::unsupported, "CrossAttnDownBlockMotion");
    EXPECT_ERROR(parse_unet_config(R"({"_class_name": "UNetSpatioTemporalConditionModel"})"),
                 ErrorCode::unsupported, "UNetSpatioTemporalConditionModel");
}

TEST(UnetConfig, RefusesWhatDoesNotFitTogether) {
    const auto refuses = [](const char* json, const char* what) {
        EXPECT_ERROR(parse_unet_config(json), ErrorCode::corrupt_data, what);
    };
    refuses("[", "unet/config.json");
    refuses(R"({"block_out_channels": [320, 640]})", "down_block_types");
    refuses(R"({"block_out_channels": []})", "block_out_channels");
    refuses(R"({"block_out_channels": "wide"})", "block_out_channels");
    refuses(R"({"norm_num_groups": 7})", "norm_num_groups");
    refuses(R"({"attention_head_dim": [64]})", "attention_head_dim");
    refuses(R"({"attention_head_dim": 4096})", "attention_head_dim");
    refuses(R"({"layers_per_block": 0})", "layers_per_block");
    refuses(R"({"in_channels": 1e30})", "in_channels");
}

}  // namespace
}  // namespace stillreel::models
