// Tensors as the models pass them on: float32, dense, channels last. Images are [N, H, W, C] with N = batch x
// frames, tokens are the same memory [N, S, C]. A Tensor is a value: copies share the numbers, and nobody
// changes numbers that somebody else can see.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"

namespace stillreel::tensor {

/// Types of numbers in weight files. Activations are always f32. i8: weights in whole numbers, each output's
/// (of the first dimension) times a scale of its own.
enum class DType { f32, f16, bf16, i64, u8, i8 };
std::string_view name_of(DType type);
std::size_t bytes_of(DType type);

/// Up to five dimensions, slowest first.
class Shape {
  public:
    static constexpr int kMaxRank = 5;
    Shape() = default;
    Shape(std::initializer_list<std::int64_t> dims);
    explicit Shape(std::span<const std::int64_t> dims);

    int rank() const { return rank_; }
    /// Dimension i; negative counts from the end: -1 is the fastest.
    std::int64_t operator[](int i) const { return dims_[i < 0 ? rank_ + i : i]; }
    /// Product of all dimensions; 1 for a scalar.
    std::int64_t elements() const;
    std::span<const std::int64_t> dims() const { return {dims_.data(), static_cast<std::size_t>(rank_)}; }
    /// The same shape with the last dimension replaced.
    Shape with_last(std::int64_t size) const;
    friend bool operator==(const Shape&, const Shape&) = default;

  private:
    std::array<std::int64_t, kMaxRank> dims_{};
    int rank_ = 0;
};
/// "(320, 4, 3, 3)".
std::string to_string(const Shape& shape);

/// Where the numbers of tensors live: memory that was used once is kept for the next tensor of about its
/// size, so that a pass touches no fresh pages. Without storage (Kind::meta) it only counts. Thread-safe.
class Pool : public std::enable_shared_from_this<Pool> {
  public:
    enum class Kind { memory, meta };
    static std::shared_ptr<Pool> create(Kind kind);
    virtual ~Pool() = default;

    /// Room for `floats` numbers, aligned to 64 bytes, not set to anything; it goes back to the pool with its
    /// last owner. Null data for a meta pool (the pointer itself is never null). Throws out_of_memory.
    virtual std::shared_ptr<float> allocate(std::int64_t floats) = 0;

    /// Bytes that tensors hold now, and the most they have held since the last reset_peak().
    virtual std::uint64_t live_bytes() const = 0;
    virtual std::uint64_t peak_bytes() const = 0;
    virtual void reset_peak() = 0;
    /// Bytes taken from the system: of tensors and kept for the next ones. What is kept never makes this more
    /// than tensors have held at once since the last trim(). 0 for meta.
    virtual std::uint64_t held_bytes() const = 0;
    /// Gives kept memory that nobody uses back to the system.
    virtual void trim() = 0;
};

class Tensor {
  public:
    Tensor() = default;
    /// Takes new memory from the pool, not set to anything.
    Tensor(Pool& pool, Shape shape);

    const Shape& shape() const { return shape_; }
    std::int64_t elements() const { return shape_.elements(); }
    /// True for a tensor that was never given a shape.
    bool empty() const { return storage_.use_count() == 0; }

    /// Null on a meta backend.
    const float* data() const;
    /// Only for a fresh tensor or one that nobody else shares (CHECKed).
    float* mutable_data();
    std::span<const float> span() const { return {data(), static_cast<std::size_t>(elements())}; }
    std::span<float> mutable_span() { return {mutable_data(), static_cast<std::size_t>(elements())}; }

    /// True when no other tensor sees these numbers: an operation that consumes them may write its result
    /// here.
    bool sole_owner() const { return storage_.use_count() == 1; }

    /// The same numbers under another shape of as many elements.
    Tensor reshaped(Shape shape) const;
    /// Entries begin ... begin + count - 1 of the first dimension, sharing the numbers.
    Tensor slice(std::int64_t begin, std::int64_t count) const;

  private:
    std::shared_ptr<float> storage_;  // points to null on meta, but counts its owners
    std::int64_t offset_ = 0;         // floats
    Shape shape_;
};

/// Of a dense tensor of such numbers.
std::uint64_t bytes_of(DType type, const Shape& shape);

/// A tensor of a weight file, as stored: dense, row-major, in the checkpoint's own order (out, in, ...). Does
/// not own.
struct WeightData {
    DType type = DType::f32;
    Shape shape;
    const std::byte* data = nullptr;    // null: shape only (meta)
    const std::byte* scales = nullptr;  // of i8: float32 [shape[0]], any alignment
};

/// Numbers [begin, begin + out.size()) of a weight as float32. Type f32, f16, bf16 or i8 (CHECKed); any
/// alignment.
void read_floats(const WeightData& weight, std::int64_t begin, std::span<float> out);

/// One output's weights in whole numbers of 8 bits: the largest becomes 127 or -127, others are rounded to
/// the nearest, ties to even. Returns the scale; weights that are no finite numbers make it none either. `q`
/// has as many as `weights`.
float quantise_weights(std::span<const float> weights, std::int8_t* q);

/// Output `row` of a weight of type i8 as it is stored; returns its scale.
float read_quantised(const WeightData& weight, std::int64_t row, std::span<std::int8_t> q);

/// The numbers as f32, f16 or bf16 (CHECKed), rounded to the nearest, ties to even; numbers.size() times
/// bytes_of(type) bytes, any alignment.
void write_floats(std::span<const float> numbers, DType type, std::byte* out);

}  // namespace stillreel::tensor
