#include "models/vae.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backends.h"
#include "base/file.h"
#include "models/vae_tiles.h"
#include "parity/layout.h"
#include "support/golden.h"
#include "support/scratch.h"
#include "support/stored_weights.h"
#include "support/throws.h"
#include "tensor/cpu/cpu_backend.h"
#include "weights/weight_source.h"

namespace stillreel::models {
namespace {

using tensor::Shape;
using tensor::Tensor;
using testing::backends;
using testing::Golden;
using testing::golden_cases;
using testing::load_golden;
using testing::NamedOps;
using testing::ScratchFolder;
using weights::WeightLoader;
using weights::WeightSource;

fs::path small_vae() { return fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl/vae"; }

VaeConfig config_of(const fs::path& folder) {
    return parse_vae_config(read_text_file(folder / "config.json", 1 << 20));
}

VaeDecoder load_decoder(WeightSource& source, tensor::Ops& ops, const VaeConfig& config,
                        tensor::Precision precision = tensor::Precision::f32) {
    WeightLoader loader("vae", source, ops, vae_file_habits(VaeHalf::decoder),
                        VaeDecoder::precision_policy(precision));
    VaeDecoder decoder(loader.root(), config);
    loader.finish();
    return decoder;
}

VaeEncoder load_encoder(WeightSource& source, tensor::Ops& ops, const VaeConfig& config) {
    WeightLoader loader("vae", source, ops, vae_file_habits(VaeHalf::encoder));
    VaeEncoder encoder(loader.root(), config);
    loader.finish();
    return encoder;
}

/// Compares what a pass shows with the tensors out.dbg.*; `shown` counts.
nn::Tap compare_with(const Golden& golden, int& shown) {
    return [&](std::string_view part, const Tensor& output) {
        const std::string name = "out.dbg." + std::string(part);
        if (!golden.has(name)) return;
        golden.expect_equal(name, parity::channels_first(output));
        ++shown;
    };
}

int parts_in(const Golden& golden) {
    return static_cast<int>(
        std::count_if(golden.tensors.begin(), golden.tensors.end(),
                      [](const auto& entry) { return entry.first.starts_with("out.dbg."); }));
}

void expect_decoded(NamedOps& backend, const fs::path& golden_case) {
    SCOPED_TRACE(backend.name + ", " + golden_case.string());
    const Golden golden = load_golden(golden_case);
    const fs::path folder = golden.model / "vae";
    const auto source = weights::open_weights(folder);
    const VaeConfig config = config_of(folder);
    const VaeDecoder decoder = load_decoder(*source, backend.ops, config);

    parity::Numbers latents = golden.at("in.latents");
    for (double& value : latents.values) value /= config.scaling_factor;
    int shown = 0;
    const nn::Pass pass{backend.ops, 1, {}, compare_with(golden, shown)};
    const Tensor image = decoder.decode(pass, parity::images_of(backend.ops, latents));
    golden.expect_equal("out.image", parity::channels_first(image));
    EXPECT_EQ(shown, parts_in(golden));
}

TEST(VaeDecoder, EveryPartGivesTheReferencesNumbers) {
    for (NamedOps& backend : backends())
        for (const fs::path& golden_case : golden_cases("vae_decode-")) expect_decoded(backend, golden_case);
}

void expect_encoded(NamedOps& backend, const fs::path& golden_case) {
    SCOPED_TRACE(backend.name + ", " + golden_case.string());
    const Golden golden = load_golden(golden_case);
    const fs::path folder = golden.model / "vae";
    const auto source = weights::open_weights(folder);
    const VaeEncoder encoder = load_encoder(*source, backend.ops, config_of(folder));

    int shown = 0;
    const nn::Pass pass{backend.ops, 1, {}, compare_with(golden, shown)};
    const Tensor moments = encoder.moments(pass, parity::images_of(backend.ops, golden.at("in.image")));
    golden.expect_equal("out.moments", parity::channels_first(moments));
    EXPECT_EQ(shown, parts_in(golden));
}

TEST(VaeEncoder, EveryPartGivesTheReferencesNumbers) {
    for (NamedOps& backend : backends())
        for (const fs::path& golden_case : golden_cases("vae_encode-")) expect_encoded(backend, golden_case);
}

TEST(Vae, BothHalvesTogetherTakeEveryTensor) {
    const auto source = weights::open_weights(small_vae());
    tensor::Ops ops = testing::reference_ops();
    std::int64_t elements = 0;
    for (const std::string& name : source->names()) elements += source->find(name, {})->shape.elements();

    WeightLoader encoder("vae", *source, ops, vae_file_habits(VaeHalf::encoder));
    VaeEncoder(encoder.root(), config_of(small_vae()));
    WeightLoader decoder("vae", *source, ops, vae_file_habits(VaeHalf::decoder));
    VaeDecoder(decoder.root(), config_of(small_vae()));
    EXPECT_EQ(encoder.parameters() + decoder.parameters(), elements);
}

Tensor random_latents(tensor::Ops& ops, const Shape& shape) {
    std::vector<float> numbers(static_cast<std::size_t>(shape.elements()));
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = std::sin(static_cast<float>(i * i % 97));
    return ops.upload(shape, numbers);
}

TEST(VaeDecoder, FramesInChunksAreTheSameFrames) {
    tensor::Ops ops = testing::reference_ops();
    const auto source = weights::open_weights(small_vae());
    const VaeDecoder decoder = load_decoder(*source, ops, config_of(small_vae()));
    const Tensor latents = random_latents(ops, {3, 2, 3, 4});
    const Tensor whole = decoder.decode({ops}, latents);
    for (const std::int64_t images : {1, 2}) {
        const Tensor parts = decoder.decode({ops, 1, {.images = images, .tokens = 0}, {}}, latents);
        EXPECT_TRUE(std::equal(parts.span().begin(), parts.span().end(), whole.span().begin())) << images;
    }
}

/// The small file with one kind of name, or the shape of matrices, as older files have it.
std::unique_ptr<WeightSource> older_file(const fs::path& file, const std::string& today,
                                         const std::string& older, const Shape& trailing) {
    int changed = 0;
    testing::StoredWeights weights;
    for (auto [name, weight] : testing::read_weights(small_vae() / "diffusion_pytorch_model.safetensors")) {
        const std::size_t at = name.find(today);
        std::string as_then = name;
        if (name.find("mid_block.attentions") != std::string::npos && at != std::string::npos) {
            as_then.replace(at, today.size(), older);
            const Shape& shape = weight.shape;
            if (shape.rank() == 2) weight.shape = {shape[0], shape[1], trailing[0], trailing[1]};
            ++changed;
        }
        weights[as_then] = weight;
    }
    testing::write_weights(file, weights);
    EXPECT_EQ(changed, 4);  // weight and bias, in both halves
    return weights::open_weight_file(file);
}

TEST(Vae, NamesOfOlderFilesGiveTheSameNumbers) {
    const ScratchFolder scratch;
    tensor::Ops ops = testing::reference_ops();
    const auto source = weights::open_weights(small_vae());
    const VaeConfig config = config_of(small_vae());
    const Tensor latents = random_latents(ops, {1, 2, 3, 4});
    const Tensor image = load_decoder(*source, ops, config).decode({ops}, latents);
    const Tensor moments = load_encoder(*source, ops, config).moments({ops}, image);
    const std::vector<std::pair<std::string, std::string>> names = {
        {".to_q.", ".query."}, {".to_k.", ".key."}, {".to_v.", ".value."}, {".to_out.0.", ".proj_attn."}};
    for (const auto& [today, older] : names) {
        SCOPED_TRACE(older);
        const auto file = older_file(scratch / "older.safetensors", today, older, {1, 1});
        const Tensor again = load_decoder(*file, ops, config).decode({ops}, latents);
        EXPECT_TRUE(std::equal(again.span().begin(), again.span().end(), image.span().begin()));
        const Tensor moments_again = load_encoder(*file, ops, config).moments({ops}, image);
        EXPECT_TRUE(
            std::equal(moments_again.span().begin(), moments_again.span().end(), moments.span().begin()));
    }
}

TEST(VaeTiles, CoverEverythingAndOverlap) {
    EXPECT_EQ(tile_begins(10, 10, 2), (std::vector<std::int64_t>{0}));
    EXPECT_EQ(tile_begins(7, 10, 2), (std::vector<std::int64_t>{0}));
    EXPECT_EQ(tile_begins(11, 10, 2), (std::vector<std::int64_t>{0, 1}));
    EXPECT_EQ(tile_begins(26, 10, 2), (std::vector<std::int64_t>{0, 8, 16}));
}

TEST(VaeTiles, OfALayerThatLooksAtNoNeighbourGiveWhatTheWholeGives) {
    tensor::Ops ops = testing::reference_ops();
    const Tensor x = random_latents(ops, {1, 13, 9, 3});
    const auto layer = [&](const Tensor& part) {
        return ops.upsample_nearest(part, 2 * part.shape()[1], 2 * part.shape()[2]);
    };
    const Tensor whole = layer(x);
    const Tensor tiled = in_tiles(ops, x, 5, 2, layer);
    ASSERT_EQ(tiled.shape(), whole.shape());
    for (std::int64_t i = 0; i < whole.elements(); ++i)
        ASSERT_NEAR(tiled.span()[i], whole.span()[i], 1e-6) << i;
}

double psnr(const Tensor& a, const Tensor& b) {
    double square = 0;
    for (std::int64_t i = 0; i < a.elements(); ++i) square += std::pow(a.span()[i] - b.span()[i], 2);
    return 10 * std::log10(4 / (square / static_cast<double>(a.elements())));
}

double relative_error(const Tensor& expected, const Tensor& got) {
    double error = 0, size = 0;
    for (std::int64_t i = 0; i < expected.elements(); ++i) {
        error += std::pow(got.span()[i] - expected.span()[i], 2);
        size += std::pow(expected.span()[i], 2);
    }
    return std::sqrt(error / size);
}

TEST(VaeDecoder, LargeFramesInTilesResembleTheWhole) {
    tensor::Ops ops = testing::reference_ops();
    const auto source = weights::open_weights(small_vae());
    const VaeDecoder decoder = load_decoder(*source, ops, config_of(small_vae()));
    const Tensor latents = random_latents(ops, {2, 12, 10, 4});
    const Tensor whole = decoder.decode({ops}, latents);
    const Tensor tiled = decoder.decode({ops}, latents, {.whole = 100, .tile = 8, .overlap = 4});
    ASSERT_EQ(tiled.shape(), whole.shape());
    // Measured: 36.7 dB. Tiles that were blended at wrong places would give about 5.
    EXPECT_GT(psnr(whole, tiled), 30);
    const Tensor not_large = decoder.decode({ops}, latents, {.whole = 120, .tile = 8, .overlap = 4});
    EXPECT_TRUE(std::equal(whole.span().begin(), whole.span().end(), not_large.span().begin()));
}

TEST(VaeDecoder, WithEightBitsThePictureStaysNearTheReferences) {
    tensor::Ops ops(tensor::cpu_backend(2, nullptr), tensor::Pool::create(tensor::Pool::Kind::memory));
    const auto cases = golden_cases("vae_decode-");
    ASSERT_FALSE(cases.empty());
    for (const fs::path& golden_case : cases) {
        SCOPED_TRACE(golden_case.string());
        const Golden golden = load_golden(golden_case);
        const fs::path folder = golden.model / "vae";
        const auto source = weights::open_weights(folder);
        const VaeConfig config = config_of(folder);
        parity::Numbers latents = golden.at("in.latents");
        for (double& value : latents.values) value /= config.scaling_factor;
        const Tensor input = parity::images_of(ops, latents);
        const Tensor floats = load_decoder(*source, ops, config).decode({ops}, input);
        const Tensor int8 = load_decoder(*source, ops, config, tensor::Precision::int8).decode({ops}, input);
        // Measured: 48.8 to 49.5.
        EXPECT_GT(psnr(floats, int8), 46);
        EXPECT_LT(psnr(floats, int8), 60) << "is it of 8 bits at all?";
    }
}

TEST(VaeDecoder, EndsAttentionAndShortcutsStayInFloats) {
    const auto policy = VaeDecoder::precision_policy(tensor::Precision::int8);
    for (const char* path :
         {"post_quant_conv", "decoder.conv_in", "decoder.conv_out", "decoder.mid_block.attentions.0.to_q",
          "decoder.up_blocks.2.resnets.0.conv_shortcut"})
        EXPECT_EQ(policy(path), tensor::Precision::f32) << path;
    for (const char* path : {"decoder.mid_block.resnets.1.conv2", "decoder.up_blocks.0.upsamplers.0.conv",
                             "decoder.up_blocks.3.resnets.2.conv1"})
        EXPECT_EQ(policy(path), tensor::Precision::int8) << path;
    EXPECT_EQ(VaeDecoder::precision_policy(tensor::Precision::f32)("decoder.up_blocks.0.resnets.0.conv1"),
              tensor::Precision::f32);
}

TEST(VaeEncoder, LargePicturesInTilesResembleTheWhole) {
    tensor::Ops ops = testing::reference_ops();
    const auto source = weights::open_weights(small_vae());
    const VaeEncoder encoder = load_encoder(*source, ops, config_of(small_vae()));
    const Tensor image = random_latents(ops, {1, 96, 80, 3});
    const Tensor whole = encoder.moments({ops}, image);
    const Tensor tiled = encoder.moments({ops}, image, {.whole = 100, .tile = 8, .overlap = 4});
    ASSERT_EQ(tiled.shape(), whole.shape());
    // Moments are no picture: their spread is the measure. Measured: 0.06.
    EXPECT_LT(relative_error(whole, tiled), 0.12);
}

TEST(VaeConfig, WhatIsMissingIsDiffusersDefault) {
    const VaeConfig config = parse_vae_config("{}");
    EXPECT_EQ(config.channels, (std::vector<std::int64_t>{64}));
    EXPECT_EQ(config.scale(), 1);
    EXPECT_EQ(config.scaling_factor, 0.18215);
    EXPECT_TRUE(config.quant_conv);
    EXPECT_EQ(config_of(small_vae()).scale(), 8);
}

TEST(VaeConfig, WhatWeLackOrCannotBeIsNamed) {
    const auto refused = [](std::string_view json, const std::string& part) {
        EXPECT_ERROR(parse_vae_config(json), ErrorCode::unsupported, part);
    };
    refused(R"({"act_fn": "relu"})", "vae/config.json: act_fn = \"relu\" is not supported");
    refused(R"({"shift_factor": 0.1159})", "shift_factor");
    refused(R"({"latents_mean": [0, 0, 0, 0]})", "latents_mean");
    refused(R"({"latents_std": [1, 1, 1, 1]})", "latents_std");
    refused(R"({"mid_block_add_attention": false})", "mid_block_add_attention");
    refused(R"({"down_block_types": ["AttnDownEncoderBlock2D"]})", "down_block_types");
    refused(R"({"up_block_types": ["AttnUpDecoderBlock2D"]})", "up_block_types");
    refused(R"({"_class_name": "AutoencoderKLTemporalDecoder"})", "_class_name");
    refused(R"({"in_channels": 4})", "in_channels");
    refused(R"({"out_channels": 4})", "out_channels");
    refused(R"({"block_out_channels": [1024]})", "block_out_channels");
    EXPECT_ERROR(parse_vae_config(R"({"block_out_channels": [100]})"), ErrorCode::corrupt_data,
                 "norm_num_groups");
    EXPECT_ERROR(parse_vae_config(R"({"block_out_channels": [32, 64]})"), ErrorCode::corrupt_data,
                 "down_block_types");
    EXPECT_ERROR(parse_vae_config(R"({"scaling_factor": 0})"), ErrorCode::corrupt_data, "scaling_factor");
    EXPECT_NO_THROW(parse_vae_config(R"({"shift_factor": null, "latents_mean": null, "act_fn": "silu"})"));
}

}  // namespace
}  // namespace stillreel::models
