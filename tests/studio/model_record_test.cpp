#include "studio/model_record.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel::studio {
namespace {

using testing::ScratchFolder;

class Checksums : public ::testing::Test {
  protected:
    std::string sha256(const fs::path& file) {
        ChecksumCache cache(scratch / "cache");
        const std::string sum = cache.sha256_of(file, CancelFlag());
        cache.save();
        return sum;
    }

    ScratchFolder scratch;
};

TEST_F(Checksums, AreThoseOfTheContentAndFollowIt) {
    const fs::path file = scratch / "unet.safetensors";
    write_file(file, "weights");
    EXPECT_EQ(sha256(file), sha256_hex("weights"));
    write_file(file, "other weights");
    EXPECT_EQ(sha256(file), sha256_hex("other weights"));
}

TEST_F(Checksums, AreRememberedByPathSizeAndTime) {
    const fs::path file = scratch / "unet.safetensors";
    write_file(file, "weights");
    sha256(file);
    const auto changed = fs::last_write_time(file);
    write_file(file, "WEIGHTS");
    fs::last_write_time(file, changed);
    EXPECT_EQ(sha256(file), sha256_hex("weights"));  // not read again
    fs::last_write_time(file, changed + std::chrono::seconds(1));
    EXPECT_EQ(sha256(file), sha256_hex("WEIGHTS"));
}

TEST_F(Checksums, ADamagedCacheIsLikeNone) {
    const fs::path file = scratch / "unet.safetensors";
    write_file(file, "weights");
    for (const char* text : {"", "{", "[1]", R"({"x": 3})", R"({"x": {"bytes": "many"}})"}) {
        write_file(scratch / "cache/checksums.json", text);
        EXPECT_EQ(sha256(file), sha256_hex("weights")) << text;
    }
}

TEST_F(Checksums, OfTheHuggingFaceCacheAreTheNamesOfItsBlobs) {
    const std::string named(64, 'c'), git(40, 'd');
    write_file(scratch / ("blobs/" + named), "weights");
    write_file(scratch / ("blobs/" + git), "{}");
    fs::create_directories(scratch / "snapshots/1");
    fs::create_symlink("../../blobs/" + named, scratch / "snapshots/1/unet.safetensors");
    fs::create_symlink("../../blobs/" + git, scratch / "snapshots/1/config.json");
    EXPECT_EQ(sha256(scratch / "snapshots/1/unet.safetensors"), named);
    EXPECT_EQ(sha256(scratch / "snapshots/1/config.json"), sha256_hex("{}"));
}

TEST_F(Checksums, OfAMissingFileAreNotFound) {
    EXPECT_ERROR(sha256(scratch / "none"), ErrorCode::not_found, "none");
}

TEST_F(Checksums, StopWhenAsked) {
    write_file(scratch / "file", "weights");
    CancelFlag cancel;
    cancel.request();
    ChecksumCache cache("");
    EXPECT_ERROR(cache.sha256_of(scratch / "file", cancel), ErrorCode::cancelled, "");
}

class Record : public ::testing::Test {
  protected:
    Record() {
        write_file(root() / "model_index.json", "{}");
        write_file(root() / "unet/config.json", "{1}");
        write_file(root() / "unet/a.safetensors", "A");
        write_file(root() / "unet/b.safetensors", "B");
        write_file(root() / "unet/model.safetensors.index.json",
                   R"({"weight_map":{"x":"a.safetensors","y":"b.safetensors","z":"a.safetensors"}})");
        write_file(root() / "tokenizer/merges.txt", "m");
        write_file(root() / "README.md", "not of the model");
    }
    fs::path root() const { return scratch / "models/tiny"; }
    ModelRecord record(const std::string& name) const {
        ChecksumCache checksums("");
        return record_of_model(name, root(), {root() / "unet/model.safetensors.index.json"}, checksums,
                               CancelFlag());
    }
    ScratchFolder scratch;
};

TEST_F(Record, HoldsEveryFileOfTheModelAndNoPath) {
    const ModelRecord model = record(root().string() + "/");
    EXPECT_EQ(model.name, "tiny");
    EXPECT_EQ(record("ali-vilab/tiny").name, "tiny");
    std::vector<std::string> names;
    for (const auto& [file, sum] : model.files) names.push_back(file);
    EXPECT_EQ(names, (std::vector<std::string>{"model_index.json", "tokenizer/merges.txt",
                                               "unet/a.safetensors", "unet/b.safetensors", "unet/config.json",
                                               "unet/model.safetensors.index.json"}));
    EXPECT_EQ(model.files.at("unet/b.safetensors"), sha256_hex("B"));
}

TEST_F(Record, NamesTheFirstDifference) {
    const ModelRecord before = record("tiny");
    EXPECT_EQ(difference(before, record("elsewhere")), "");
    write_file(root() / "unet/b.safetensors", "C");
    EXPECT_EQ(difference(before, record("tiny")), "its unet/b.safetensors is another");
    fs::remove(root() / "tokenizer/merges.txt");
    EXPECT_EQ(difference(before, record("tiny")), "it has no tokenizer/merges.txt");
    write_file(root() / "unet/b.safetensors", "B");
    EXPECT_EQ(difference(record("tiny"), before), "it has tokenizer/merges.txt besides");
}

}  // namespace
}  // namespace stillreel::studio
