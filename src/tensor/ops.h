// The whole vocabulary of operations that the models are written in. Ops checks shapes, finds memory, counts
// the work and hands plain pointers to a backend; the same model code runs on the CPU, on the tests' scalar
// reference and on shapes alone (meta), which is how FLOPs and peak memory are known before anything runs.
//
// Shapes that do not fit are bugs of the model code (CHECK): weights were checked when they were loaded.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "tensor/backend.h"
#include "tensor/tensor.h"

namespace stillreel::tensor {

/// What a product does with its sums: y = activation(x W + b + per_image) + residual.
struct Epilogue {
    Activation activation = Activation::none;
    const Tensor* per_image = nullptr;  // [P, outputs], P divides N: row n / (N / P) is added to image n
    Tensor residual = {};  // as the result; empty: none. Hand over (std::move) what is not needed again
};

/// Columns [begin, begin + width) of the last dimension of a token tensor [N, S, D].
struct Columns {
    const Tensor& tensor;
    std::int64_t begin;
    std::int64_t width;
    static Columns all(const Tensor& tensor) { return {tensor, 0, tensor.shape()[-1]}; }
};

enum class OpKind {
    linear,
    conv,
    temporal_conv,
    group_norm,
    layer_norm,
    attention,
    temporal_attention,
    matching,
    image,
    elementwise,
    copy
};
std::string_view name_of(OpKind kind);

/// One operation as it was done: what a profile, a progress bar and an estimate are made of.
struct OpRecord {
    OpKind kind;
    double flops;         // of the direct algorithm: 2 per multiply-add (upsampled3x3: four taps, not nine)
    double bytes;         // read and written once each, weights included
    double seconds;       // wall time; 0 on meta
    const Shape& result;  // of the operation
    std::int64_t inputs;  // channels in
    Precision precision = Precision::f32;
};

class Ops {
  public:
    /// The pool must be a meta pool exactly when the backend does not compute.
    Ops(std::shared_ptr<Backend> backend, std::shared_ptr<Pool> pool);

    bool computes() const { return backend_->computes(); }
    Pool& pool() { return *pool_; }
    const std::shared_ptr<Pool>& shared_pool() const { return pool_; }
    Backend& backend() { return *backend_; }
    /// Called after every operation on the calling thread; an empty function: nobody listens.
    void observe(std::function<void(const OpRecord&)> observer) { observer_ = std::move(observer); }

    // Weights.
    /// weight [out, in] or with trailing 1x1; bias [out] or null.
    PackedPtr pack_linear(const WeightData& weight, const WeightData* bias,
                          Precision precision = Precision::f32);
    /// Several linear layers of one input as one product; their outputs lie side by side.
    PackedPtr pack_stacked(std::span<const WeightData> weights, std::span<const WeightData> biases,
                           Precision precision = Precision::f32);
    /// weight [2 * inner, in]: value rows, then gate rows.
    PackedPtr pack_geglu(const WeightData& weight, const WeightData* bias,
                         Precision precision = Precision::f32);
    /// weight [out, in, kernel_h, kernel_w], or [out, in, 3, 1, 1] for Window::temporal3(). With
    /// Window::upsampled3x3() sums of weights are packed: 16 for 9.
    PackedPtr pack_conv(const WeightData& weight, const WeightData* bias, const Window& window,
                        Precision precision = Precision::f32);

    /// From now on weights come from this store where it has them, and are shown to it when they were packed;
    /// null: no longer. It must outlive that while.
    void keep_packed_in(PackedStore* store) { store_ = store; }

    /// Bytes of all weights packed so far.
    std::uint64_t packed_bytes() const { return packed_bytes_; }

    // Tensors in and out.
    Tensor empty(const Shape& shape) { return Tensor(*pool_, shape); }
    /// A copy of the numbers; on meta they may be empty.
    Tensor upload(const Shape& shape, std::span<const float> numbers);
    /// The weight as float32, for gammas, betas and tables.
    Tensor upload(const WeightData& weight);

    // Products.
    /// x [..., in] -> [..., out]. per_image counts entries of the first dimension.
    Tensor linear(const Tensor& x, const Packed& weights, Epilogue epilogue = {});
    /// x [N, H, W, in] -> [N, H', W', out]
    Tensor conv(const Tensor& x, const Packed& weights, Epilogue epilogue = {});

