// The header of a safetensors file, read with distrust: whatever passes may be used without further checks.
// Format: 8 bytes little-endian header length, that many bytes of JSON, the numbers
// (https://huggingface.co/docs/safetensors).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace stillreel::weights {

/// One tensor as the header describes it. Its bytes lie inside of the file and are exactly those of its
/// shape.
struct StoredTensor {
    std::string type;                 // as in the file: "F32", "BF16", "I64", "F8_E4M3"
    std::vector<std::int64_t> shape;  // at most 64 dimensions
    std::uint64_t begin = 0;          // bytes from the start of the file
    std::uint64_t end = 0;

    std::uint64_t bytes() const { return end - begin; }
    std::uint64_t elements() const;
};

struct SafetensorsHeader {
    std::map<std::string, StoredTensor> tensors;
    std::map<std::string, std::string> metadata;  // "__metadata__"
};

/// The header of a file whose bytes are `file`; `name` is what messages call it. Throws corrupt_data for
/// everything that the format forbids: a header longer than the file (or than 100 MB), JSON of another form,
/// names that occur twice, types that nobody knows, sizes that do not follow from type and shape, gaps,
/// overlaps, bytes that belong to no tensor.
SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file, const std::string& name);

/// How a type is called in safetensors files: "BF16".
std::string_view safetensors_name(tensor::DType type);

/// The type that a safetensors name stands for; nothing for those that we do not compute with ("F64").
std::optional<tensor::DType> type_of_safetensors_name(std::string_view name);

/// A tensor's name as a message shows it: cut to a line, control characters replaced.
std::string shown_name(std::string_view name);

}  // namespace stillreel::weights
