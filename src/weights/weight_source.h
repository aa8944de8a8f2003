// Where a model's tensors come from: files, or numbers made up on the spot (for benches), or shapes alone
// (for estimates).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace stillreel::weights {

class WeightSource {
  public:
    virtual ~WeightSource() = default;

    /// The tensor called `name`, or nothing. It stays readable until release(name). Sources without files
    /// hold every name, in the shape `wanted`; files answer with the shape that they have. Every find is
    /// paired with one release. Throws what the tensor's own bytes are to blame for (safetensors.h).
    virtual std::optional<tensor::WeightData> find(const std::string& name, const tensor::Shape& wanted) = 0;

    /// Whether find would find it.
    virtual bool holds(const std::string& name) const = 0;

    /// Its memory is not needed again soon: mapped pages go back to the system, made-up numbers are dropped.
    /// A later find works.
    virtual void release(const std::string& name) = 0;

    /// All names, sorted; empty for sources that hold every name.
    virtual std::vector<std::string> names() const = 0;

    /// What to call it in messages: the file, or the index file.
    virtual std::string where() const = 0;

    /// Whether some of its tensors are stored in whole numbers of 8 bits.
    virtual bool quantised() const { return false; }
};

/// A tensor of I8 has scales: the F32 tensor of its name and this, with one number for every output (first
/// dimension). They are a part of it and no tensor of their own here.
inline constexpr std::string_view kScaleSuffix = "_scale";

/// Opens the weights of a component folder: `<stem>[.variant].safetensors`, or the shards of
/// `<stem>[.variant].safetensors.index.json` (also the spelling `<stem>.safetensors.index.<variant>.json`).
/// Without a variant the plain file is preferred, then fp16. Stems: "diffusion_pytorch_model" and "model".
/// Throws not_found (says what was looked for; names a pickle when only that is there and why it is not
/// opened), io, corrupt_data (damaged; a shard is missing or lies outside of the folder).
std::unique_ptr<WeightSource> open_weights(const std::filesystem::path& component_folder,
                                           const std::string& variant = "");

/// The files that open_weights would open: one, or the index and its shards. Same errors, but for what only
/// the shards' own headers tell.
std::vector<std::filesystem::path> weight_files(const std::filesystem::path& component_folder,
                                                const std::string& variant = "");

/// One safetensors file as a source. Same errors.
std::unique_ptr<WeightSource> open_weight_file(const std::filesystem::path& file);

/// Plausible random weights, drawn per tensor from `seed` and its name (so in any order and any number of
/// times): matrices scaled by their fan-in, gammas near 1, biases near 0. f32, or rounded to f16/bf16.
std::unique_ptr<WeightSource> random_weights(std::uint64_t seed, tensor::DType type = tensor::DType::f32);

/// The same few random numbers as every tensor: nothing is drawn, nothing means anything. f32, for benches.
std::unique_ptr<WeightSource> repeated_weights();

/// Shapes without numbers, for meta.
std::unique_ptr<WeightSource> shape_weights();

}  // namespace stillreel::weights
