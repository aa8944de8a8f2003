// How far a UNet of less precision is from the one of floats, layer by layer.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "diffusion/unet_bench.h"

namespace stillreel::diffusion {

/// Signal over noise of what a part gives, with all that was lost before it.
struct UnetSnr {
    std::string name;  // as taps call it; "result" for what the sampler gets
    double decibels = 0;
};

/// One pass of each, in the order of the pass, on the random weights that benches have: weights that were
/// trained spread their numbers more and lose more. Needs the memory of both passes' layers. Throws
/// out_of_memory, cancelled; `cancel` may be null.
std::vector<UnetSnr> snr_of_unet(const UnetBenchRequest& request, const CancelFlag* cancel);

}  // namespace stillreel::diffusion
