#include "diffusion/single_step_samplers.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "diffusion/sigma_table.h"

namespace stillreel::diffusion {

DdimSampler::DdimSampler(const ScheduleConfig& config, int steps)
    : config_(config),
      alphas_cumprod_(alphas_cumprod_of(config)),
      stride_(config.train_timesteps / std::max(steps, 1)) {
    timesteps_ = timesteps_of(config, SamplerKind::ddim, steps);
}

float DdimSampler::signal_at(double timestep) const {
    if (timestep >= 0) return alphas_cumprod_[static_cast<std::size_t>(timestep)];
    return config_.alpha_of_end_is_one ? 1.0f : alphas_cumprod_.front();
}

void DdimSampler::advance(int index, std::span<const float> model_output, std::span<float> sample,
                          const StepNoise& noise, std::span<float> clean) {
    const double here = signal_at(timesteps_[index]);
    const double next = signal_at(timesteps_[index] - stride_);
    const double a = std::sqrt(here), b = std::sqrt(1 - here);
    const double variance = here < 1 ? (1 - next) / (1 - here) * (1 - here / next) : 0.0;
    const double deviation = noise.eta * std::sqrt(variance);
    const auto to_clean = static_cast<float>(std::sqrt(next));
    const auto to_noise = static_cast<float>(std::sqrt(std::max(0.0, 1 - next - deviation * deviation)));
    STILLREEL_CHECK(deviation == 0 || noise.noise.size() == sample.size());

    const CleanFactors factors = clean_factors(config_.prediction, Level{a, b, 0});
    const auto range = static_cast<float>(config_.clip_range);
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const double x = sample[i], out = model_output[i];
        const auto unclipped = static_cast<float>(factors.sample * x + factors.output * out);
        // The noise follows from what the model said, not from the clipped picture, as in the reference.
        const double epsilon = config_.prediction == Prediction::v_prediction ? a * out + b * x
                               : config_.prediction == Prediction::epsilon    ? out
                                                                              : (x - a * out) / b;
        const float picture = config_.clip_sample ? std::clamp(unclipped, -range, range) : unclipped;
        if (!clean.empty()) clean[i] = picture;
        sample[i] = to_clean * picture + to_noise * static_cast<float>(epsilon);
        if (deviation > 0) sample[i] += static_cast<float>(deviation) * noise.noise[i];
    }
}

EulerSampler::EulerSampler(const ScheduleConfig& config, int steps) : config_(config) {
    SigmaTable table = sigma_table(config, SamplerKind::euler, steps);
    timesteps_ = std::move(table.timesteps);
    sigmas_ = std::move(table.sigmas);
}

double EulerSampler::initial_sigma() const {
    const double highest = *std::max_element(sigmas_.begin(), sigmas_.end());
    // Spacings that begin at the noisiest step start from pure noise; "leading" leaves room for the signal.
    return config_.spacing == TimestepSpacing::leading ? std::sqrt(highest * highest + 1) : highest;
}

double EulerSampler::input_scale(int index) const {
    const double sigma = sigmas_[index];
    return 1 / std::sqrt(sigma * sigma + 1);
}

void EulerSampler::advance(int index, std::span<const float> model_output, std::span<float> sample,
                           const StepNoise&, std::span<float> clean) {
    const double sigma = sigmas_[index];
    const double step = sigmas_[index + 1] - sigma;
    const double square = sigma * sigma + 1;
    const CleanFactors factors = config_.prediction == Prediction::v_prediction
                                     ? CleanFactors{1 / square, -sigma / std::sqrt(square)}
                                 : config_.prediction == Prediction::epsilon ? CleanFactors{1, -sigma}
                                                                             : CleanFactors{0, 1};
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const double x = sample[i];
        const double picture = factors.sample * x + factors.output * model_output[i];
        if (!clean.empty()) clean[i] = static_cast<float>(picture);
        sample[i] = static_cast<float>(x + (x - picture) / sigma * step);
    }
}

}  // namespace stillreel::diffusion
