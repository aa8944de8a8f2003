// Made-up numbers for the tests of tensors, the same on every run.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "tensor/ops.h"

namespace stillreel::testing {

/// Evenly spread over [-1, 1) x scale + offset.
inline std::vector<float> random_floats(std::int64_t count, int seed, float scale = 1, float offset = 0) {
    std::vector<float> floats(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i)
        floats[i] = offset + scale * (2 * hash_unit(seed, static_cast<int>(i), 0) - 1);
    return floats;
}

inline tensor::Tensor random_tensor(tensor::Ops& ops, const tensor::Shape& shape, int seed) {
    return ops.upload(shape, random_floats(shape.elements(), seed));
}

/// Floats as a weight of a file; `floats` must outlive it.
inline tensor::WeightData weight_of(const std::vector<float>& floats, const tensor::Shape& shape) {
    return {tensor::DType::f32, shape, reinterpret_cast<const std::byte*>(floats.data())};
}

inline std::vector<float> numbers_of(const tensor::Tensor& tensor) {
    return {tensor.span().begin(), tensor.span().end()};
}

}  // namespace stillreel::testing
