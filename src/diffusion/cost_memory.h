// Costs that were worked out once: a page that shows them while somebody moves a slider asks often.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "diffusion/i2vgen_model.h"
#include "diffusion/i2vgen_pipeline.h"

namespace stillreel::diffusion {

/// Any thread may ask.
class CostMemory {
  public:
    /// As cost_of, which counts for some 20 ms at the published sizes. What changes no cost (prompt, seed,
    /// fps, sampler) makes no difference here. Throws invalid_argument.
    I2VGenCost cost(const I2VGenModel& model, const I2VGenRequest& request);

  private:
    std::mutex mutex_;
    std::map<std::string, I2VGenCost> known_;
};

}  // namespace stillreel::diffusion
