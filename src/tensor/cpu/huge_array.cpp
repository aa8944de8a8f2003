#include "tensor/cpu/huge_array.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include "base/error.h"

namespace stillreel::tensor {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

HugeBlock::HugeBlock(std::size_t bytes) {
    if (bytes == 0) return;
    // Only what starts on a huge page's border can become one.
    const bool huge = bytes >= kHugePage;
    block_bytes_ = bytes + (huge ? kHugePage : 0);
    block_ = mmap(nullptr, block_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block_ == MAP_FAILED) {
        block_ = nullptr;
        throw Error(ErrorCode::out_of_memory,
                    fmt::format("no memory for {} MiB of weights: the model needs more than is free",
                                (bytes >> 20) + 1));
    }
    auto start = reinterpret_cast<std::uintptr_t>(block_);
    if (huge) start = (start + kHugePage - 1) / kHugePage * kHugePage;
    data_ = reinterpret_cast<void*>(start);
    if (huge) madvise(data_, bytes, MADV_HUGEPAGE);
}

HugeBlock::~HugeBlock() {
    if (block_) munmap(block_, block_bytes_);
}

}  // namespace stillreel::tensor
