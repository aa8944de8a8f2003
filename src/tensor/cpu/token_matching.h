// Backend::match_tokens on the processor.
#pragma once

#include "tensor/backend.h"
#include "tensor/cpu/crew.h"

namespace stillreel::tensor {

/// Takes scratch memory for the packed destinations of one image at least.
void match_tokens(Crew& crew, const MatchArgs& args);

}  // namespace stillreel::tensor
