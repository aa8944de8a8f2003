// The backend that runs on the processor: packed products and convolutions, and own SIMD kernels for the
// rest. One binary serves AVX2 and AVX-512 machines. Results do not depend on timing; they are the same bits
// for the same number of threads.
#pragma once

#include <memory>

#include "base/cancel.h"
#include "tensor/backend.h"

namespace stillreel::tensor {

/// `cancel` may be null; it must outlive the backend. threads >= 1. One caller at a time.
std::shared_ptr<Backend> cpu_backend(int threads, const CancelFlag* cancel);

}  // namespace stillreel::tensor
