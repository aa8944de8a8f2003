// Every kernel of tensor/backend.h as plain loops that sum in double: what the fast kernels are proved
// against, and what models can be run on while a fast kernel is in doubt. Deterministic, one thread, slow.
#pragma once

#include <memory>

#include "tensor/ops.h"

namespace stillreel::testing {

std::shared_ptr<tensor::Backend> reference_backend();

/// Ops over the reference and a memory pool of its own.
tensor::Ops reference_ops();

}  // namespace stillreel::testing
