// Backend::attention and temporal_attention on the processor.
#pragma once

#include "tensor/backend.h"
#include "tensor/cpu/crew.h"

namespace stillreel::tensor {

/// Takes scratch memory for the packed keys and values of one head at least.
void attention(Crew& crew, const AttentionArgs& args);
void temporal_attention(Crew& crew, const TemporalAttentionArgs& args);

}  // namespace stillreel::tensor
