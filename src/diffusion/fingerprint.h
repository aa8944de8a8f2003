// One line that changes whenever the bits of a clip may change.
#pragma once

#include <string>

#include "diffusion/i2vgen_model.h"
#include "diffusion/i2vgen_pipeline.h"

namespace stillreel::diffusion {

/// SHA-256 over the request with its picture, name, size and time of every file of the model, the version of
/// this program, the threads and the processor's instruction set.
std::string fingerprint_of(const I2VGenModel& model, const I2VGenRun& run, const I2VGenRequest& request);

}  // namespace stillreel::diffusion
