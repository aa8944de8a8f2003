// cost_of for a model whose configs were read already.
#pragma once

#include "diffusion/i2vgen_model.h"
#include "diffusion/i2vgen_pipeline.h"

namespace stillreel::diffusion {

/// As cost_of(ModelFolder, ...). Throws invalid_argument.
I2VGenCost cost_of(const I2VGenModel& model, const I2VGenRequest& request);

}  // namespace stillreel::diffusion
