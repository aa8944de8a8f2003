#include "diffusion/quantised_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/model_check.h"
#include "diffusion/tiny_clips.h"
#include "support/scratch.h"
#include "support/stored_weights.h"
#include "support/throws.h"
#include "weights/safetensors.h"

namespace stillreel::diffusion {
namespace {

using namespace testing;
using tensor::Precision;

class QuantisedModelTest : public ::testing::Test {
  protected:
    QuantisedModel quantise() { return quantise_model({tiny_root(), "", model_}, {}); }
    fs::path unet() const { return model_ / "unet/diffusion_pytorch_model.safetensors"; }

    ScratchFolder folder_;
    fs::path model_ = folder_ / "int8";
};

TEST_F(QuantisedModelTest, ItsClipsInInt8HaveTheBitsOfTheModelItCameFrom) {
    const QuantisedModel made = quantise();
    EXPECT_GT(made.quantised, 20);
    EXPECT_GT(made.kept, 20);
    EXPECT_LT(made.unet_bytes, made.before_bytes);
    const TinyRun clip = tiny_run(Precision::int8, model_);
    EXPECT_EQ(clip.latents, tiny_run(Precision::int8).latents);
    EXPECT_EQ(clip.notes.find("8 bits"), std::string::npos) << clip.notes;
}

TEST_F(QuantisedModelTest, InFloatsItsWeightsAreWidenedAndThatIsSaid) {
    quantise();
    const TinyRun clip = tiny_run(Precision::f32, model_);
    EXPECT_NE(clip.notes.find("stored in 8 bits"), std::string::npos) << clip.notes;
    const std::vector<float> exact = tiny_run(Precision::f32).latents;
    double error = 0, power = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
        error += std::pow(clip.latents[i] - exact[i], 2);
        power += std::pow(exact[i], 2);
    }
    EXPECT_GT(error, 0);
    EXPECT_LT(error / power, 0.01) << "weights of 8 bits and activations of floats";
}

TEST_F(QuantisedModelTest, StoresWholeNumbersWithAScaleForEveryOutput) {
    quantise();
    const auto file = weights::SafetensorsFile::open(unet());
    const auto before =
        weights::SafetensorsFile::open(tiny_root() / "unet/diffusion_pytorch_model.safetensors");
    int quantised = 0;
    for (const auto& [name, stored] : before.tensors()) {
        const weights::StoredTensor* now = file.find(name);
        ASSERT_NE(now, nullptr) << name;
        EXPECT_EQ(now->shape, stored.shape) << name;
        if (now->type != "I8") {
            EXPECT_EQ(now->type, stored.type) << name;
            continue;
        }
        ++quantised;
        const weights::StoredTensor* scales = file.find(name + "_scale");
        ASSERT_NE(scales, nullptr) << name;
        EXPECT_EQ(scales->type, "F32");
        EXPECT_EQ(scales->shape, std::vector<std::int64_t>{stored.shape[0]});
    }
    EXPECT_GT(quantised, 20);
    EXPECT_EQ(file.tensors().size(), before.tensors().size() + static_cast<std::size_t>(quantised));
}

TEST_F(QuantisedModelTest, PassesTheCheckOfModels) {
    quantise();
    const ModelReport report = check_model({model_, "", Sums::no}, {});
    EXPECT_TRUE(report.fine());
    for (const ComponentReport& component : report.components) {
        if (component.name != "unet") continue;
        EXPECT_GT(component.dtypes.at("I8"), 20);
    }
}

TEST_F(QuantisedModelTest, AScaleThatIsMissingIsNamed) {
    quantise();
    StoredWeights weights = read_weights(unet());
    std::string gone;
    for (const auto& [name, weight] : weights)
        if (name.ends_with("_scale")) gone = name;
    weights.erase(gone);
    write_weights(unet(), weights);
    EXPECT_ERROR(I2VGenPipeline::open(weights::open_model_folder(model_), {1, {}, {}, {}}),
                 ErrorCode::corrupt_data, gone);
}

TEST_F(QuantisedModelTest, IsNotQuantisedTwiceNorWrittenOverSomething) {
    quantise();
    EXPECT_ERROR(quantise(), ErrorCode::invalid_argument, "is not empty");
    EXPECT_ERROR(quantise_model({model_, "", folder_ / "again"}, {}), ErrorCode::invalid_argument, "already");
    EXPECT_FALSE(fs::exists(folder_ / "again"));
}

TEST_F(QuantisedModelTest, WithoutRoomOrWhenItIsStoppedNothingIsLeft) {
    const auto full = [](const fs::path&) { return std::uint64_t{1000}; };
    EXPECT_ERROR(quantise_model({tiny_root(), "", model_, full}, {}), ErrorCode::io, "make room");
    CancelFlag cancel;
    const QuantiseHooks hooks{[&](std::uint64_t, std::uint64_t) { cancel.request(); }, &cancel};
    EXPECT_ERROR(quantise_model({tiny_root(), "", model_}, hooks), ErrorCode::cancelled, "");
    EXPECT_TRUE(fs::is_empty(folder_.path()));
}

}  // namespace
}  // namespace stillreel::diffusion
