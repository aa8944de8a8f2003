#include "diffusion/unet_steps.h"

#include "base/check.h"

namespace stillreel::diffusion {

using tensor::Tensor;

UnetSteps::UnetSteps(const models::I2VGenUnet& unet, const nn::Pass& pass, const models::UnetInputs& inputs,
                     std::vector<StepWork> steps, int cache_branch)
    : unet_(unet),
      steps_(std::move(steps)),
      pair_(unet.prepare(pass, inputs)),
      clips_(inputs.text.shape()[0]),
      deep_{cache_branch, {}} {
    prompt_ = clips_ == 1 ? pair_ : models::I2VGenUnet::only(*pair_, clips_ - 1);
}

Tensor UnetSteps::operator()(const nn::Pass& pass, int step, const Tensor& sample, double timestep) {
    const StepWork& work = steps_[static_cast<std::size_t>(step)];
    const std::int64_t images = sample.shape()[0];
    STILLREEL_CHECK_EQ(images, work.clips * pass.frames);
    const models::UnetCondition& condition = work.clips == clips_ ? *pair_ : *prompt_;
    if (work.deep == DeepWork::reused) {
        // After the last guided step the prompt's half of what was kept goes on alone.
        const std::int64_t kept = deep_.hidden.shape()[0];
        STILLREEL_CHECK(kept >= images);
        const models::DeepFeatures own{deep_.branch, deep_.hidden.slice(kept - images, images)};
        return unet_.shallow(pass, sample, timestep, condition, own);
    }
    deep_.hidden = {};
    return unet_(pass, sample, timestep, condition, work.deep == DeepWork::kept ? &deep_ : nullptr);
}

}  // namespace stillreel::diffusion
