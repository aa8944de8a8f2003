// Walking through a checkpoint: a layer gets the scope that carries its name, takes its tensors by their
// names and hands scopes to its parts: `norm1(w / "norm1")`. When a model has been built every tensor must
// have been taken.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/ops.h"
#include "weights/weight_source.h"

namespace stillreel::weights {

/// A part of a name as we (and today's diffusers) call it, and what older published files say instead.
/// Matches whole dotted parts: {"to_out.0", "proj_attn"}.
struct Rename {
    std::string_view today;
    std::string_view older;
};

/// What a model tolerates in published files.
struct FileHabits {
    std::span<const Rename> renames;
    std::span<const std::string_view>
        surplus;  // suffixes of tensors that may be there unused: "position_ids"
    std::span<const std::string_view>
        elsewhere;  // prefixes of tensors that belong to another model of the same file
};

/// A tensor while it is being packed. Its pages are released when this goes away.
class TakenWeight {
  public:
    TakenWeight(WeightSource& source, std::string name, tensor::WeightData data);
    TakenWeight(TakenWeight&& other) noexcept;
    TakenWeight(const TakenWeight&) = delete;
    TakenWeight& operator=(const TakenWeight&) = delete;
    TakenWeight& operator=(TakenWeight&&) = delete;
    ~TakenWeight();
    const tensor::WeightData& data() const { return data_; }
    operator const tensor::WeightData&() const { return data_; }

  private:
    WeightSource* source_;
    std::string name_;
    tensor::WeightData data_;
};

class WeightScope;

/// What the layer of a path ("down_blocks.0.resnets.1.conv1") multiplies; an empty function: floats
/// everywhere.
using PrecisionPolicy = std::function<tensor::Precision(std::string_view path)>;

/// How much of a model's weights is in memory. streamed: its repeated layers are read and packed each time
/// that they run, one after another, and let go. For a model that runs once: less memory, and less of it to
/// be touched for the first time. Source and ops must then outlive the model; finish() does not apply.
enum class Residence { whole, streamed };

/// Loads one model: build it from root(), then call finish().
class WeightLoader {
  public:
    /// `model` is used in messages ("unet"). Source and ops must outlive the loader, not the model.
    WeightLoader(std::string model, WeightSource& source, tensor::Ops& ops, FileHabits habits = {},
                 PrecisionPolicy precision = {});
    ~WeightLoader();
    WeightScope root();
    /// Throws corrupt_data naming the first tensor (and how many) that no layer has taken.
    void finish() const;
    /// Elements taken so far: the model's parameter count after finish().
    std::int64_t parameters() const;

  private:
    friend class WeightScope;
    struct State;
    std::shared_ptr<State> state_;
};

class WeightScope {
  public:
    WeightScope operator/(std::string_view part) const;
    WeightScope operator/(int index) const;
    /// "down_blocks.0.resnets.1"; empty at the root.
    const std::string& path() const { return path_; }
    tensor::Ops& ops() const;
    /// Of this layer's product.
    tensor::Precision precision() const;

    /// Throws corrupt_data: the tensor is missing, or has another shape (one with trailing dimensions of 1
    /// counts as the same, both ways), or a type that is no float. The message names file, tensor, expected
    /// and found.
    TakenWeight take(std::string_view name, const tensor::Shape& shape) const;
    /// True when the checkpoint holds it (for parts that are optional); sources without files say yes.
    bool has(std::string_view name) const;

  private:
    friend class WeightLoader;
    WeightScope(std::shared_ptr<WeightLoader::State> state, std::string path);
    std::shared_ptr<WeightLoader::State> state_;
    std::string path_;
};

}  // namespace stillreel::weights
