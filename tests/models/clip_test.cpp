#include <gtest/gtest.h>

#include <algorithm>

#include "backends.h"
#include "base/file.h"
#include "models/clip_text.h"
#include "models/clip_vision.h"
#include "parity/layout.h"
#include "support/golden.h"
#include "support/scratch.h"
#include "support/stored_weights.h"
#include "support/throws.h"
#include "weights/weight_source.h"

namespace stillreel::models {
namespace {

using tensor::Tensor;
using testing::backends;
using testing::Golden;
using testing::golden_cases;
using testing::load_golden;
using testing::NamedOps;
using testing::ScratchFolder;
using weights::WeightLoader;

fs::path small_model() { return fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl"; }

std::string config_of(const fs::path& folder) { return read_text_file(folder / "config.json", 1 << 20); }

std::int64_t elements_of(const weights::WeightSource& source, weights::WeightSource& reader) {
    std::int64_t elements = 0;
    for (const std::string& name : source.names()) elements += reader.find(name, {})->shape.elements();
    return elements;
}

template <class Model, class Config>
Model load(WeightLoader& loader, const Config& config) {
    Model model(loader.root(), config);
    loader.finish();
    return model;
}

ClipText load_text(weights::WeightSource& source, tensor::Ops& ops, const ClipTextConfig& config) {
    WeightLoader loader("text encoder", source, ops, ClipText::file_habits());
    return load<ClipText>(loader, config);
}

std::vector<std::int64_t> ids_of(const Golden& golden) {
    const std::vector<double>& ids = golden.at("in.ids").values;
    return {ids.begin(), ids.end()};
}

void expect_text(NamedOps& backend, const fs::path& golden_case) {
    SCOPED_TRACE(backend.name + ", " + golden_case.string());
    const Golden golden = load_golden(golden_case);
    const fs::path folder = golden.model / "text_encoder";
    const auto source = weights::open_weights(folder);
    const ClipText text = load_text(*source, backend.ops, parse_clip_text_config(config_of(folder)));
    const nn::Pass pass{backend.ops};
    const std::vector<std::int64_t> ids = ids_of(golden);

    const std::vector<Tensor> states = text.hidden_states(pass, ids);
    EXPECT_FALSE(golden.has("out.hidden_states." + std::to_string(states.size())));
    for (std::size_t i = 0; i < states.size() && golden.has("out.hidden_states.0"); ++i)
        golden.expect_equal("out.hidden_states." + std::to_string(i), states[i].span());
    golden.expect_equal("out.last_hidden_state", text.encode(pass, ids, 0).span());
    const int clip_skip = golden.about.at("params").at("clip_skip");
    golden.expect_equal("out.penultimate_normed", text.encode(pass, ids, clip_skip).span());
}

TEST(ClipText, EveryLayerGivesTheReferencesNumbers) {
    for (NamedOps& backend : backends())
        for (const fs::path& golden_case : golden_cases("text_encoder-")) expect_text(backend, golden_case);
}

TEST(ClipText, LaterTokensDoNotChangeEarlierOnes) {
    tensor::Ops ops = testing::reference_ops();
    const auto source = weights::random_weights(3);
    ClipTextConfig config{.width = 16, .inner = 32, .layers = 2, .heads = 2, .vocabulary = 50, .context = 6};
    const ClipText text = load_text(*source, ops, config);
    const Tensor one = text.encode({ops}, std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}, 0);
    const Tensor other = text.encode({ops}, std::vector<std::int64_t>{1, 2, 3, 9, 8, 7}, 0);
    for (int i = 0; i < 3 * 16; ++i) EXPECT_EQ(one.span()[i], other.span()[i]) << i;
    EXPECT_NE(one.span()[3 * 16], other.span()[3 * 16]);
}

TEST(ClipText, ATokenizerOfAnotherModelIsNamed) {
    tensor::Ops ops = testing::reference_ops();
    const auto source = weights::random_weights(3);
    ClipTextConfig config{.width = 16, .inner = 32, .layers = 1, .heads = 2, .vocabulary = 50, .context = 2};
    const ClipText text = load_text(*source, ops, config);
    EXPECT_ERROR(text.encode({ops}, std::vector<std::int64_t>{1, 50}, 0), ErrorCode::corrupt_data,
                 "the tokenizer gave id 50, but the text encoder has 50 tokens");
}

TEST(ClipText, NumbersOfPositionsInOlderFilesAreNoSurplus) {
    const ScratchFolder scratch;
    const auto source = weights::open_weights(small_model() / "text_encoder");
    const std::vector<std::int64_t> ids(77, 1);
    const auto bytes = std::as_bytes(std::span(ids));
    const testing::StoredWeight positions{tensor::DType::i64, {1, 77}, {bytes.begin(), bytes.end()}};
    const testing::StoredWeights weights =
        testing::read_weights(small_model() / "text_encoder/model.safetensors");
    const auto write_with_positions = [&](const char* file, const char* name) {
        testing::StoredWeights more = weights;
        more[name] = positions;
        testing::write_weights(scratch / file, more);
    };
    const ClipTextConfig config = parse_clip_text_config(config_of(small_model() / "text_encoder"));
    tensor::Ops ops = testing::reference_ops();

    write_with_positions("older.safetensors", "text_model.embeddings.position_ids");
    const auto older = weights::open_weight_file(scratch / "older.safetensors");
    EXPECT_NO_THROW(load_text(*older, ops, config));

    write_with_positions("strange.safetensors", "text_model.embeddings.strange");
    const auto strange = weights::open_weight_file(scratch / "strange.safetensors");
    EXPECT_ERROR(load_text(*strange, ops, config), ErrorCode::corrupt_data, "text_model.embeddings.strange");
}

TEST(ClipText, StreamedLayersGiveTheSameNumbers) {
    tensor::Ops ops = testing::reference_ops();
    const auto source = weights::open_weights(small_model() / "text_encoder");
    const ClipTextConfig config = parse_clip_text_config(config_of(small_model() / "text_encoder"));
    const ClipText whole = load_text(*source, ops, config);
    const std::uint64_t packed = ops.packed_bytes();
    WeightLoader loader("text encoder", *source, ops, ClipText::file_habits());
    const ClipText streamed(loader.root(), config, weights::Residence::streamed);
    EXPECT_EQ(ops.packed_bytes(), packed) << "nothing but tables is taken before it runs";
    const std::vector<std::int64_t> ids(static_cast<std::size_t>(config.context), 1);
    for (const int clip_skip : {0, 1, 1}) {
        const Tensor expected = whole.encode({ops}, ids, clip_skip),
                     given = streamed.encode({ops}, ids, clip_skip);
        EXPECT_TRUE(std::ranges::equal(given.span(), expected.span())) << clip_skip << " layers skipped";
    }
}

TEST(ClipText, CountsItsParameters) {
    const auto source = weights::open_weights(small_model() / "text_encoder");
    tensor::Ops ops = testing::reference_ops();
    WeightLoader loader("text encoder", *source, ops, ClipText::file_habits());
    load<ClipText>(loader, parse_clip_text_config(config_of(small_model() / "text_encoder")));
    EXPECT_EQ(loader.parameters(), elements_of(*source, *source));
}

TEST(ClipConfig, WhatIsMissingIsTransformersDefault) {
    const ClipTextConfig text = parse_clip_text_config("{}");
    EXPECT_EQ(text.width, 512);
    EXPECT_EQ(text.activation, tensor::Activation::quick_gelu);
    const ClipTextConfig other = parse_clip_text_config(
        R"({"hidden_size": 24, "num_attention_heads": 3, "hidden_act": "gelu", "layer_norm_eps": 1e-6})");
    EXPECT_EQ(other.width, 24);
    EXPECT_EQ(other.heads, 3);
    EXPECT_EQ(other.activation, tensor::Activation::gelu);
    EXPECT_FLOAT_EQ(other.epsilon, 1e-6f);
    const ClipVisionConfig vision = parse_clip_vision_config(R"({"image_size": 56, "patch_size": null})");
    EXPECT_EQ(vision.image_px, 56);
    EXPECT_EQ(vision.patch_px, 32);
    EXPECT_EQ(vision.projection, 512);
}

TEST(ClipConfig, WhatWeLackOrCannotBeIsNamed) {
    EXPECT_ERROR(parse_clip_text_config(R"({"hidden_act": "relu"})"), ErrorCode::unsupported,
                 R"(text_encoder/config.json: hidden_act = "relu" is not supported)");
    EXPECT_ERROR(parse_clip_text_config(R"({"model_type": "t5"})"), ErrorCode::unsupported, "model_type");
    EXPECT_ERROR(parse_clip_text_config(R"({"hidden_size": -3})"), ErrorCode::corrupt_data,
                 "hidden_size is -3, but a whole number above 0 was expected");
    EXPECT_ERROR(parse_clip_text_config(R"({"hidden_size": 100, "num_attention_heads": 3})"),
                 ErrorCode::corrupt_data, "num_attention_heads must divide it");
    EXPECT_ERROR(parse_clip_text_config("[1]"), ErrorCode::corrupt_data, "is not a JSON object");
    EXPECT_ERROR(parse_clip_vision_config(R"({"num_channels": 4})"), ErrorCode::unsupported, "num_channels");
    EXPECT_ERROR(parse_clip_vision_config(R"({"patch_size": "big"})"), ErrorCode::corrupt_data,
                 "patch_size is \"big\"");
}

void expect_picture(NamedOps& backend, const fs::path& golden_case) {
    SCOPED_TRACE(backend.name + ", " + golden_case.string());
    const Golden golden = load_golden(golden_case);
    const fs::path folder = golden.model / "image_encoder";
    const auto source = weights::open_weights(folder);
    WeightLoader loader("image encoder", *source, backend.ops, ClipVision::file_habits());
    const auto vision = load<ClipVision>(loader, parse_clip_vision_config(config_of(folder)));
    EXPECT_EQ(loader.parameters(), elements_of(*source, *source));

    int shown = 0;
    const nn::Tap tap = [&](std::string_view part, const Tensor& output) {
        golden.expect_equal("out." + std::string(part), output.span());
        ++shown;
    };
    const Tensor pixels = parity::images_of(backend.ops, golden.at("in.pixels"));
    golden.expect_equal("out.image_embeds", vision({backend.ops, 1, {}, tap}, pixels).span());
    EXPECT_EQ(shown, 4);
    const ClipVision streamed(loader.root(), parse_clip_vision_config(config_of(folder)),
                              weights::Residence::streamed);
    golden.expect_equal("out.image_embeds", streamed({backend.ops}, pixels).span());
}

TEST(ClipVision, EveryPartGivesTheReferencesNumbers) {
    for (NamedOps& backend : backends())
        for (const fs::path& golden_case : golden_cases("image_encoder-"))
            expect_picture(backend, golden_case);
}

}  // namespace
}  // namespace stillreel::models
