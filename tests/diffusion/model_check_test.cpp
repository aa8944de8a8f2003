// The report on a model folder, over the tiny model with one thing changed at a time.
#include "diffusion/model_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "base/file.h"
#include "diffusion/tower_tensors.h"
#include "support/key_list.h"
#include "support/scratch.h"
#include "support/stored_weights.h"
#include "support/throws.h"

namespace stillreel::diffusion {
namespace {

using stillreel::testing::read_weights;
using stillreel::testing::StoredWeight;
using stillreel::testing::StoredWeights;
using stillreel::testing::write_weights;
using Names = std::vector<std::string>;

class ModelCheck : public ::testing::Test {
  protected:
    ModelCheck() {
        stillreel::testing::copy_model(fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl",
                                       root());
    }
    fs::path root() const { return scratch_ / "model"; }
    fs::path vae_file() const { return root() / "vae/diffusion_pytorch_model.safetensors"; }

    ModelReport check(Sums sums = Sums::no) const { return check_model({root(), "", sums}, {}); }
    static const ComponentReport& part(const ModelReport& report, const std::string& name) {
        const auto found =
            std::find_if(report.components.begin(), report.components.end(),
                         [&](const ComponentReport& component) { return component.name == name; });
        if (found == report.components.end()) throw std::runtime_error("no component " + name);
        return *found;
    }
    void write(const std::string& file, const std::string& text) const {
        std::ofstream(root() / file, std::ios::binary) << text;
    }

    stillreel::testing::ScratchFolder scratch_;
};

TEST_F(ModelCheck, AWholeModelIsFine) {
    const ModelReport report = check();
    EXPECT_TRUE(report.fine());
    EXPECT_EQ(report.class_name, "I2VGenXLPipeline");
    EXPECT_EQ(report.diffusers_version, "0.40.0.dev0");
    ASSERT_EQ(report.components.size(), 7u);
    const ComponentReport& unet = part(report, "unet");
    EXPECT_EQ(unet.class_name, "I2VGenXLUNet");
    EXPECT_EQ(unet.tensors, 1511);
    EXPECT_EQ(unet.dtypes.at("F32"), 1511);
    EXPECT_NE(std::find(unet.facts.begin(), unet.facts.end(),
                        std::pair<std::string, std::string>("layers_per_block", "2")),
              unet.facts.end());
    for (const ComponentReport& component : report.components) EXPECT_TRUE(component.renamed.empty());
}

TEST_F(ModelCheck, NamesEveryTensorThatIsWrong) {
    StoredWeights weights = read_weights(vae_file());
    const float nan = std::numeric_limits<float>::quiet_NaN();
    StoredWeight& bias = weights.at("encoder.conv_in.bias");
    std::vector<float> numbers = bias.floats();
    numbers[1] = nan;
    numbers[2] = -std::numeric_limits<float>::infinity();
    bias = StoredWeight::of(bias.shape, numbers);
    weights.erase("decoder.conv_out.bias");
    weights.erase("encoder.conv_norm_out.weight");
    weights.at("quant_conv.bias") = StoredWeight::of(tensor::Shape{3}, std::vector<float>(3));
    weights["decoder.extra.weight"] = StoredWeight::of(tensor::Shape{2}, std::vector<float>(2));
    write_weights(vae_file(), weights);

    const ModelReport report = check();
    EXPECT_FALSE(report.fine());
    const ComponentReport& vae = part(report, "vae");
    ASSERT_EQ(vae.missing.size(), 2u);
    EXPECT_EQ(vae.missing[0], "decoder.conv_out.bias (3)");
    EXPECT_TRUE(vae.missing[1].starts_with("encoder.conv_norm_out.weight "));
    ASSERT_EQ(vae.misshapen.size(), 1u);
    EXPECT_NE(vae.misshapen[0].find("quant_conv.bias"), std::string::npos) << vae.misshapen[0];
    EXPECT_EQ(vae.surplus, Names{"decoder.extra.weight"});
    ASSERT_EQ(vae.non_finite.size(), 1u);
    EXPECT_TRUE(vae.non_finite[0].starts_with("encoder.conv_in.bias: 2 of ")) << vae.non_finite[0];
    EXPECT_TRUE(part(report, "unet").fine());
}

TEST_F(ModelCheck, OlderNamesAndListedSurplusAreFineAndSaid) {
    StoredWeights weights = read_weights(vae_file());
    StoredWeights older;
    for (auto& [name, weight] : weights) {
        std::string old = name;
        if (const auto at = old.find("mid_block.attentions.0.to_q."); at != std::string::npos)
            old.replace(old.find("to_q"), 4, "query");
        older[old] = std::move(weight);
    }
    write_weights(vae_file(), older);
    const fs::path text_file = root() / "text_encoder/model.safetensors";
    StoredWeights text = read_weights(text_file);
    text["text_model.embeddings.position_ids"] =
        StoredWeight::of(tensor::Shape{1, 77}, std::vector<float>(77));
    write_weights(text_file, text);

    const ModelReport report = check();
    EXPECT_TRUE(report.fine());
    const ComponentReport& vae = part(report, "vae");
    EXPECT_EQ(vae.renamed.size(), 4u);  // weight and bias of both halves
    EXPECT_NE(
        std::find(
            vae.renamed.begin(), vae.renamed.end(),
            "encoder.mid_block.attentions.0.query.weight -> encoder.mid_block.attentions.0.to_q.weight"),
        vae.renamed.end());
    EXPECT_EQ(part(report, "text_encoder").unused, Names{"text_model.embeddings.position_ids"});
}

TEST_F(ModelCheck, MissingFilesAndDamagedConfigsAreProblemsOfTheirComponent) {
    fs::remove(root() / "image_encoder/model.safetensors");
    std::ofstream(root() / "image_encoder/pytorch_model.bin") << "pickle";
    fs::remove(root() / "tokenizer/merges.txt");
    write("vae/config.json", "{ damaged");
    const ModelReport report = check();
    EXPECT_FALSE(report.fine());
    const auto only_problem = [&](const char* name) {
        const ComponentReport& component = part(report, name);
        EXPECT_EQ(component.problems.size(), 1u) << name;
        return component.problems.empty() ? std::string() : component.problems.front();
    };
    EXPECT_NE(only_problem("image_encoder").find("pickles"), std::string::npos);
    EXPECT_NE(only_problem("tokenizer").find("merges.txt"), std::string::npos);
    EXPECT_NE(only_problem("vae").find("vae/config.json"), std::string::npos);
    EXPECT_TRUE(part(report, "unet").fine());
}

TEST_F(ModelCheck, AConfigOfOtherWeightsShowsInTheShapes) {
    std::string config = read_text_file(root() / "unet/config.json", 1 << 16);
    const auto at = config.find("\"cross_attention_dim\": 16");
    ASSERT_NE(at, std::string::npos) << config;
    config.replace(at, 25, "\"cross_attention_dim\": 32");
    write("unet/config.json", config);
    const ModelReport report = check();
    EXPECT_FALSE(part(report, "unet").misshapen.empty());
    ASSERT_EQ(report.problems.size(), 1u);
    EXPECT_NE(report.problems[0].find("do not belong together"), std::string::npos);
}

TEST_F(ModelCheck, SumsTellWhatHasChangedSinceThePull) {
    const std::string sum = sha256_hex_of_file(root() / "vae/config.json");
    write("stillreel.json",
          R"({"repository": "a/b", "revision": "main", "commit": "c", "variant": "", "files": [
        {"path": "vae/config.json", "bytes": 1, "sha256": ")" +
              sum + R"("}, {"path": "unet/config.json", "bytes": 1, "sha256": "0123"}]})");
    EXPECT_TRUE(check().fine());
    const ModelReport report = check(Sums::yes);
    ASSERT_EQ(report.problems.size(), 1u);
    EXPECT_TRUE(report.problems[0].starts_with("unet/config.json is not what was pulled"))
        << report.problems[0];
    const auto file = std::find_if(report.files.begin(), report.files.end(),
                                   [](const FileSum& each) { return each.path == "vae/config.json"; });
    ASSERT_NE(file, report.files.end());
    EXPECT_EQ(file->sha256, sum);
}

