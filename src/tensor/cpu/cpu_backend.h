// The backend that runs on the processor: packed products and convolutions, and own SIMD kernels for the
// rest. One binary serves AVX2 and AVX-512 machines. Results do not depend on timing; they are the same bits
// for the same number of threads.
#pragma once

#include <memory>
#include <string>

#include "base/cancel.h"
#include "tensor/backend.h"

namespace stillreel::tensor {

/// What the numbers of packed weights depend on besides the request: whoever keeps them on disk keeps this
/// beside them. Changes with the layouts of packed weights and with the instruction sets that this machine
/// has.
std::string packed_layout();

/// `cancel` may be null; it must outlive the backend. threads >= 1. One caller at a time.
std::shared_ptr<Backend> cpu_backend(int threads, const CancelFlag* cancel);

}  // namespace stillreel::tensor
