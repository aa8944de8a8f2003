// What a model can be asked for at all.
#pragma once

#include "diffusion/i2vgen_model.h"
#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/latent_layout.h"

namespace stillreel::diffusion {

/// Throws invalid_argument naming the field, its value and what may be asked for. The picture is not looked
/// at.
void check_request(const I2VGenModel& model, const I2VGenRequest& request);

/// Of a request that was checked.
LatentSize latent_size_of(const I2VGenModel& model, const I2VGenRequest& request);

/// Clips in a pass of the UNet: 2 under guidance, else 1.
std::int64_t batch_of(const I2VGenRequest& request);

/// What each of the request's steps does.
std::vector<StepWork> plan_of(const I2VGenRequest& request);

/// How the UNet runs.
nn::Pass unet_pass(tensor::Ops& ops, const I2VGenModel& model, const I2VGenRequest& request);

}  // namespace stillreel::diffusion
