#include "weights/hub_listing.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/throws.h"

namespace stillreel::weights {
namespace {

constexpr const char* kIndex = R"({
  "_class_name": "I2VGenXLPipeline", "_diffusers_version": "0.24.0.dev0",
  "feature_extractor": ["transformers", "CLIPImageProcessor"],
  "image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
  "scheduler": ["diffusers", "DDIMScheduler"], "safety_checker": [null, null],
  "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
  "unet": ["diffusers", "I2VGenXLUNet"], "vae": ["diffusers", "AutoencoderKL"]})";

HubListing listing_of(const std::vector<std::string>& paths) {
    HubListing listing{"ali-vilab/i2vgen-xl", "c0ffee", {}};
    for (const std::string& path : paths) listing.files.push_back({path, 10, "", "0"});
    return listing;
}

std::vector<std::string> chosen(const HubListing& listing, const std::string& variant) {
    std::vector<std::string> paths;
    for (const HubFile& file : choose_files(listing, kIndex, variant).files) paths.push_back(file.path);
    return paths;
}

const std::vector<std::string> kPublished = {".gitattributes",
                                             "README.md",
                                             "model_index.json",
                                             "configs/t2v.yaml",
                                             "i2vgen_xl_00854500.pth",
                                             "feature_extractor/preprocessor_config.json",
                                             "image_encoder/config.json",
                                             "image_encoder/model.fp16.safetensors",
                                             "image_encoder/model.safetensors",
                                             "image_encoder/pytorch_model.bin",
                                             "scheduler/scheduler_config.json",
                                             "text_encoder/config.json",
                                             "text_encoder/model.fp16.safetensors",
                                             "text_encoder/model.safetensors",
                                             "tokenizer/merges.txt",
                                             "tokenizer/special_tokens_map.json",
                                             "tokenizer/tokenizer.json",
                                             "tokenizer/tokenizer_config.json",
                                             "tokenizer/vocab.json",
                                             "unet/config.json",
                                             "unet/diffusion_pytorch_model.fp16.safetensors",
                                             "unet/diffusion_pytorch_model.safetensors",
                                             "vae/config.json",
                                             "vae/diffusion_pytorch_model.fp16.safetensors",
                                             "vae/diffusion_pytorch_model.safetensors"};

TEST(HubListing, ChoosesConfigsTokenizerAndPlainWeights) {
    const std::vector<std::string> expected = {"feature_extractor/preprocessor_config.json",
                                               "image_encoder/config.json",
                                               "image_encoder/model.safetensors",
                                               "model_index.json",
                                               "scheduler/scheduler_config.json",
                                               "text_encoder/config.json",
                                               "text_encoder/model.safetensors",
                                               "tokenizer/merges.txt",
                                               "tokenizer/special_tokens_map.json",
                                               "tokenizer/tokenizer_config.json",
                                               "tokenizer/vocab.json",
                                               "unet/config.json",
                                               "unet/diffusion_pytorch_model.safetensors",
                                               "vae/config.json",
                                               "vae/diffusion_pytorch_model.safetensors"};
    EXPECT_EQ(chosen(listing_of(kPublished), ""), expected);
}

TEST(HubListing, ChoosesTheVariantInstead) {
    const auto paths = chosen(listing_of(kPublished), "fp16");
    EXPECT_EQ(std::count_if(paths.begin(), paths.end(),
                            [](const auto& path) { return path.ends_with(".fp16.safetensors"); }),
              4);
    EXPECT_EQ(paths.size(), 15u);
}

TEST(HubListing, TakesTheOtherVariantWhereOneIsMissingAndSaysSo) {
    std::vector<std::string> paths = kPublished;
    std::erase(paths, "vae/diffusion_pytorch_model.fp16.safetensors");
    std::erase(paths, "unet/diffusion_pytorch_model.safetensors");
    const Choice halves = choose_files(listing_of(paths), kIndex, "fp16");
    EXPECT_EQ(halves.notes, std::vector<std::string>{"vae is there only without the variant fp16"});
    const Choice plain = choose_files(listing_of(paths), kIndex, "");
    EXPECT_EQ(plain.notes, std::vector<std::string>{"unet is there only as the variant fp16"});
}

