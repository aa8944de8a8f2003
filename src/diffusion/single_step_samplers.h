// The samplers that need nothing but the sample: DDIM (Song et al. 2020) and Euler (Karras et al. 2022,
// algorithm 1).
#pragma once

#include "diffusion/sampler.h"

namespace stillreel::diffusion {

class DdimSampler : public Sampler {
  public:
    DdimSampler(const ScheduleConfig& config, int steps);
    void advance(int index, std::span<const float> model_output, std::span<float> sample,
                 const StepNoise& noise, std::span<float> clean) override;

  private:
    float signal_at(double timestep) const;

    ScheduleConfig config_;
    std::vector<float> alphas_cumprod_;
    int stride_ = 1;  // training timesteps between two steps, whatever the spacing
};

class EulerSampler : public Sampler {
  public:
    EulerSampler(const ScheduleConfig& config, int steps);
    double initial_sigma() const override;
    double input_scale(int index) const override;
    void advance(int index, std::span<const float> model_output, std::span<float> sample,
                 const StepNoise& noise, std::span<float> clean) override;

  private:
    ScheduleConfig config_;
};

}  // namespace stillreel::diffusion
