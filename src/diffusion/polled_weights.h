// Weights whose loading can be stopped: reading a large tower takes longer than a user who cancels waits.
#pragma once

#include <memory>

#include "base/cancel.h"
#include "weights/weight_source.h"

namespace stillreel::diffusion {

/// The same source, looking at the flag before every tensor: find then throws cancelled. `cancel` may be
/// null, else it must outlive the result.
std::unique_ptr<weights::WeightSource> polled(std::unique_ptr<weights::WeightSource> source,
                                              const CancelFlag* cancel);

}  // namespace stillreel::diffusion
