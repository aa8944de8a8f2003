// The plain layers: each takes its tensors by the checkpoint's names and packs them for the backend, in the
// precision that the model's policy has for its name (several stacked ones: for the first).
#pragma once

#include <initializer_list>
#include <string_view>

#include "nn/pass.h"
#include "weights/weight_scope.h"

namespace stillreel::nn {

using weights::WeightScope;

enum class Bias { yes, no };

/// y = x W^T + b. weight [out, in].
class Linear {
  public:
    Linear(const WeightScope& w, std::int64_t in, std::int64_t out, Bias bias = Bias::yes);
    Tensor operator()(Ops& ops, const Tensor& x, tensor::Epilogue epilogue = {}) const;
    tensor::Precision precision() const { return packed_->precision; }

  private:
    tensor::PackedPtr packed_;
};

/// Several linear layers of the same input as one product: outputs side by side, in the order of `parts`,
/// each `out` wide.
class StackedLinear {
  public:
    StackedLinear(const WeightScope& w, std::initializer_list<std::string_view> parts, std::int64_t in,
                  std::int64_t out, Bias bias);
    Tensor operator()(Ops& ops, const Tensor& x) const;
    std::int64_t width() const { return out_; }

  private:
    std::int64_t out_;
    tensor::PackedPtr packed_;
};

/// value * gelu(gate) of one product (Shazeer 2020). weight [2 * inner, in].
class Geglu {
  public:
    Geglu(const WeightScope& w, std::int64_t in, std::int64_t inner);
    Tensor operator()(Ops& ops, const Tensor& x) const;

  private:
    tensor::PackedPtr packed_;
};

/// weight [out, in, kernel_h, kernel_w]; Window::temporal3(): [out, in, 3, 1, 1] over [B, F, H*W, C].
class Conv {
  public:
    Conv(const WeightScope& w, std::int64_t in, std::int64_t out, const tensor::Window& window,
         Bias bias = Bias::yes);
    Tensor operator()(Ops& ops, const Tensor& x, tensor::Epilogue epilogue = {}) const;

  private:
    tensor::PackedPtr packed_;
};

struct GroupNormConfig {
    std::int64_t channels;
    int groups;
    float epsilon;
};

class GroupNorm {
  public:
    GroupNorm(const WeightScope& w, const GroupNormConfig& config);
    /// Statistics over `images_per_group` consecutive images: 1, or a clip's frames.
    Tensor operator()(Ops& ops, Tensor x, std::int64_t images_per_group = 1,
                      tensor::Activation activation = tensor::Activation::none) const;

  private:
    GroupNormConfig config_;
    Tensor gamma_, beta_;
};

class LayerNorm {
  public:
    LayerNorm(const WeightScope& w, std::int64_t features, float epsilon);
    Tensor operator()(Ops& ops, Tensor x) const;

  private:
    float epsilon_;
    Tensor gamma_, beta_;
};

/// Rows of a table by number. weight [count, features].
class Embedding {
  public:
    Embedding(const WeightScope& w, std::int64_t count, std::int64_t features);
    Tensor operator()(Ops& ops, std::span<const std::int64_t> ids) const;
    const Tensor& table() const { return table_; }

  private:
    Tensor table_;
};

}  // namespace stillreel::nn
