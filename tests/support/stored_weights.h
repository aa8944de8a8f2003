// Weight files as values that a test may change: read a tiny model's file, rename, reshape, round or drop
// tensors, write it again.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace stillreel::testing {

struct StoredWeight {
    tensor::DType type = tensor::DType::f32;
    tensor::Shape shape;
    std::vector<std::byte> bytes;

    /// Floats stored as `type` (f32, f16 or bf16).
    static StoredWeight of(const tensor::Shape& shape, std::span<const float> numbers,
                           tensor::DType type = tensor::DType::f32);
    /// Does not own.
    tensor::WeightData data() const { return {type, shape, bytes.data()}; }
    std::vector<float> floats() const;
    /// The same numbers rounded to another float type.
    StoredWeight as(tensor::DType other) const { return of(shape, floats(), other); }
};
using StoredWeights = std::map<std::string, StoredWeight>;

StoredWeights read_weights(const std::filesystem::path& safetensors);
void write_weights(const std::filesystem::path& safetensors, const StoredWeights& weights);

/// A model folder copied with all its files, so that they can be changed.
void copy_model(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace stillreel::testing