    // Norms. x is taken by value: hand over (std::move) what is not needed again and no new memory is used.
    /// x [N, H, W, C] or [N, S, C]. Mean and variance are over `images_per_group` consecutive images.
    Tensor group_norm(Tensor x, const Tensor& gamma, const Tensor& beta, int groups, float epsilon,
                      std::int64_t images_per_group, Activation activation);
    Tensor layer_norm(Tensor x, const Tensor& gamma, const Tensor& beta, float epsilon);

    // Attention.
    /// q [N, Sq, .], k and v [Nc, Sk, .], Nc divides N: N / Nc consecutive images share a context. -> [N, Sq,
    /// width]. With a precision other than f32 what is multiplied may be rounded to bfloat16.
    Tensor attention(const Columns& q, const Columns& k, const Columns& v, int heads, Mask mask = Mask::none,
                     Precision precision = Precision::f32);
    /// q, k, v [B * frames, S, .]: over the frames of a clip, pixel by pixel. -> [B * frames, S, width]
    Tensor temporal_attention(const Columns& q, const Columns& k, const Columns& v, int heads,
                              std::int64_t frames);

    // Merging of tokens (tensor/token_merging.h).
    /// x [N, height * width, C] -> of every token a slot [N, height * width], whole numbers below
    /// height * width - merged: tokens that share one are alike. `merged`: at most the sources there are.
    /// With a precision other than f32 what is multiplied may be rounded to bfloat16.
    Tensor match_tokens(const Tensor& x, std::int64_t height, std::int64_t width, std::int64_t merged,
                        Precision precision = Precision::f32);
    /// x [N, S, C] and slots [N, S] below `kept` -> [N, kept, C], means of the tokens of a slot.
    Tensor merge_tokens(const Tensor& x, const Tensor& slots, std::int64_t kept);
    /// x [N, kept, C] -> [N, S, C]: to every token of `residual` what its slot has is added.
    Tensor unmerge_tokens(const Tensor& x, const Tensor& slots, Tensor residual);

    // The rest.
    Tensor upsample_nearest(const Tensor& x, std::int64_t height, std::int64_t width);
    Tensor adaptive_average_pool(const Tensor& x, std::int64_t height, std::int64_t width);
    Tensor activate(Tensor x, Activation activation);
    /// b has x's shape, or that of its last dimensions (broadcast over the first ones).
    Tensor add(Tensor x, const Tensor& b);
    /// [N, H, W, Ca] and [N, H, W, Cb] -> [N, H, W, Ca + Cb]
    Tensor concat_channels(const Tensor& a, const Tensor& b);
    /// [N, Si, C] each -> [N, sum of Si, C]
    Tensor concat_tokens(std::span<const Tensor> parts);
    /// The same for the first dimension.
    Tensor concat_images(std::span<const Tensor> parts);
    /// Tokens begin ... begin + count - 1 of every image of x [N, S, D], as a copy.
    Tensor copy_tokens(const Tensor& x, std::int64_t begin, std::int64_t count);
    /// Replaces those of x, which nobody else shares, by `part` [N, count, D].
    void put_tokens(Tensor& x, std::int64_t begin, const Tensor& part);
    /// The same for entries of the first dimension; part [count, ...].
    void put_images(Tensor& x, std::int64_t begin, const Tensor& part);
    /// Rows of table [V, D] -> [ids.size(), D]; ids in range (CHECKed).
    Tensor gather_rows(const Tensor& table, std::span<const std::int64_t> ids);

  private:
    PackedPtr pack(PackRequest request);
    Tensor product(const Tensor& x, const Shape& result, std::array<std::int64_t, 3> image,
                   const Packed& weights, Epilogue epilogue);
    template <class Work>
    void timed(OpKind kind, double flops, double floats, const Shape& result, std::int64_t inputs, Work work,
               Precision precision = Precision::f32);

    std::shared_ptr<Backend> backend_;
    std::shared_ptr<Pool> pool_;
    std::function<void(const OpRecord&)> observer_;
    std::uint64_t packed_bytes_ = 0;
    PackedStore* store_ = nullptr;
};

}  // namespace stillreel::tensor
