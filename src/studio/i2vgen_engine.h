// I2VGen-XL as an engine: diffusion/i2vgen_pipeline.h behind the Generator interface.
#pragma once

#include <memory>

#include "studio/generator.h"

namespace stillreel::studio {

std::unique_ptr<Engine> i2vgen_engine();

}  // namespace stillreel::studio
