// Finding and opening pipelines on disk.
#include "weights/model_folder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <optional>

#include "support/scratch.h"
#include "support/stored_weights.h"
#include "support/throws.h"
#include "weights/weight_source.h"

namespace stillreel::weights {
namespace {

namespace fs = std::filesystem;
using testing::copy_model;
using testing::ScratchFolder;

fs::path tiny_model() { return fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl"; }

void write_text(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

/// Environment variables for the length of a test; nullopt unsets.
class Environment {
  public:
    explicit Environment(const std::map<std::string, std::optional<std::string>>& values) {
        for (const auto& [name, value] : values) {
            const char* before = std::getenv(name.c_str());
            before_[name] = before ? std::optional<std::string>(before) : std::nullopt;
            set(name, value);
        }
    }
    ~Environment() {
        for (const auto& [name, value] : before_) set(name, value);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

  private:
    static void set(const std::string& name, const std::optional<std::string>& value) {
        if (value)
            setenv(name.c_str(), value->c_str(), 1);
        else
            unsetenv(name.c_str());
    }
    std::map<std::string, std::optional<std::string>> before_;
};

/// A home and a Hugging Face cache of its own.
struct FindModel : ::testing::Test {
    ScratchFolder folder;
    fs::path home = folder / "home";
    fs::path cache = folder / "cache";
    fs::path repository = cache / "models--ali-vilab--i2vgen-xl";
    Environment environment{{{"STILLREEL_HOME", home.string()}, {"HF_HUB_CACHE", cache.string()}}};

    /// The tiny model as the Hugging Face library stores one: links into a folder of blobs.
    fs::path add_snapshot(const std::string& commit) {
        const fs::path snapshot = repository / "snapshots" / commit;
        int blob = 0;
        for (const auto& entry : fs::recursive_directory_iterator(tiny_model())) {
            if (!entry.is_regular_file()) continue;
            const fs::path link = snapshot / fs::relative(entry.path(), tiny_model());
            const fs::path stored = repository / "blobs" / (commit + std::to_string(blob++));
            fs::create_directories(link.parent_path());
            fs::create_directories(stored.parent_path());
            fs::copy_file(entry.path(), stored);
            fs::create_symlink(fs::relative(stored, link.parent_path()), link);
        }
        return snapshot;
    }
};

TEST(ModelFolder, TheTinyModelOpensWithItsComponents) {
    const ModelFolder model = open_model_folder(tiny_model());
    EXPECT_EQ(model.class_name, "I2VGenXLPipeline");
    EXPECT_EQ(model.components.size(), 7u);
    EXPECT_EQ(model.at("unet").class_name, "I2VGenXLUNet");
    EXPECT_EQ(model.at("text_encoder").library, "transformers");
    EXPECT_NE(read_config(model.at("unet")).find("cross_attention_dim"), std::string::npos);
    EXPECT_EQ(open_weights(model.at("unet").folder)->names().size(), 1511u);
    EXPECT_TRUE(missing_parts(model).empty());
    EXPECT_ERROR(model.at("controlnet"), ErrorCode::not_found, "names no component controlnet");
}

TEST(ModelFolder, AFolderOfSomethingElseIsSaidToBeNone) {
    const ScratchFolder folder;
    EXPECT_ERROR(open_model_folder(folder.path()), ErrorCode::not_found, "holds no model_index.json");
    EXPECT_ERROR(open_model_folder(folder / "none"), ErrorCode::not_found, "is no folder");
}

TEST(ModelFolder, ADamagedIndexIsNamed) {
    const ScratchFolder folder;
    const fs::path index = folder / "model_index.json";
    for (const char* text :
         {"", "{", "[]", "\"unet\"", "{\"unet\": [\"diffusers\", \"UNet\"]}", "{\"_class_name\": 3}"}) {
        write_text(index, text);
        EXPECT_ERROR(open_model_folder(folder.path()), ErrorCode::corrupt_data, index.string());
    }
    write_text(index, R"({"_class_name": "P", "../unet": ["diffusers", "UNet"]})");
    EXPECT_ERROR(open_model_folder(folder.path()), ErrorCode::corrupt_data, "../unet");
    write_text(index, std::string(2'000'000, ' '));
    EXPECT_ERROR(open_model_folder(folder.path()), ErrorCode::corrupt_data, index.string());
}

TEST(ModelFolder, EntriesWithoutAClassAreNoComponents) {
    const ScratchFolder folder;
    write_text(
        folder / "model_index.json",
        R"({"_class_name": "P", "safety_checker": [null, null], "force_zeros": true, "vae": ["d", "V"]})");
    const ModelFolder model = open_model_folder(folder.path());
    EXPECT_EQ(model.components.size(), 1u);
    EXPECT_EQ(model.at("vae").folder, folder / "vae");
}

TEST(ModelFolder, ADamagedConfigIsNamed) {
    const ScratchFolder folder;
    const Component component{"unet", "diffusers", "UNet", folder.path()};
    EXPECT_ERROR(read_config(component), ErrorCode::not_found, (folder / "config.json").string());
    write_text(folder / "config.json", "{\"a\": ");
    EXPECT_ERROR(read_config(component), ErrorCode::corrupt_data, (folder / "config.json").string());
    write_text(folder / "merges.txt", "a b\n");
    EXPECT_EQ(read_config(component, "merges.txt"), "a b\n");
}

TEST(ModelFolder, EveryMissingPartIsNamed) {
    const ScratchFolder folder;
    const fs::path root = folder / "model";
    copy_model(tiny_model(), root);
    fs::remove(root / "tokenizer/merges.txt");
    fs::remove(root / "scheduler/scheduler_config.json");
    fs::remove(root / "vae/config.json");
    fs::remove(root / "unet/diffusion_pytorch_model.safetensors");
    fs::remove_all(root / "image_encoder");
    const std::vector<std::string> missing = missing_parts(open_model_folder(root));
    ASSERT_EQ(missing.size(), 5u);
    EXPECT_EQ(missing[0], "the folder image_encoder is missing");
    EXPECT_EQ(missing[1], "scheduler lacks scheduler_config.json");
    EXPECT_EQ(missing[2], "tokenizer lacks merges.txt");
    EXPECT_NE(missing[3].find("unet holds no weights"), std::string::npos) << missing[3];
    EXPECT_EQ(missing[4], "vae lacks config.json");
}

TEST_F(FindModel, APathIsTakenAsItIs) {
    EXPECT_EQ(find_model(tiny_model().string()), tiny_model());
    // A folder that is no model is for its opener to explain.
    EXPECT_EQ(find_model(folder.path().string()), folder.path());
}

TEST_F(FindModel, ItsHomeIsSearchedByFullAndShortName) {
    copy_model(tiny_model(),
               (fs::create_directories(home / "models/ali-vilab"), home / "models/ali-vilab/i2vgen-xl"));
    const fs::path expected = home / "models/ali-vilab/i2vgen-xl";
    EXPECT_EQ(find_model("ali-vilab/i2vgen-xl"), expected);
    EXPECT_EQ(find_model("i2vgen-xl"), expected);
    EXPECT_ERROR(find_model("other/i2vgen-xl"), ErrorCode::not_found, "models pull other/i2vgen-xl");

    copy_model(tiny_model(), home / "models/mine");
    EXPECT_EQ(find_model("mine"), home / "models/mine");
    const auto installed = installed_models();
    ASSERT_EQ(installed.size(), 2u);
    EXPECT_EQ(installed[0].name, "ali-vilab/i2vgen-xl");
    EXPECT_EQ(installed[1].name, "mine");
    EXPECT_FALSE(installed[1].in_hugging_face_cache);
}

TEST_F(FindModel, TheSnapshotOfMainIsUsedInPlace) {
    const fs::path main = add_snapshot("aaaa"), other = add_snapshot("bbbb");
    fs::last_write_time(main, fs::file_time_type::clock::now() - std::chrono::hours(1));
    write_text(repository / "refs/main", "aaaa");
    EXPECT_EQ(find_model("i2vgen-xl"), main);
    EXPECT_EQ(open_weights(find_model("ali-vilab/i2vgen-xl") / "vae")->names().size(), 244u);
    const auto installed = installed_models();
    ASSERT_EQ(installed.size(), 1u);
    EXPECT_EQ(installed[0].name, "ali-vilab/i2vgen-xl");
    EXPECT_EQ(installed[0].root, main);
    EXPECT_TRUE(installed[0].in_hugging_face_cache);

    fs::remove(repository / "refs/main");
    EXPECT_EQ(find_model("i2vgen-xl"), other);
}

TEST_F(FindModel, ADownloadUnderWayIsNoModel) {
    const fs::path snapshot = add_snapshot("aaaa");
    write_text(repository / "refs/main", "aaaa");
    const fs::path weights = snapshot / "unet/diffusion_pytorch_model.safetensors";
    const fs::path blob = fs::canonical(weights);
    // The link is there already, or not yet: its file ends in .incomplete until it is whole.
    fs::rename(blob, blob.string() + ".incomplete");
    EXPECT_ERROR(find_model("i2vgen-xl"), ErrorCode::not_found, "unet holds no weights");
    EXPECT_TRUE(installed_models().empty());
    fs::remove(weights);
    EXPECT_ERROR(find_model("i2vgen-xl"), ErrorCode::not_found, "unet holds no weights");

    const fs::path older = add_snapshot("0000");
    EXPECT_EQ(find_model("i2vgen-xl"), older);
}

TEST_F(FindModel, WhatIsMissingFromADownloadIsSaid) {
    copy_model(tiny_model(), (fs::create_directories(home / "models"), home / "models/i2vgen-xl"));
    fs::remove(home / "models/i2vgen-xl/tokenizer/vocab.json");
    EXPECT_ERROR(find_model("i2vgen-xl"), ErrorCode::not_found, "tokenizer lacks vocab.json");
    EXPECT_ERROR(find_model("i2vgen-xl"), ErrorCode::not_found, "models pull ali-vilab/i2vgen-xl");
    EXPECT_TRUE(installed_models().empty());
    fs::rename(home / "models/i2vgen-xl", home / "models/i2vgen-xl.part");
    EXPECT_ERROR(find_model("i2vgen-xl.part"), ErrorCode::not_found, "no model i2vgen-xl.part is installed");
}

TEST_F(FindModel, LinksThatLeadInCirclesEndTheSearch) {
    fs::create_directories(home / "models/a");
    fs::create_directory_symlink(home / "models", home / "models/a/b");
    fs::create_symlink("loop", home / "models/loop");
    fs::create_directories(repository);
    fs::create_directory_symlink(repository, repository / "snapshots");
    fs::create_directories(repository / "refs");
    fs::create_symlink("main", repository / "refs/main");
    EXPECT_TRUE(installed_models().empty());
    EXPECT_ERROR(find_model("i2vgen-xl"), ErrorCode::not_found, "no model i2vgen-xl is installed");

    const fs::path model = home / "models/looped";
    copy_model(tiny_model(), model);
    fs::remove(model / "unet/diffusion_pytorch_model.safetensors");
    fs::create_symlink("diffusion_pytorch_model.safetensors",
                       model / "unet/diffusion_pytorch_model.safetensors");
    EXPECT_ERROR(find_model("looped"), ErrorCode::not_found, "unet holds no weights");
}

TEST_F(FindModel, TheCacheLiesWhereItsLibraryPutsIt) {
    const fs::path main = add_snapshot("aaaa");
    const Environment moved{{{"HF_HUB_CACHE", std::nullopt}, {"HF_HOME", (folder / "hf").string()}}};
    EXPECT_ERROR(find_model("i2vgen-xl"), ErrorCode::not_found, (folder / "hf/hub").string());
    fs::create_directories(folder / "hf");
    fs::rename(cache, folder / "hf/hub");
    EXPECT_EQ(find_model("i2vgen-xl"), folder / "hf/hub/models--ali-vilab--i2vgen-xl/snapshots/aaaa");

    const Environment user{
        {{"HF_HOME", std::nullopt}, {"XDG_CACHE_HOME", std::nullopt}, {"HOME", folder.path().string()}}};
    fs::create_directories(folder / ".cache/huggingface");
    fs::rename(folder / "hf/hub", folder / ".cache/huggingface/hub");
    EXPECT_EQ(find_model("i2vgen-xl"),
              folder / ".cache/huggingface/hub/models--ali-vilab--i2vgen-xl/snapshots/aaaa");
}

}  // namespace
}  // namespace stillreel::weights
