// What a backend has to be able to do: the kernels behind the operations of ops.h, on plain pointers. All
// sizes were checked by Ops. Kernels poll their CancelFlag at least every 0.2 s of work and throw Error
// cancelled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace stillreel {
class ThreadPool;
}

namespace stillreel::tensor {

/// gelu is the exact one (erf); quick_gelu is x * sigmoid(1.702 x).
enum class Activation { none, silu, gelu, quick_gelu };

/// A convolution's window over [H, W]. Padding is zeros.
struct Window {
    int kernel_h = 1;
    int kernel_w = 1;
    int stride = 1;
    int top = 0, left = 0, bottom = 0, right = 0;
    /// 2: the map is made twice as large first, by its nearest neighbours; only as upsampled3x3().
    int upsample = 1;
    friend bool operator==(const Window&, const Window&) = default;

    static Window same3x3() { return {3, 3, 1, 1, 1, 1, 1}; }
    static Window upsampled3x3() { return {3, 3, 1, 1, 1, 1, 1, 2}; }
    /// Three frames of a clip seen as [B, F, H*W, C].
    static Window temporal3() { return {3, 1, 1, 1, 0, 1, 0}; }
    std::int64_t out_h(std::int64_t h) const { return (h * upsample + top + bottom - kernel_h) / stride + 1; }
    std::int64_t out_w(std::int64_t w) const { return (w * upsample + left + right - kernel_w) / stride + 1; }
    /// Of the kernel as stored.
    std::int64_t places() const { return std::int64_t{kernel_h} * kernel_w; }
    /// Different inputs of a channel that an output is made of: nine places over a map made twice as large
    /// are four of the map itself.
    std::int64_t taps() const { return upsample == 1 ? places() : std::int64_t{upsample} * upsample; }
};

/// geglu: the outputs are two halves (value, gate) and the result is value * gelu(gate), half as wide.
enum class Gate { none, geglu };

/// What a product multiplies. f32: its inputs and weights as they are. bf16: both rounded to bfloat16, 8 bits
/// of every number, the sums in float32; results may differ in their last bits from one instruction set to
/// another, never with the number of threads or of rows. int8: weights as whole numbers of 8 bits with a
/// scale for every output, inputs as whole numbers with a scale and a zero point for everything that a result
/// may look at together (a token; a pixel's frames under a temporal window; an image), found anew for every
/// input; the sums are exact.
enum class Precision { f32, bf16, int8 };
inline constexpr Precision kPrecisions[] = {Precision::f32, Precision::bf16, Precision::int8};
std::string_view name_of(Precision precision);

/// Weights in the form that a backend computes with. Immutable; shared between threads.
class Packed {
  public:
    virtual ~Packed() = default;
    std::int64_t inputs = 0;   // channels in
    std::int64_t outputs = 0;  // channels out, after gating for geglu
    Window window;             // 1x1 for a linear layer
    Gate gate = Gate::none;
    Precision precision = Precision::f32;
    std::uint64_t bytes = 0;  // of memory

