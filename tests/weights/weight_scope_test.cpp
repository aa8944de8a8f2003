// Walking through a checkpoint by name: what is found under which name, and what is said when it is not.
#include "weights/weight_scope.h"

#include <gtest/gtest.h>

#include "support/key_list.h"
#include "support/scratch.h"
#include "support/stored_weights.h"
#include "support/throws.h"
#include "tensor/meta/meta_backend.h"

namespace stillreel::weights {
namespace {

using tensor::DType;
using tensor::Shape;
using testing::KeyList;
using testing::ScratchFolder;
using testing::StoredWeight;

/// A model of three layers, as models are written: the parts' names are the checkpoint's.
struct Toy {
    explicit Toy(const WeightScope& w) {
        w.take("scale", Shape{4});
        for (int i = 0; i < 2; ++i) {
            const WeightScope block = w / "blocks" / i / "attn";
            block.take("to_q.weight", Shape{4, 4});
            block.take("to_out.0.weight", Shape{4, 4});
        }
    }
};

KeyList toy_keys() {
    return {"toy",
            "{}",
            {{"scale", Shape{4}},
             {"blocks.0.attn.to_q.weight", Shape{4, 4}},
             {"blocks.0.attn.to_out.0.weight", Shape{4, 4}},
             {"blocks.1.attn.to_q.weight", Shape{4, 4}},
             {"blocks.1.attn.to_out.0.weight", Shape{4, 4}}}};
}

void load_toy(const KeyList& keys, const FileHabits& habits = {}) {
    const auto source = testing::weights_of(keys);
    tensor::Ops ops = tensor::meta_ops();
    WeightLoader loader("toy model", *source, ops, habits);
    const Toy toy(loader.root());
    loader.finish();
    EXPECT_EQ(loader.parameters(), 68);
}

void rename(KeyList& keys, const std::string& from, const std::string& to) {
    auto node = keys.shapes.extract(from);
    node.key() = to;
    keys.shapes.insert(std::move(node));
}

TEST(KeyLists, HoldTheirModelsNumbers) {
    const std::map<std::string, std::pair<std::size_t, std::int64_t>> published{
        {"i2vgenxl-unet", {1511, 1420469224}},
        {"i2vgenxl-vae", {248, 83653863}},
        {"clip-vit-h-14-text", {388, 352984064}},
        {"clip-vit-h-14-vision", {520, 632076800}}};
    for (const auto& [name, expected] : published) {
        const KeyList keys = testing::load_key_list(name);
        EXPECT_EQ(keys.shapes.size(), expected.first) << name;
        EXPECT_EQ(keys.elements(), expected.second) << name;
        EXPECT_TRUE(keys.config.starts_with("{")) << name;
    }
}

TEST(WeightScope, AModelThatTakesEveryTensorLoads) { load_toy(toy_keys()); }

TEST(WeightScope, AMissingTensorIsNamed) {
    KeyList keys = toy_keys();
    keys.shapes.erase("blocks.1.attn.to_q.weight");
    EXPECT_ERROR(load_toy(keys), ErrorCode::corrupt_data,
                 "toy: tensor blocks.1.attn.to_q.weight of the toy model is missing (expected shape (4, 4))");
}

TEST(WeightScope, AMisshapenTensorIsNamedWithBothShapes) {
    KeyList keys = toy_keys();
    keys.shapes["blocks.0.attn.to_q.weight"] = Shape{4, 5};
    EXPECT_ERROR(load_toy(keys), ErrorCode::corrupt_data,
                 "tensor blocks.0.attn.to_q.weight of the toy model has shape (4, 5), expected (4, 4)");
    keys.shapes["blocks.0.attn.to_q.weight"] = Shape{1, 4, 4};
    EXPECT_ERROR(load_toy(keys), ErrorCode::corrupt_data, "has shape (1, 4, 4), expected (4, 4)");
}

TEST(WeightScope, TensorsWithoutAPlaceAreNamedAndCounted) {
    KeyList keys = toy_keys();
    keys.shapes["extra.weight"] = Shape{1};
    EXPECT_ERROR(load_toy(keys), ErrorCode::corrupt_data, "has no place for tensor extra.weight:");
    keys.shapes["zest.weight"] = Shape{1};
    EXPECT_ERROR(load_toy(keys), ErrorCode::corrupt_data, "tensor extra.weight and 1 more");
}

TEST(WeightScope, SurplusIsToleratedByItsEndingAlone) {
    constexpr std::string_view surplus[]{"position_ids"};
    const FileHabits habits{{}, surplus, {}};
    KeyList keys = toy_keys();
    keys.shapes["embeddings.position_ids"] = Shape{1, 77};
    load_toy(keys, habits);
    keys.shapes["position_ids.weight"] = Shape{1};
    EXPECT_ERROR(load_toy(keys, habits), ErrorCode::corrupt_data, "position_ids.weight");
}

TEST(WeightScope, AnotherModelsTensorsAreToleratedByTheirBeginning) {
    constexpr std::string_view elsewhere[]{"vision_model."};
    const FileHabits habits{{}, {}, elsewhere};
    KeyList keys = toy_keys();
    keys.shapes["vision_model.scale"] = Shape{4};
    load_toy(keys, habits);
    keys.shapes["a.vision_model.scale"] = Shape{4};
    EXPECT_ERROR(load_toy(keys, habits), ErrorCode::corrupt_data, "a.vision_model.scale");
}

TEST(WeightScope, OlderNamesAreFound) {
    constexpr Rename renames[]{{"to_q", "query"}, {"to_out.0", "proj_attn"}};
    const FileHabits habits{renames, {}, {}};
    KeyList keys = toy_keys();
    rename(keys, "blocks.0.attn.to_q.weight", "blocks.0.attn.query.weight");
    rename(keys, "blocks.1.attn.to_out.0.weight", "blocks.1.attn.proj_attn.weight");
    load_toy(keys, habits);
    EXPECT_ERROR(load_toy(keys), ErrorCode::corrupt_data, "blocks.0.attn.to_q.weight");
}

TEST(WeightScope, SeveralPartsOfANameMayBeOlder) {
    constexpr Rename renames[]{{"attn", "attention"}, {"to_out.0", "proj_attn"}, {"blocks", "layers"}};
    const FileHabits habits{renames, {}, {}};
    KeyList keys = toy_keys();
    rename(keys, "blocks.0.attn.to_out.0.weight", "layers.0.attention.proj_attn.weight");
    rename(keys, "blocks.1.attn.to_out.0.weight", "blocks.1.attn.proj_attn.weight");

    load_toy(keys, habits);
}

TEST(WeightScope, ARenameMeansWholePartsOfAName) {
    constexpr Rename renames[]{{"q", "query"}};
    KeyList keys = toy_keys();
    rename(keys, "blocks.0.attn.to_q.weight", "blocks.0.attn.to_query.weight");
    EXPECT_ERROR(load_toy(keys, {renames, {}, {}}), ErrorCode::corrupt_data, "is missing");
}

TEST(WeightScope, TrailingOnesDoNotCountBothWays) {
    KeyList keys = toy_keys();
    keys.shapes["blocks.0.attn.to_q.weight"] = Shape{4, 4, 1, 1};
    load_toy(keys);

    const KeyList linear = toy_keys();
    const auto linears = testing::weights_of(linear);
    tensor::Ops ops = tensor::meta_ops();
    WeightLoader loader("toy model", *linears, ops);
    const TakenWeight taken = loader.root().take("blocks.0.attn.to_q.weight", Shape{4, 4, 1, 1});
    EXPECT_EQ(taken.data().shape, (Shape{4, 4, 1, 1}));
}

TEST(WeightScope, KnowsWhatIsOptional) {
    constexpr Rename renames[]{{"to_q", "query"}};
    KeyList keys = toy_keys();
    rename(keys, "blocks.0.attn.to_q.weight", "blocks.0.attn.query.weight");
    const auto source = testing::weights_of(keys);
    tensor::Ops ops = tensor::meta_ops();
    WeightLoader loader("toy model", *source, ops, {renames, {}, {}});
    const WeightScope attention = loader.root() / "blocks" / 0 / "attn";
    EXPECT_EQ(attention.path(), "blocks.0.attn");
    EXPECT_TRUE(attention.has("to_q.weight"));
    EXPECT_FALSE(attention.has("to_q.bias"));
    EXPECT_EQ(loader.parameters(), 0);
}

TEST(WeightScope, WholeNumbersAreNoWeights) {
    const ScratchFolder folder;
    const StoredWeight ids{DType::i64, Shape{2}, std::vector<std::byte>(16)};
    testing::write_weights(folder / "a.safetensors", {{"ids", ids}});
    const auto source = open_weight_file(folder / "a.safetensors");
    tensor::Ops ops = tensor::meta_ops();
    WeightLoader loader("toy model", *source, ops);
    EXPECT_ERROR(loader.root().take("ids", Shape{2}), ErrorCode::corrupt_data, "holds i64");
}

TEST(WeightScope, EveryNumberCountsOnceHoweverOftenItIsTaken) {
    const KeyList keys{"toy", "{}", {{"table", Shape{3, 4}}}};
    const auto source = testing::weights_of(keys);
    tensor::Ops ops = tensor::meta_ops();
    WeightLoader loader("toy model", *source, ops);
    loader.root().take("table", Shape{3, 4});
    loader.root().take("table", Shape{3, 4});
    EXPECT_EQ(loader.parameters(), 12);
    loader.finish();
}

}  // namespace
}  // namespace stillreel::weights
