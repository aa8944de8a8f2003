#include "diffusion/latent_preview.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace stillreel::diffusion {
namespace {

// Red, green and blue in [-1, 1] of each latent channel; no latent at all is middle grey.
constexpr float kColourOf[4][3] = {{0.298f, 0.207f, 0.208f},
                                   {0.187f, 0.286f, 0.173f},
                                   {-0.158f, 0.189f, 0.264f},
                                   {-0.184f, -0.271f, -0.473f}};

}  // namespace

image::Image latent_preview(std::span<const float> latents, int height, int width) {
    image::Image picture(width, height, 3);
    STILLREEL_CHECK_EQ(latents.size() * 3, picture.pixels.size() * 4);
    for (std::size_t pixel = 0; pixel * 4 < latents.size(); ++pixel) {
        const float* latent = latents.data() + pixel * 4;
        for (std::size_t c = 0; c < 3; ++c) {
            float value = 0;
            for (std::size_t channel = 0; channel < 4; ++channel)
                value += latent[channel] * kColourOf[channel][c];
            picture.pixels[pixel * 3 + c] =
                static_cast<std::uint8_t>(std::lround(std::clamp(value * 127.5f + 127.5f, 0.0f, 255.0f)));
        }
    }
    return picture;
}

}  // namespace stillreel::diffusion
