// Backend::attention on the processor.
#pragma once

#include "tensor/backend.h"
#include "tensor/cpu/crew.h"

namespace stillreel::tensor {

/// Takes scratch memory for the packed keys and values of one head at least.
void attention(Crew& crew, const AttentionArgs& args);

}  // namespace stillreel::tensor
