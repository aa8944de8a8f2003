// The UNet of one clip, step after step, with the shortcuts that the clip takes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "diffusion/shortcuts.h"
#include "models/i2vgen_unet.h"

namespace stillreel::diffusion {

class UnetSteps {
  public:
    /// Works out what does not change from step to step. `inputs` are those of the whole batch; `unet` must
    /// outlive it. `steps` as plan_steps has them.
    UnetSteps(const models::I2VGenUnet& unet, const nn::Pass& pass, const models::UnetInputs& inputs,
              std::vector<StepWork> steps, int cache_branch);

    /// sample [steps[step].clips * F, h, w, C] -> the same shape. In order, but a run may begin at any step
    /// that does not reuse anything.
    tensor::Tensor operator()(const nn::Pass& pass, int step, const tensor::Tensor& sample, double timestep);

  private:
    const models::I2VGenUnet& unet_;
    const std::vector<StepWork> steps_;
    std::shared_ptr<const models::UnetCondition> pair_;  // or the only one
    std::shared_ptr<const models::UnetCondition> prompt_;
    std::int64_t clips_;
    models::DeepFeatures deep_;
};

}  // namespace stillreel::diffusion
