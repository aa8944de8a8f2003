// Backend::temporal_attention on the processor.
#pragma once

#include "tensor/backend.h"
#include "tensor/cpu/crew.h"

namespace stillreel::tensor {

void temporal_attention(Crew& crew, const TemporalAttentionArgs& args);

}  // namespace stillreel::tensor
