#include "diffusion/image_latents.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace stillreel::diffusion {

LatentDistribution distribution_of(std::span<const float> moments, std::int64_t channels) {
    const auto width = static_cast<std::size_t>(channels);
    STILLREEL_CHECK_EQ(moments.size() % (2 * width), 0u);
    LatentDistribution distribution;
    for (std::size_t pixel = 0; pixel < moments.size(); pixel += 2 * width) {
        for (std::size_t c = 0; c < width; ++c) {
            const float log_variance = std::clamp(moments[pixel + width + c], -30.0f, 20.0f);
            distribution.mean.push_back(moments[pixel + c]);
            distribution.log_variance.push_back(log_variance);
            distribution.deviation.push_back(std::exp(0.5f * log_variance));
        }
    }
    return distribution;
}

std::vector<float> sample(const LatentDistribution& distribution, std::span<const float> noise) {
    STILLREEL_CHECK_EQ(noise.size(), distribution.mean.size());
    std::vector<float> drawn(noise.size());
    for (std::size_t i = 0; i < drawn.size(); ++i)
        drawn[i] = distribution.mean[i] + distribution.deviation[i] * noise[i];
    return drawn;
}

std::vector<float> image_latents(std::span<const float> latent, double scaling_factor, int frames) {
    STILLREEL_CHECK(frames >= 1);
    std::vector<float> clip(latent.size() * static_cast<std::size_t>(frames));
    const auto scale = static_cast<float>(scaling_factor);
    std::transform(latent.begin(), latent.end(), clip.begin(), [&](float value) { return value * scale; });
    for (int frame = 1; frame < frames; ++frame) {
        const auto place = static_cast<float>(frame / static_cast<double>(frames - 1));
        std::fill_n(clip.begin() + static_cast<std::ptrdiff_t>(latent.size()) * frame, latent.size(), place);
    }
    return clip;
}

}  // namespace stillreel::diffusion