    /// All numbers that it holds, array by array, in an order that its kind never changes: what a store keeps
    /// and fills again. Every kind with numbers answers with all of them; meta has none.
    virtual std::vector<std::span<std::byte>> arrays() { return {}; }
};
using PackedPtr = std::shared_ptr<const Packed>;

/// Weights that were packed in an earlier run. Weights come in the same order in every run.
class PackedStore {
  public:
    virtual ~PackedStore() = default;
    /// Fills weights that have their sizes and arrays, but only zeros in them, on the pool's threads. False:
    /// the store has no such weights, the arrays are zeros still, and they are to be packed.
    virtual bool restore(Packed& empty, ThreadPool& pool) = 0;
    /// These were packed because restore() said false.
    virtual void keep(Packed& packed, ThreadPool& pool) = 0;
};

struct PackRequest {
    std::span<const WeightData>
        weights;  // [out_i, in, ...]; stacked along the outputs; kernel dimensions flat in row-major order
    std::span<const WeightData> biases;  // empty, or one [out_i] each
    Window window;
    Gate gate = Gate::none;
    Precision precision = Precision::f32;  // int8: at most kMostInt8Depth inputs times taps
    PackedStore* store = nullptr;          // where they may lie already; null: nowhere
};

/// The most products of 8 bits whose sum, and every step to it, fits 32 bits.
inline constexpr std::int64_t kMostInt8Depth = 66000;

/// y = activation(x W + b + per_image) + residual
struct ProductArgs {
    const float* x = nullptr;  // [images, height, width, inputs]
    std::int64_t images = 1, height = 1, width = 1;
    const Packed* weights = nullptr;
    const float* per_image = nullptr;  // [images / images_per_row, outputs], or null
    std::int64_t images_per_row = 1;
    const float* residual = nullptr;  // as y, or null; may be y itself
    Activation activation = Activation::none;
    float* y = nullptr;  // [images, out_h, out_w, outputs]; never overlaps x
};

struct GroupNormArgs {
    const float* x = nullptr;  // [images, pixels, channels]
    std::int64_t images = 1, pixels = 1, channels = 1;
    std::int64_t images_per_group =
        1;  // consecutive images that share mean and variance: 1, or a clip's frames
    int groups = 1;
    float epsilon = 1e-5f;
    const float* gamma = nullptr;  // [channels]
    const float* beta = nullptr;
    Activation activation = Activation::none;  // none or silu
    float* y = nullptr;                        // may be x
};

struct LayerNormArgs {
    const float* x = nullptr;  // [rows, features]
    std::int64_t rows = 1, features = 1;
    float epsilon = 1e-5f;
    const float* gamma = nullptr;
    const float* beta = nullptr;
    float* y = nullptr;  // may be x
};

/// Columns of a token tensor: `row_stride` floats from one token to the next.
struct TokenColumns {
    const float* data = nullptr;
    std::int64_t row_stride = 0;
};

enum class Mask { none, causal };

/// softmax(q k^T / sqrt(head_size)) v for every head; memory linear in tokens.
struct AttentionArgs {
    TokenColumns q, k, v;  // heads * head_size columns each, head by head
    std::int64_t batch = 1;
    std::int64_t batch_per_context = 1;  // consecutive entries of the batch that share keys and values
    std::int64_t q_tokens = 1, k_tokens = 1;
    int heads = 1;
    int head_size = 1;  // any from 1 to 512
    Mask mask = Mask::none;
    /// Other than f32: what is multiplied may be rounded to bfloat16, where that is faster.
    Precision precision = Precision::f32;
    float* y = nullptr;  // [batch, q_tokens, heads * head_size]
};

/// Attention over the frames of a clip, separately for every pixel: token s of frame f is at row (b * frames
/// + f) * pixels + s of q, k and v, and of y.
struct TemporalAttentionArgs {
    TokenColumns q, k, v;
    std::int64_t batch = 1, frames = 1, pixels = 1;
    int heads = 1;
    int head_size = 1;
    float* y = nullptr;
};

struct ImageArgs {
    const float* x = nullptr;  // [images, in_h, in_w, channels]
    std::int64_t images = 1, in_h = 1, in_w = 1, out_h = 1, out_w = 1, channels = 1;
    float* y = nullptr;  // [images, out_h, out_w, channels]
};

/// Which tokens of an image are merged, by how alike they are (tensor/token_merging.h).
struct MatchArgs {
    const float* x = nullptr;  // [images, height * width, channels]
    std::int64_t images = 1, height = 1, width = 1, channels = 1;
    std::int64_t merged = 0;  // of each image, at most as many as it has sources
    /// Other than f32: what is multiplied may be rounded to bfloat16, where that is faster.
    Precision precision = Precision::f32;
    float* slots = nullptr;  // [images, height * width], whole numbers in [0, height * width - merged)
};

/// Tokens to slots or back; every slot has a token.
struct SlotArgs {
    const float* x = nullptr;      // merging: [images, tokens, channels]; else [images, kept, channels]
    const float* slots = nullptr;  // [images, tokens]
    std::int64_t images = 1, tokens = 1, kept = 1, channels = 1;
    const float* residual = nullptr;  // only back: [images, tokens, channels]; may be y
    float* y = nullptr;               // the other of x's shapes
};

class Backend {
  public:
    virtual ~Backend() = default;
    /// False for meta: pointers are null and nothing is computed.
    virtual bool computes() const = 0;
    /// The caller fills in inputs, outputs, window and gate.
    virtual std::shared_ptr<Packed> pack(const PackRequest& request) = 0;
    virtual void product(const ProductArgs& args) = 0;
    virtual void group_norm(const GroupNormArgs& args) = 0;
    virtual void layer_norm(const LayerNormArgs& args) = 0;
    virtual void attention(const AttentionArgs& args) = 0;
    virtual void temporal_attention(const TemporalAttentionArgs& args) = 0;
    /// Nearest neighbour, as torch: source = floor(out * in / out_size).
    virtual void upsample_nearest(const ImageArgs& args) = 0;
    /// Averages over [floor(i in/out), ceil((i+1) in/out)).
    virtual void adaptive_average_pool(const ImageArgs& args) = 0;
    /// y[i] = activation(x[i]); y may be x.
    virtual void activate(Activation activation, std::int64_t count, const float* x, float* y) = 0;
    /// y[r * period + i] = a[r * period + i] + b[i] for count elements; period == count adds two tensors. y
    /// may be a.
    virtual void add(std::int64_t count, std::int64_t period, const float* a, const float* b, float* y) = 0;
    /// Copies `rows` rows of `width` floats between strided places: concatenation and slicing.
    virtual void copy_rows(std::int64_t rows, std::int64_t width, const float* from, std::int64_t from_stride,
                           float* to, std::int64_t to_stride) = 0;
    virtual void match_tokens(const MatchArgs& args) = 0;
    /// y[slot] = mean of the x[token] whose slot it is.
    virtual void merge_tokens(const SlotArgs& args) = 0;
    /// y[token] = x[its slot] + residual[token]
    virtual void unmerge_tokens(const SlotArgs& args) = 0;
};

}  // namespace stillreel::tensor
