// Folders that are not what they should be: one sentence each, before anything is loaded.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/tiny_clips.h"
#include "support/scratch.h"
#include "support/stored_weights.h"
#include "support/throws.h"

namespace stillreel {
namespace {

using nlohmann::json;
using testing::ScratchFolder;

/// A copy of the tiny model to damage.
class Copied {
  public:
    Copied() { testing::copy_model(testing::tiny_root(), root()); }
    fs::path root() const { return scratch_ / "model"; }
    fs::path operator/(const std::string& file) const { return root() / file; }

    void change(const std::string& file, const std::function<void(json&)>& edit) const {
        const fs::path path = root() / file;
        json parsed = json::parse(read_text_file(path, 1 << 20));
        edit(parsed);
        std::ofstream(path) << parsed.dump();
    }
    void open(const std::string& variant = "") const {
        diffusion::I2VGenPipeline::open(weights::open_model_folder(root()), {1, {}, variant});
    }

  private:
    ScratchFolder scratch_;
};

TEST(OpenPipeline, TakesAWholeFolder) { EXPECT_NO_THROW(Copied().open()); }

TEST(OpenPipeline, NamesAClassThatItDoesNotKnow) {
    const Copied pipeline;
    pipeline.change("model_index.json", [](json& j) { j["_class_name"] = "AnimateDiffPipeline"; });
    EXPECT_ERROR(pipeline.open(), ErrorCode::unsupported, "AnimateDiffPipeline");
    const Copied unet;
    unet.change("model_index.json", [](json& j) { j["unet"] = {"diffusers", "UNet3DConditionModel"}; });
    EXPECT_ERROR(unet.open(), ErrorCode::unsupported, "unet is of class UNet3DConditionModel");
    const Copied block;
    block.change("unet/config.json", [](json& j) { j["down_block_types"][0] = "FancyBlock3D"; });
    EXPECT_ERROR(block.open(), ErrorCode::unsupported, "FancyBlock3D");
}

TEST(OpenPipeline, TakesAnySchedulerButNotAnyPrediction) {
    const Copied other;
    other.change("model_index.json", [](json& j) { j["scheduler"] = {"diffusers", "PNDMScheduler"}; });
    EXPECT_NO_THROW(other.open());
}

TEST(OpenPipeline, NamesTheFileThatIsMissing) {
    for (const char* file :
         {"unet/config.json", "vae/config.json", "text_encoder/config.json", "image_encoder/config.json",
          "scheduler/scheduler_config.json", "feature_extractor/preprocessor_config.json",
          "tokenizer/vocab.json", "tokenizer/merges.txt"}) {
        const Copied model;
        fs::remove(model / file);
        EXPECT_ERROR(model.open(), ErrorCode::not_found, fs::path(file).filename().string());
    }
    const Copied no_tokenizer;
    fs::remove_all(no_tokenizer / "tokenizer");
    EXPECT_ERROR(no_tokenizer.open(), ErrorCode::not_found, "tokenizer");
    const Copied no_component;
    no_component.change("model_index.json", [](json& j) { j.erase("vae"); });
    EXPECT_ERROR(no_component.open(), ErrorCode::not_found, "vae");
}

TEST(OpenPipeline, NamesMissingWeightsAndThePicklesThatItDoesNotOpen) {
    for (const char* file :
         {"unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors",
          "text_encoder/model.safetensors", "image_encoder/model.safetensors"}) {
        const Copied model;
        fs::remove(model / file);
        EXPECT_ERROR(model.open(), ErrorCode::not_found, fs::path(file).filename().string());
    }
    const Copied pickle;
    fs::rename(pickle / "unet/diffusion_pytorch_model.safetensors",
               pickle / "unet/diffusion_pytorch_model.bin");
    EXPECT_ERROR(pickle.open(), ErrorCode::not_found, "diffusion_pytorch_model.bin");
    EXPECT_ERROR(Copied().open("fp16"), ErrorCode::not_found, "fp16");
}

TEST(OpenPipeline, FindsDamagedAndMisshapenWeightsWithoutLoadingThem) {
    const Copied truncated;
    const fs::path unet = truncated / "unet/diffusion_pytorch_model.safetensors";
    fs::resize_file(unet, fs::file_size(unet) / 2);
    EXPECT_ERROR(truncated.open(), ErrorCode::corrupt_data, "diffusion_pytorch_model.safetensors");
    const Copied wide;
    wide.change("unet/config.json", [](json& j) { j["block_out_channels"][0] = 16; });
    EXPECT_ERROR(wide.open(), ErrorCode::corrupt_data, "shape");
    const Copied shallow;
    shallow.change("image_encoder/config.json", [](json& j) { j["num_hidden_layers"] = 1; });
    EXPECT_ERROR(shallow.open(), ErrorCode::corrupt_data, "no place for tensor");
}

TEST(OpenPipeline, TellsConfigsThatDoNotBelongTogether) {
    const Copied text;
    text.change("unet/config.json", [](json& j) { j["cross_attention_dim"] = 20; });
    EXPECT_ERROR(text.open(), ErrorCode::corrupt_data, "do not belong together");
    const Copied crop;
    crop.change("feature_extractor/preprocessor_config.json", [](json& j) {
        j["crop_size"] = {{"width", 56}, {"height", 56}};
    });
    EXPECT_ERROR(crop.open(), ErrorCode::corrupt_data, "crop width is 56");
}

TEST(OpenPipeline, AVariantOfSomeComponentsIsEnough) {
    const Copied model;
    fs::copy(model / "unet/diffusion_pytorch_model.safetensors",
             model / "unet/diffusion_pytorch_model.fp16.safetensors");
    EXPECT_NO_THROW(model.open("fp16"));
}

TEST(OpenPipeline, ATokenizerWithMoreTokensThanTheTextEncoderIsFoundOut) {
    const Copied model;
    model.change("tokenizer/vocab.json", [](json& j) {
        for (auto& [token, id] : j.items())
            if (id.get<int>() > 256) id = id.get<int>() + 100000;
    });
    auto pipeline = diffusion::I2VGenPipeline::open(weights::open_model_folder(model.root()), {1, {}, ""});
    EXPECT_ERROR(pipeline.denoise(testing::tiny_request(), {}), ErrorCode::corrupt_data, "tokenizer");
}

}  // namespace
}  // namespace stillreel
