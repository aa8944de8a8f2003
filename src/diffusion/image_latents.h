// The picture on the latent side: what the VAE's encoder says about it as a distribution, a draw from it, and
// the clip that the UNet is given of it (diffusers' DiagonalGaussianDistribution and
// I2VGenXLPipeline.prepare_image_latents). Numbers lie channels last.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace stillreel::diffusion {

/// A normal distribution for every latent number: [h, w, channels] each.
struct LatentDistribution {
    std::vector<float> mean;
    std::vector<float> log_variance;  // clamped to [-30, 20]
    std::vector<float> deviation;
};

/// `moments`: [h, w, 2 * channels], means, then log-variances.
LatentDistribution distribution_of(std::span<const float> moments, std::int64_t channels);

/// mean + deviation * noise; noise [h, w, channels] from the standard normal.
std::vector<float> sample(const LatentDistribution& distribution, std::span<const float> noise);

/// [frames, h, w, channels]: frame 0 is latent * scaling_factor, frame k says where in the clip it is: the
/// constant k / (frames - 1). frames >= 1.
std::vector<float> image_latents(std::span<const float> latent, double scaling_factor, int frames);

}  // namespace stillreel::diffusion
