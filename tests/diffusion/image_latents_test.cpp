#include "diffusion/image_latents.h"

#include <gtest/gtest.h>

#include "support/golden_tensors.h"

namespace stillreel::diffusion {
namespace {

using testing::Channels;
using testing::Golden;
using testing::with_channels;

constexpr std::int64_t kChannels = 4;

std::vector<float> channels_last(const testing::GoldenTensor& golden) {
    return with_channels(golden.floats(), 1, golden.shape.at(1), Channels::to_last);
}

std::vector<float> channels_first(const std::vector<float>& numbers) {
    return with_channels(numbers, 1, kChannels, Channels::to_first);
}

TEST(ImageLatents, AreTheReferences) {
    int compared = 0;
    for (const auto& path : testing::golden_cases("vae_encode-")) {
        SCOPED_TRACE(path.string());
        const Golden golden = testing::load_golden(path);
        const LatentDistribution distribution =
            distribution_of(channels_last(golden.at("out.moments")), kChannels);
        golden.expect_equal("out.mean", channels_first(distribution.mean));
        golden.expect_equal("out.logvar", channels_first(distribution.log_variance));
        golden.expect_equal("out.std", channels_first(distribution.deviation));
        const std::vector<float> drawn = sample(distribution, channels_last(golden.at("in.noise")));
        golden.expect_equal("out.sample", channels_first(drawn));
        const auto& params = golden.about.at("params");
        const std::vector<float> clip =
            image_latents(drawn, params.at("scaling_factor"), params.at("num_frames"));
        golden.expect_equal("out.image_latents", channels_first(clip));
        ++compared;
    }
    EXPECT_GE(compared, 1);
}

TEST(ImageLatents, LogVariancesStayWithinTheReferencesLimits) {
    const LatentDistribution distribution = distribution_of(std::vector<float>{1, 2, -99, 99}, 2);
    EXPECT_EQ(distribution.mean, (std::vector<float>{1, 2}));
    EXPECT_EQ(distribution.log_variance, (std::vector<float>{-30, 20}));
}

TEST(ImageLatents, OfASingleFrameAreThePictureAlone) {
    const std::vector<float> latent = {1, 2, 3, 4};
    EXPECT_EQ(image_latents(latent, 0.5, 1), (std::vector<float>{0.5f, 1, 1.5f, 2}));
    EXPECT_EQ(image_latents(latent, 0.5, 3),
              (std::vector<float>{0.5f, 1, 1.5f, 2, 0.5f, 0.5f, 0.5f, 0.5f, 1, 1, 1, 1}));
}

}  // namespace
}  // namespace stillreel::diffusion
