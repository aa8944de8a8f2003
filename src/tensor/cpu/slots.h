// Backend::merge_tokens and unmerge_tokens on the processor.
#pragma once

#include "tensor/backend.h"
#include "tensor/cpu/crew.h"

namespace stillreel::tensor {

void merge_tokens(Crew& crew, const SlotArgs& args);
void unmerge_tokens(Crew& crew, const SlotArgs& args);

}  // namespace stillreel::tensor
