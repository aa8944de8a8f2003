// Backend::activate, add and copy_rows on the processor.
#pragma once

#include <cstdint>

#include "tensor/backend.h"
#include "tensor/cpu/crew.h"

namespace stillreel::tensor {

void activate(Crew& crew, Activation activation, std::int64_t count, const float* x, float* y);
void add(Crew& crew, std::int64_t count, std::int64_t period, const float* a, const float* b, float* y);
void copy_rows(Crew& crew, std::int64_t rows, std::int64_t width, const float* from, std::int64_t from_stride,
               float* to, std::int64_t to_stride);

}  // namespace stillreel::tensor
