// What a pipeline case of the goldens asks for, as a request to our pipeline.
#pragma once

#include "diffusion/i2vgen_pipeline.h"
#include "golden_case.h"

namespace stillreel::parity {

/// The case's picture, texts and numbers; its noise is left to the seed.
diffusion::I2VGenRequest request_of(const GoldenCase& golden);

/// True when the reference drew the VAE's noise from another generator than the latents: it does not follow
/// from the case's seed then and has to be handed over.
bool has_two_generators(const GoldenCase& golden);

}  // namespace stillreel::parity
