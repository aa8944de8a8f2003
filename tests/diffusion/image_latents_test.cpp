#include "diffusion/image_latents.h"

#include <gtest/gtest.h>

#include "diffusion/latent_layout.h"
#include "support/golden.h"

namespace stillreel::diffusion {
namespace {

using testing::Golden;

constexpr std::int64_t kChannels = 4;

/// Of tensors (1, C, ...).
std::vector<float> last(const parity::Numbers& golden) {
    return channels_last(golden.floats(), 1, golden.shape[1]);
}

std::vector<float> first(const std::vector<float>& numbers) { return channels_first(numbers, 1, kChannels); }

TEST(ImageLatents, AreTheReferences) {
    int compared = 0;
    for (const auto& path : testing::golden_cases("vae_encode-")) {
        SCOPED_TRACE(path.string());
        const Golden golden = testing::load_golden(path);
        const LatentDistribution distribution = distribution_of(last(golden.at("out.moments")), kChannels);
        golden.expect_equal("out.mean", first(distribution.mean));
        golden.expect_equal("out.logvar", first(distribution.log_variance));
        golden.expect_equal("out.std", first(distribution.deviation));
        const std::vector<float> drawn = sample(distribution, last(golden.at("in.noise")));
        golden.expect_equal("out.sample", first(drawn));
        const auto& params = golden.about.at("params");
        const std::vector<float> clip =
            image_latents(drawn, params.at("scaling_factor"), params.at("num_frames"));
        golden.expect_equal("out.image_latents", first(clip));
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