TEST_F(ModelCheck, CanBeCancelled) {
    CancelFlag cancel;
    CheckHooks hooks;
    hooks.cancel = &cancel;
    hooks.working = [&](const std::string& what) {
        if (what == "unet") cancel.request();
    };
    EXPECT_ERROR(check_model({root(), "", Sums::no}, hooks), ErrorCode::cancelled, "cancelled");
}

/// Dimensions of 1 at the end are told differently by layers and files, and count as nothing.
std::map<std::string, std::string> as_texts(const std::map<std::string, tensor::Shape>& shapes) {
    std::map<std::string, std::string> texts;
    for (const auto& [name, shape] : shapes) {
        std::string& text = texts[name] = to_string(shape);
        while (text.ends_with(", 1)")) text.replace(text.size() - 4, 4, ")");
    }
    return texts;
}

TEST(TowerTensors, AreThoseOfThePublishedModels) {
    const std::pair<const char*, const char*> towers[] = {
        {"i2vgenxl-unet", "I2VGenXLUNet"},
        {"i2vgenxl-vae", "AutoencoderKL"},
        {"clip-vit-h-14-text", "CLIPTextModel"},
        {"clip-vit-h-14-vision", "CLIPVisionModelWithProjection"}};
    for (const auto& [list, class_name] : towers) {
        const stillreel::testing::KeyList keys = stillreel::testing::load_key_list(list);
        EXPECT_EQ(as_texts(tower_tensors(class_name, keys.config).shapes), as_texts(keys.shapes)) << list;
    }
    EXPECT_ERROR(tower_tensors("UNet2DConditionModel", "{}"), ErrorCode::unsupported, "UNet2DConditionModel");
}

}  // namespace
}  // namespace stillreel::diffusion
