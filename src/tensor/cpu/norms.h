// Backend::group_norm and layer_norm on the processor.
#pragma once

#include "tensor/backend.h"
#include "tensor/cpu/crew.h"

namespace stillreel::tensor {

void group_norm(Crew& crew, const GroupNormArgs& args);
void layer_norm(Crew& crew, const LayerNormArgs& args);

}  // namespace stillreel::tensor
