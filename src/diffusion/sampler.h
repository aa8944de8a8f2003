// From noise to latents, one model pass at a time. diffusers calls these schedulers.
//
//   sampler = Sampler::create(kind, config, steps)
//   sample  = noise * sampler->initial_sigma()
//   for each step i: model input = sample * input_scale(i); output = model(input, timesteps()[i]);
//                    sampler->advance(i, output, sample, ...)
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "diffusion/noise_schedule.h"

namespace stillreel::diffusion {

/// Randomness of a DDIM step (Song et al. 2020, formula 16): eta 0 none, 1 as much as DDPM.
struct StepNoise {
    double eta = 0;
    std::span<const float> noise;  // unit normals of the sample's size; needed when eta > 0
};

/// A sampler for one run. Steps must be taken in order, 0 first; they are counted by index, because timesteps
/// can repeat. All spans of a call have the sample's size.
class Sampler {
  public:
    /// Throws invalid_argument when steps is out of range.
    static std::unique_ptr<Sampler> create(SamplerKind kind, const ScheduleConfig& config, int steps);
    virtual ~Sampler() = default;
    Sampler(const Sampler&) = delete;
    Sampler& operator=(const Sampler&) = delete;

    /// What the model is told at each step; whole numbers but for Euler.
    const std::vector<double>& timesteps() const { return timesteps_; }

    /// Noise levels, one more than there are steps; empty for DDIM.
    const std::vector<float>& sigmas() const { return sigmas_; }

    /// Standard deviation of the noise to begin with.
    virtual double initial_sigma() const { return 1; }

    /// Factor on the sample before the model sees it at step `index`.
    virtual double input_scale(int index) const;

    /// Replaces `sample` by the less noisy one. `clean`, when not empty, receives the picture that the model
    /// has in mind (the predicted original sample).
    virtual void advance(int index, std::span<const float> model_output, std::span<float> sample,
                         const StepNoise& noise, std::span<float> clean) = 0;

    /// Tensors that the next step needs besides the sample (what the multistep samplers remember), for a
    /// checkpoint; handing them to restore() before step `index` continues as if nothing had happened.
    virtual std::vector<std::vector<float>> history() const { return {}; }
    virtual void restore(int index, std::vector<std::vector<float>> history);

  protected:
    Sampler() = default;
    std::vector<double> timesteps_;
    std::vector<float> sigmas_;
};

}  // namespace stillreel::diffusion
