// The first frame is where the user's picture enters a clip.

#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/image_latents.h"
#include "diffusion/tiny_clips.h"
#include "models/vae.h"
#include "tensor/cpu/cpu_backend.h"

namespace stillreel {
namespace {

using diffusion::I2VGenRequest;
using testing::Shown;

Shown shown_for(const I2VGenRequest& request) {
    Shown shown;
    diffusion::I2VGenHooks hooks;
    hooks.probe = shown.probe();
    auto pipeline = testing::open_tiny();
    const auto latents = pipeline.denoise(request, hooks);
    pipeline.decode(latents, 0, hooks);
    return shown;
}

/// What the VAE by itself makes of pixels (1, 3, H, W): the means, scaled, [h, w, 4].
std::vector<float> encoded(const std::vector<float>& pixels, int width, int height) {
    const auto vae = testing::tiny_model().at("vae");
    const auto source = weights::open_weights(vae.folder);
    tensor::Ops ops(tensor::cpu_backend(1, nullptr), tensor::Pool::create(tensor::Pool::Kind::memory));
    weights::WeightLoader loader("vae", *source, ops, models::vae_file_habits(models::VaeHalf::encoder));
    const models::VaeConfig config = models::parse_vae_config(weights::read_config(vae));
    const models::VaeEncoder encoder(loader.root(), config);
    std::vector<float> image(pixels.size());
    const std::size_t area = static_cast<std::size_t>(width) * height;
    for (std::size_t p = 0; p < area; ++p)
        for (std::size_t c = 0; c < 3; ++c) image[p * 3 + c] = pixels[c * area + p];
    const nn::Pass pass{ops, 1, {}, {}};
    const auto moments = encoder.moments(pass, ops.upload({1, height, width, 3}, image));
    return diffusion::image_latents(diffusion::distribution_of(moments.span(), config.latent_channels).mean,
                                    config.scaling_factor, 1);
}

TEST(FirstFrame, IsConditionedOnThePictureAndTheOthersOnTheirPlaceInTheClip) {
    I2VGenRequest request = testing::tiny_request();
    request.image_latent = diffusion::ImageLatent::mode;
    request.guidance = 1;
    request.steps = 2;
    Shown shown = shown_for(request);
    const std::vector<float>& clip = shown.numbers.at("image_latents");  // (1, 4, F, h, w)
    const std::vector<float> expected =
        encoded(shown.numbers.at("vae_pixels"), request.width_px, request.height_px);
    const std::size_t area = expected.size() / 4;
    const std::size_t frames = static_cast<std::size_t>(request.frames);
    ASSERT_EQ(clip.size(), 4 * frames * area);
    for (std::size_t c = 0; c < 4; ++c)
        for (std::size_t p = 0; p < area; ++p) {
            EXPECT_NEAR(clip[(c * frames + 0) * area + p], expected[p * 4 + c], 1e-5);
            for (std::size_t f = 1; f < frames; ++f)
                EXPECT_EQ(clip[(c * frames + f) * area + p],
                          static_cast<float>(f) / static_cast<float>(frames - 1));
        }
}

/// A random model keeps no likeness; that the picture, and it alone, decides the condition is what can be
/// shown.
TEST(FirstFrame, FollowsThePictureAndNotThePrompt) {
    I2VGenRequest request = testing::tiny_request();
    request.image_latent = diffusion::ImageLatent::mode;
    request.steps = 2;
    const Shown base = shown_for(request);
    I2VGenRequest other_words = request;
    other_words.prompt = "snow falls";
    EXPECT_EQ(shown_for(other_words).numbers.at("image_latents"), base.numbers.at("image_latents"));
    I2VGenRequest other_picture = request;
    for (auto& byte : other_picture.picture.pixels) byte = static_cast<std::uint8_t>(255 - byte);
    const Shown inverted = shown_for(other_picture);
    EXPECT_NE(inverted.numbers.at("image_latents"), base.numbers.at("image_latents"));
    EXPECT_NE(inverted.numbers.at("decoded.0"), base.numbers.at("decoded.0"));
}

}  // namespace
}  // namespace stillreel
