// Memory for weights and scratch: zeros at first, aligned to 64 bytes, on huge pages where it is large.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace stillreel::tensor {

/// Move-only owner of `size` floats.
class HugeArray {
  public:
    HugeArray() = default;
    /// Throws out_of_memory.
    explicit HugeArray(std::int64_t size);
    ~HugeArray();
    HugeArray(HugeArray&& other) noexcept { swap(other); }
    HugeArray& operator=(HugeArray&& other) noexcept {
        swap(other);
        return *this;
    }

    float* data() { return data_; }
    const float* data() const { return data_; }
    std::int64_t size() const { return size_; }

  private:
    void swap(HugeArray& other) {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(block_, other.block_);
        std::swap(block_bytes_, other.block_bytes_);
    }

    float* data_ = nullptr;
    std::int64_t size_ = 0;
    void* block_ = nullptr;  // what was mapped
    std::size_t block_bytes_ = 0;
};

}  // namespace stillreel::tensor
