// Memory for weights and scratch: zeros at first, aligned to 64 bytes, on huge pages where it is large.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace stillreel::tensor {

/// Move-only owner of mapped memory.
class HugeBlock {
  public:
    HugeBlock() = default;
    /// Throws out_of_memory.
    explicit HugeBlock(std::size_t bytes);
    ~HugeBlock();
    HugeBlock(HugeBlock&& other) noexcept { swap(other); }
    HugeBlock& operator=(HugeBlock&& other) noexcept {
        swap(other);
        return *this;
    }

    void* data() const { return data_; }

  private:
    void swap(HugeBlock& other) {
        std::swap(data_, other.data_);
        std::swap(block_, other.block_);
        std::swap(block_bytes_, other.block_bytes_);
    }

    void* data_ = nullptr;
    void* block_ = nullptr;  // what was mapped
    std::size_t block_bytes_ = 0;
};

/// Move-only owner of `size` numbers.
template <class T>
class HugeArrayOf {
    static_assert(std::is_arithmetic_v<T>);

  public:
    HugeArrayOf() = default;
    /// Throws out_of_memory.
    explicit HugeArrayOf(std::int64_t size)
        : block_(static_cast<std::size_t>(size) * sizeof(T)), size_(size) {}

    T* data() { return static_cast<T*>(block_.data()); }
    const T* data() const { return static_cast<const T*>(block_.data()); }
    std::int64_t size() const { return size_; }
    std::span<std::byte> raw() { return {static_cast<std::byte*>(block_.data()), bytes()}; }
    std::uint64_t bytes() const { return static_cast<std::uint64_t>(size_) * sizeof(T); }

  private:
    HugeBlock block_;
    std::int64_t size_ = 0;
};
using HugeArray = HugeArrayOf<float>;

}  // namespace stillreel::tensor
