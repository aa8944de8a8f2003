// Which files of a component's folder are its weights.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/scratch.h"
#include "support/stored_weights.h"
#include "support/throws.h"
#include "weights/weight_source.h"

namespace stillreel::weights {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tensor::Shape;
using testing::ScratchFolder;
using testing::StoredWeight;
using testing::StoredWeights;

StoredWeights one(const std::string& name, float number) {
    return {{name, StoredWeight::of(Shape{1}, std::vector<float>{number})}};
}

float number_of(WeightSource& source, const std::string& name) {
    float number = 0;
    tensor::read_floats(source.find(name, Shape{1}).value(), 0, {&number, 1});
    return number;
}

void write_text(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

/// Two shards, and an index that says so.
struct Shards : ::testing::Test {
    ScratchFolder folder;
    std::string first = "model-00001-of-00002.safetensors", second = "model-00002-of-00002.safetensors";
    fs::path index = folder / "model.safetensors.index.json";
    json map{{"a", first}, {"b", second}};

    void SetUp() override {
        testing::write_weights(folder / first, one("a", 1));
        testing::write_weights(folder / second, one("b", 2));
    }
    std::unique_ptr<WeightSource> open() {
        write_text(index, json{{"metadata", {{"total_size", 8}}}, {"weight_map", map}}.dump());
        return open_weights(folder.path());
    }
};

TEST(Weights, ThePlainFileIsPreferred) {
    const ScratchFolder folder;
    testing::write_weights(folder / "model.fp16.safetensors", one("a", 16));
    EXPECT_EQ(number_of(*open_weights(folder.path()), "a"), 16);
    testing::write_weights(folder / "model.safetensors", one("a", 32));
    EXPECT_EQ(number_of(*open_weights(folder.path()), "a"), 32);
    EXPECT_EQ(number_of(*open_weights(folder.path(), "fp16"), "a"), 16);
    EXPECT_EQ(open_weights(folder.path(), "fp16")->where(), (folder / "model.fp16.safetensors").string());
    EXPECT_EQ(weight_files(folder.path()), std::vector<fs::path>{folder / "model.safetensors"});
    testing::write_weights(folder / "diffusion_pytorch_model.safetensors", one("a", 64));
    EXPECT_EQ(number_of(*open_weights(folder.path()), "a"), 64);
}

TEST(Weights, AVariantThatIsNotThereIsNotReplaced) {
    const ScratchFolder folder;
    testing::write_weights(folder / "model.safetensors", one("a", 32));
    EXPECT_ERROR(open_weights(folder.path(), "fp16"), ErrorCode::not_found, "model.fp16.safetensors");
}

TEST(Weights, PicklesAreNamedAndNeverOpened) {
    const ScratchFolder folder;
    EXPECT_ERROR(open_weights(folder / "none"), ErrorCode::not_found, "is not a folder");
    EXPECT_ERROR(open_weights(folder.path()), ErrorCode::not_found, "holds no weights: looked for");
    write_text(folder / "diffusion_pytorch_model.bin", "no weights");
    write_text(folder / "old.ckpt", "no weights");
    EXPECT_ERROR(open_weights(folder.path()), ErrorCode::not_found,
                 "only as diffusion_pytorch_model.bin, old.ckpt: such files (pickles) can run any program");
}

TEST_F(Shards, AreOneSource) {
    const auto source = open();
    EXPECT_EQ(source->names(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(number_of(*source, "a"), 1);
    EXPECT_EQ(number_of(*source, "b"), 2);
    source->release("a");
    EXPECT_EQ(number_of(*source, "a"), 1);
    EXPECT_FALSE(source->find("c", Shape{1}));
    EXPECT_EQ(source->where(), index.string());
    EXPECT_EQ(weight_files(folder.path()), (std::vector<fs::path>{index, folder / first, folder / second}));
}

TEST_F(Shards, BothSpellingsOfAVariantsIndexAreKnown) {
    for (const std::string name : {"diffusion_pytorch_model.safetensors.index.fp16.json",
                                   "diffusion_pytorch_model.fp16.safetensors.index.json"}) {
        write_text(folder / name, json{{"weight_map", map}}.dump());
        EXPECT_EQ(number_of(*open_weights(folder.path(), "fp16"), "b"), 2) << name;
        EXPECT_EQ(number_of(*open_weights(folder.path()), "b"), 2) << name;
        fs::remove(folder / name);
    }
}

TEST_F(Shards, AMissingShardIsNamed) {
    fs::remove(folder / second);
    EXPECT_ERROR(open(), ErrorCode::not_found, "its shard " + second + " is missing");
    EXPECT_ERROR(weight_files(folder.path()), ErrorCode::not_found, second);
}

TEST_F(Shards, ATensorThatIsNotInItsShardIsNamed) {
    map["c"] = second;
    EXPECT_ERROR(open(), ErrorCode::corrupt_data, "tensor c is not in " + second);
}

TEST_F(Shards, ATensorInTwoShardsIsNamed) {
    testing::write_weights(folder / second, {{"a", one("a", 3)["a"]}, {"b", one("b", 3)["b"]}});
    EXPECT_ERROR(open(), ErrorCode::corrupt_data, "tensor a is also in");
}

TEST_F(Shards, ATensorThatTheIndexForgotIsListed) {
    testing::write_weights(folder / second, {{"b", one("b", 3)["b"]}, {"c", one("c", 3)["c"]}});
    EXPECT_EQ(open()->names(), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(Shards, NoShardLiesOutsideOfTheFolder) {
    testing::write_weights(folder / "outside.safetensors", one("b", 2));
    fs::create_directories(folder / "inner");
    fs::copy_file(folder / first, folder / "inner" / first);
    for (const std::string& shard :
         {std::string("../outside.safetensors"), (folder / "outside.safetensors").string(), std::string(".."),
          std::string("."), std::string(), std::string("sub/x")}) {
        write_text(folder / "inner/model.safetensors.index.json",
                   json{{"weight_map", {{"a", first}, {"b", shard}}}}.dump());
        EXPECT_THROW(open_weights(folder / "inner"), Error) << shard;
        EXPECT_ERROR(open_weights(folder / "inner"), ErrorCode::corrupt_data,
                     "is not a file name in the same folder");
    }
}

TEST_F(Shards, ADamagedIndexIsNamed) {
    for (const std::string text :
         {"", "{", "[]", "{}", "{\"weight_map\": []}", "{\"weight_map\": {\"a\": 3}}"}) {
        write_text(index, text);
        EXPECT_ERROR(open_weights(folder.path()), ErrorCode::corrupt_data, index.string());
    }
}

TEST_F(Shards, LinksIntoAStoreOfBlobsAreFollowed) {
    fs::create_directories(folder / "blobs");
    fs::rename(folder / first, folder / "blobs/0123");
    fs::create_symlink("blobs/0123", folder / first);
    EXPECT_EQ(number_of(*open(), "a"), 1);
    fs::remove(folder / first);
    fs::create_symlink(first, folder / first);
    EXPECT_ERROR(open(), ErrorCode::not_found, first);
}

}  // namespace
}  // namespace stillreel::weights
