// Samplers of second order that remember the last pictures the model had in mind: DPM-Solver++ 2M (Lu et al.
// 2022) and UniPC (Zhao et al. 2023, B2 variant, order 2). Both work on the clean-sample prediction in
// half-log-SNR, lambda.
#pragma once

#include "diffusion/sampler.h"

namespace stillreel::diffusion {

class DpmppSampler : public Sampler {
  public:
    DpmppSampler(const ScheduleConfig& config, int steps);
    void advance(int index, std::span<const float> model_output, std::span<float> sample,
                 const StepNoise& noise, std::span<float> clean) override;
    std::vector<std::vector<float>> history() const override { return {previous_}; }
    void restore(int index, std::vector<std::vector<float>> history) override;

  private:
    bool first_order(int index) const;

    ScheduleConfig config_;
    std::vector<float> previous_;  // clean sample of the step before; empty before the first step
};

class UniPcSampler : public Sampler {
  public:
    UniPcSampler(const ScheduleConfig& config, int steps);
    void advance(int index, std::span<const float> model_output, std::span<float> sample,
                 const StepNoise& noise, std::span<float> clean) override;
    std::vector<std::vector<float>> history() const override {
        return {previous_, before_previous_, last_sample_};
    }
    void restore(int index, std::vector<std::vector<float>> history) override;

  private:
    int predictor_order(int index) const;
    void correct(int index, std::span<const float> clean_now, std::span<float> sample) const;
    void predict(int index, std::span<const float> clean_now, std::span<float> sample) const;

    ScheduleConfig config_;
    std::vector<float> previous_;         // clean sample of step index - 1
    std::vector<float> before_previous_;  // and of step index - 2
    std::vector<float> last_sample_;      // the (corrected) sample that step index - 1 started from
};

}  // namespace stillreel::diffusion