TEST(HubListing, TakesAllShardsAndTheirIndexOnly) {
    std::vector<std::string> paths = kPublished;
    std::erase(paths, "unet/diffusion_pytorch_model.safetensors");
    std::erase(paths, "unet/diffusion_pytorch_model.fp16.safetensors");
    const std::vector<std::string> plain = {"unet/diffusion_pytorch_model-00001-of-00002.safetensors",
                                            "unet/diffusion_pytorch_model-00002-of-00002.safetensors",
                                            "unet/diffusion_pytorch_model.safetensors.index.json"};
    const std::vector<std::string> halves = {"unet/diffusion_pytorch_model.fp16-00001-of-00001.safetensors",
                                             "unet/diffusion_pytorch_model.fp16.safetensors.index.json"};
    paths.insert(paths.end(), plain.begin(), plain.end());
    paths.insert(paths.end(), halves.begin(), halves.end());
    const auto has = [](const std::vector<std::string>& all, const std::string& path) {
        return std::find(all.begin(), all.end(), path) != all.end();
    };
    const auto taken = chosen(listing_of(paths), "");
    for (const std::string& path : plain) EXPECT_TRUE(has(taken, path)) << path;
    for (const std::string& path : halves) EXPECT_FALSE(has(taken, path)) << path;
    const auto taken_halves = chosen(listing_of(paths), "fp16");
    for (const std::string& path : plain) EXPECT_FALSE(has(taken_halves, path)) << path;
    for (const std::string& path : halves) EXPECT_TRUE(has(taken_halves, path)) << path;
}

TEST(HubListing, PicklesAreNeverChosen) {
    std::vector<std::string> paths = kPublished;
    std::erase(paths, "image_encoder/model.safetensors");
    std::erase(paths, "image_encoder/model.fp16.safetensors");
    EXPECT_ERROR(choose_files(listing_of(paths), kIndex, ""), ErrorCode::unsupported,
                 "image_encoder are there as a pickle");
    std::erase(paths, "image_encoder/pytorch_model.bin");
    EXPECT_ERROR(choose_files(listing_of(paths), kIndex, ""), ErrorCode::not_found, "image_encoder");
}

TEST(HubListing, RefusesOtherPipelines) {
    EXPECT_ERROR(choose_files(listing_of(kPublished), R"({"_class_name": "StableDiffusionPipeline"})", ""),
                 ErrorCode::unsupported, "StableDiffusionPipeline");
    for (const char* text :
         {"[]", "3", "null", "{}", R"({"_class_name": 3})", R"({"unet": "x", "vae": [1, 2]})"})
        EXPECT_ERROR(choose_files(listing_of(kPublished), text, ""), ErrorCode::corrupt_data,
                     "model_index.json");
    EXPECT_ERROR(choose_files(listing_of(kPublished), "not json", ""), ErrorCode::corrupt_data,
                 "model_index.json");
}

TEST(HubListing, LargeFilesHaveTheSizeAndSumOfTheirContent) {
    const HubListing listing = parse_hub_listing(
        R"({"sha": "abc", "siblings": [
          {"rfilename": "unet/config.json", "size": 12, "blobId": "b1"},
          {"rfilename": "unet/w.safetensors", "size": 134, "blobId": "b2",
           "lfs": {"sha256": "s2", "size": 5000000000, "pointerSize": 134}}]})",
        "a/b");
    EXPECT_EQ(listing.commit, "abc");
    ASSERT_EQ(listing.files.size(), 2u);
    EXPECT_EQ(listing.files[0].git_sha1, "b1");
    EXPECT_EQ(listing.files[0].bytes, 12u);
    EXPECT_EQ(listing.files[1].sha256, "s2");
    EXPECT_EQ(listing.files[1].git_sha1, "");
    EXPECT_EQ(listing.files[1].bytes, 5000000000u);
}

TEST(HubListing, DropsNamesThatLeadElsewhere) {
    const HubListing listing = parse_hub_listing(
        R"({"siblings": [{"rfilename": "../evil", "size": 1}, {"rfilename": "/etc/passwd", "size": 1},
          {"rfilename": "unet/../../evil", "size": 1}, {"rfilename": "a\\b", "size": 1}, {"rfilename": "", "size": 1},
          {"rfilename": "unet//x", "size": 1}, {"rfilename": "a\u0007", "size": 1}, {"rfilename": "fine/x", "size": 1}]})",
        "a/b");
    ASSERT_EQ(listing.files.size(), 1u);
    EXPECT_EQ(listing.files[0].path, "fine/x");
}

TEST(HubListing, RefusesAnAnswerOfAnotherForm) {
    for (const char* text :
         {"", "<html>", "[]", "{}", R"({"siblings": 3})", R"({"siblings": [{"rfilename": "a"}]})",
          R"({"siblings": [{"rfilename": "a", "size": "many"}]})"})
        EXPECT_ERROR(parse_hub_listing(text, "a/b"), ErrorCode::corrupt_data, "HF_ENDPOINT");
}

}  // namespace
}  // namespace stillreel::weights
