#include "diffusion/image_preparation.h"

#include <gtest/gtest.h>

#include "diffusion/latent_layout.h"
#include "diffusion/latent_preview.h"
#include "parity/layout.h"
#include "support/golden.h"
#include "support/throws.h"

namespace stillreel::diffusion {
namespace {

using image::Image;
using parity::picture_of;
using testing::Golden;

void expect_bytes(const Golden& golden, const std::string& tensor, const Image& got) {
    const Image expected = picture_of(golden.at(tensor));
    EXPECT_EQ(got.size(), expected.size()) << tensor;
    EXPECT_TRUE(got.pixels == expected.pixels) << tensor;
}

/// The bytes before these are equal, so the limit of that path counts.
void expect_pixels(const Golden& golden, const std::string& tensor, const std::vector<float>& got) {
    const std::vector<double>& expected = golden.at(tensor).values;
    const std::vector<float> ours = channels_first(got, 1, 3);
    ASSERT_EQ(ours.size(), expected.size());
    const double limit = golden.about.at("tolerance").at(tensor).at("exact_path_atol");
    for (std::size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], expected[i], limit) << tensor << i;
}

TEST(ImagePreparation, EveryByteIsTheReferences) {
    int compared = 0;
    for (const auto& path : testing::golden_cases("image_preprocess-")) {
        SCOPED_TRACE(path.string());
        const Golden golden = testing::load_golden(path);
        const auto& params = golden.about.at("params");
        ClipPreprocessing preprocessing;
        preprocessing.size = {params.at("clip_size"), params.at("clip_size")};
        preprocessing.mean = params.at("image_mean");
        preprocessing.deviation = params.at("image_std");
        const PreparedPicture prepared = prepare_picture(
            picture_of(golden.at("in.image")), {params.at("width"), params.at("height")}, preprocessing);
        expect_bytes(golden, "out.square", prepared.square);
        expect_bytes(golden, "out.clip_image", prepared.clip_image);
        expect_bytes(golden, "out.crop", prepared.crop);
        expect_pixels(golden, "out.clip_pixels", prepared.clip_pixels);
        expect_pixels(golden, "out.vae_pixels", prepared.vae_pixels);
        ++compared;
    }
    EXPECT_GE(compared, 3);
}

TEST(ImagePreparation, APictureLikeARopeIsRefused) {
    EXPECT_ERROR(prepare_picture(Image(60000, 1, 3), {512, 512}, {}), ErrorCode::invalid_argument,
                 "a picture of 60000x1 pixels cannot fill a clip of 512x512");
}

TEST(ClipPreprocessing, IsReadWithTheLibrarysDefaults) {
    EXPECT_EQ(parse_clip_preprocessing("{}").size, (image::Size{224, 224}));
    const ClipPreprocessing read = parse_clip_preprocessing(
        R"({"crop_size": {"height": 56, "width": 60}, "image_mean": [0.5, 0.25, 1], "size": 99})");
    EXPECT_EQ(read.size, (image::Size{60, 56}));
    EXPECT_EQ(read.mean, (std::array<float, 3>{0.5f, 0.25f, 1.0f}));
    EXPECT_EQ(read.deviation, ClipPreprocessing{}.deviation);
    EXPECT_EQ(parse_clip_preprocessing(R"({"crop_size": 336})").size, (image::Size{336, 336}));
}

TEST(ClipPreprocessing, WhatCannotBeIsNamed) {
    EXPECT_ERROR(parse_clip_preprocessing(R"({"image_mean": [0.5]})"), ErrorCode::corrupt_data,
                 "preprocessor_config.json: image_mean is [0.5], but a list of 3 numbers was expected");
    EXPECT_ERROR(parse_clip_preprocessing(R"({"image_std": [1, 0, 1]})"), ErrorCode::corrupt_data,
                 "image_std");
    EXPECT_ERROR(parse_clip_preprocessing(R"({"crop_size": {"width": "wide"}})"), ErrorCode::corrupt_data,
                 "crop_size: width");
}

TEST(LatentPreview, ShowsBrightAndDarkAndColour) {
    const std::vector<float> latents = {0, 0, 0, 0, 2, 2, 0, 0, -2, -2, 0, 0, 0, 0, 0, 3, 99, 99, 0, 0};
    const Image picture = latent_preview(latents, 1, 5);
    ASSERT_EQ(picture.size(), (image::Size{5, 1}));
    EXPECT_EQ(picture.at(0, 0)[1], 128);                       // nothing: middle grey
    EXPECT_EQ(picture.at(1, 0)[0], 251);                       // 127.5 (1 + 2 (0.298 + 0.187))
    EXPECT_EQ(picture.at(2, 0)[0], 4);                         // its opposite
    EXPECT_LT(picture.at(3, 0)[2] + 50, picture.at(3, 0)[0]);  // the fourth channel is blue's opposite
    EXPECT_EQ(picture.at(4, 0)[2], 255);                       // no more than white
}

}  // namespace
}  // namespace stillreel::diffusion
