// Backend::upsample_nearest and adaptive_average_pool on the processor.
#pragma once

#include "tensor/backend.h"
#include "tensor/cpu/crew.h"

namespace stillreel::tensor {

void upsample_nearest(Crew& crew, const ImageArgs& args);
void adaptive_average_pool(Crew& crew, const ImageArgs& args);

}  // namespace stillreel::tensor
