// What a latent looks like, without the VAE: a linear fit from the four latent channels of Stable Diffusion 1
// and 2 to RGB, good enough to see where a clip is going, and nearly free.
#pragma once

#include <cstdint>
#include <span>

#include "image/image.h"

namespace stillreel::diffusion {

/// latents [height, width, 4] of one frame, scaled as in the diffusion loop -> RGB of the same size. The fit
/// is one for Stable Diffusion 1.4
/// (discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling, 2022); the VAE of Stable Diffusion 2
/// has the same latents.
image::Image latent_preview(std::span<const float> latents, int height, int width);

}  // namespace stillreel::diffusion
