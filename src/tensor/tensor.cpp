#include "tensor/tensor.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <sys/mman.h>

#include <atomic>
#include <map>
#include <mutex>
#include <new>

#include "base/error.h"

namespace stillreel::tensor {
namespace {

/// Counts what tensors hold; shared by both kinds of pool.
class Account {
  public:
    void add(std::uint64_t bytes) {
        const std::uint64_t now = live_.fetch_add(bytes) + bytes;
        std::uint64_t peak = peak_.load();
        while (peak < now && !peak_.compare_exchange_weak(peak, now)) {
        }
    }
    void remove(std::uint64_t bytes) { live_.fetch_sub(bytes); }
    std::uint64_t live() const { return live_.load(); }
    std::uint64_t peak() const { return peak_.load(); }
    void reset_peak() { peak_.store(live_.load()); }

  private:
    std::atomic<std::uint64_t> live_{0};
    std::atomic<std::uint64_t> peak_{0};
};

class MetaPool final : public Pool {
  public:
    std::shared_ptr<float> allocate(std::int64_t floats) override {
        const std::uint64_t bytes = static_cast<std::uint64_t>(floats) * sizeof(float);
        account_.add(bytes);
        auto self = std::static_pointer_cast<MetaPool>(shared_from_this());
        return {nullptr, [self, bytes](float*) { self->account_.remove(bytes); }};
    }
    std::uint64_t live_bytes() const override { return account_.live(); }
    std::uint64_t peak_bytes() const override { return account_.peak(); }
    std::uint64_t held_bytes() const override { return 0; }
    void reset_peak() override { account_.reset_peak(); }
    void trim() override {}

  private:
    Account account_;
};

// A small freed block serves a request of at least this share of its size; below, its memory would be wasted.
constexpr double kFit = 0.75;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Layers of different sizes take turns, so freed blocks often fit nobody for a while. A block that none of
// them fits is put together from the pages of some, the smallest first: pages change their addresses, which
// takes microseconds where clearing fresh ones would take milliseconds. Only what they do not suffice for
// comes from the system, so that the pool never holds more than tensors have held at once.
class MemoryPool final : public Pool {
  public:
    ~MemoryPool() override { trim(); }

    std::shared_ptr<float> allocate(std::int64_t floats) override {
        const auto [data, size] = take(rounded(static_cast<std::size_t>(floats) * sizeof(float)));
        auto self = std::static_pointer_cast<MemoryPool>(shared_from_this());
        return {data, [self, bytes = size](float* block) { self->put_back(block, bytes); }};
    }
    std::uint64_t live_bytes() const override { return account_.live(); }
    std::uint64_t peak_bytes() const override { return account_.peak(); }
    std::uint64_t held_bytes() const override {
        const std::lock_guard lock(mutex_);
        return account_.live() + kept_bytes_;
    }
    void reset_peak() override { account_.reset_peak(); }
    void trim() override {
        const std::lock_guard lock(mutex_);
        keep_at_most(0);
        most_live_ = account_.live();
    }

  private:
    static std::size_t rounded(std::size_t bytes) {
        const std::size_t unit = bytes >= kHugePage ? kHugePage : kPage;
        return std::max<std::size_t>(1, (bytes + unit - 1) / unit) * unit;
    }

    static constexpr int kAccess = PROT_READ | PROT_WRITE;
    static constexpr int kFresh = MAP_PRIVATE | MAP_ANONYMOUS;

    std::pair<float*, std::size_t> take(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        std::pair<float*, std::size_t> block;
        const auto found = kept_.lower_bound(bytes);
        if (found != kept_.end() && fits(bytes, found->first)) {
            const auto [size, from] = *found;
            const std::size_t rest = bytes >= kHugePage ? size - bytes : 0;
            kept_.erase(found);
            if (rest > 0) kept_.emplace(rest, static_cast<char*>(from) + bytes);
            block = {static_cast<float*>(from), size - rest};
            kept_bytes_ -= block.second;
        } else {
            block = {map(bytes), bytes};
        }
        account_.add(block.second);
        most_live_ = std::max(most_live_, account_.live());
        return block;
    }

    /// Whole huge pages can be cut off a larger block.
    static bool fits(std::size_t bytes, std::size_t block) {
        return bytes >= kHugePage || static_cast<double>(bytes) >= kFit * static_cast<double>(block);
    }

    float* map(std::size_t bytes) {
        void* block = try_map(bytes);
        if (block == MAP_FAILED) {
            keep_at_most(0);
            block = try_map(bytes);
        }
        if (block == MAP_FAILED) throw_out_of_memory(bytes);
        if (bytes >= kHugePage) {
            madvise(block, bytes, MADV_HUGEPAGE);
            move_kept_pages(static_cast<char*>(block), bytes);
        }
        const std::uint64_t live = account_.live() + bytes;
        keep_at_most(std::max(most_live_, live) - live);
        return static_cast<float*>(block);
    }

    /// Fills the beginning of a block with the pages of kept ones.
    void move_kept_pages(char* block, std::size_t bytes) {
        while (bytes > 0) {
            const auto smallest = kept_.lower_bound(kHugePage);
            if (smallest == kept_.end()) return;
            const auto [size, from] = *smallest;
            const std::size_t moved = std::min(size, bytes), rest = size - moved;
            kept_.erase(smallest);
            kept_bytes_ -= moved;
            if (rest > 0) kept_.emplace(rest, from);
            // One at a time: a mapping that was put together from others can only be moved in its parts.
            for (std::size_t page = 0; page < moved; page += kHugePage)
                move_page(static_cast<char*>(from) + rest + page, block + page);
            block += moved;
            bytes -= moved;
        }
    }

    static void move_page(char* from, char* to) {
        if (mremap(from, kHugePage, kHugePage, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED) return;
        // Too many mappings: a fresh page instead.
        munmap(from, kHugePage);
        if (mmap(to, kHugePage, kAccess, kFresh | MAP_FIXED, -1, 0) == MAP_FAILED)
            throw_out_of_memory(kHugePage);
    }

    void keep_at_most(std::uint64_t bytes) {
        while (kept_bytes_ > bytes) {
            const auto smallest = kept_.begin();
            munmap(smallest->second, smallest->first);
            kept_bytes_ -= smallest->first;
            kept_.erase(smallest);
        }
    }

    /// Huge blocks begin where a huge page can.
    static void* try_map(std::size_t bytes) {
        const std::size_t more = bytes >= kHugePage ? kHugePage : 0;
        void* const all = mmap(nullptr, bytes + more, kAccess, kFresh, -1, 0);
        if (all == MAP_FAILED || more == 0) return all;
        char* const begin = static_cast<char*>(all);
        const std::size_t before =
            (kHugePage - reinterpret_cast<std::uintptr_t>(begin) % kHugePage) % kHugePage;
        if (before > 0) munmap(begin, before);
        munmap(begin + before + bytes, more - before);
        return begin + before;
    }

    [[noreturn]] static void throw_out_of_memory(std::size_t bytes) {
        throw Error(
            ErrorCode::out_of_memory,
            fmt::format(
                "no memory for {} MiB of tensors: ask for a smaller size, fewer frames or --low-memory",
                bytes >> 20));
    }

    void put_back(float* block, std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        account_.remove(bytes);
        kept_.emplace(bytes, block);
        kept_bytes_ += bytes;
    }

    Account account_;
    mutable std::mutex mutex_;
    std::multimap<std::size_t, void*> kept_;  // free blocks by size
    std::uint64_t kept_bytes_ = 0;
    std::uint64_t most_live_ = 0;  // since the last trim
};

}  // namespace

std::string_view name_of(DType type) {
    switch (type) {
        case DType::f32:
            return "f32";
        case DType::f16:
            return "f16";
        case DType::bf16:
            return "bf16";
        case DType::i64:
            return "i64";
        case DType::u8:
            return "u8";
        case DType::i8:
            return "i8";
    }
    return "?";
}

std::size_t bytes_of(DType type) {
    switch (type) {
        case DType::f32:
            return 4;
        case DType::f16:
        case DType::bf16:
            return 2;
        case DType::i64:
            return 8;
        case DType::u8:
        case DType::i8:
            return 1;
    }
    return 0;
}

std::uint64_t bytes_of(DType type, const Shape& shape) {
    return static_cast<std::uint64_t>(shape.elements()) * bytes_of(type);
}

Shape::Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const std::int64_t> dims) : rank_(static_cast<int>(dims.size())) {
    STILLREEL_CHECK(rank_ <= kMaxRank);
    std::copy(dims.begin(), dims.end(), dims_.begin());
}

std::int64_t Shape::elements() const {
    std::int64_t product = 1;
    for (const std::int64_t dim : dims()) product *= dim;
    return product;
}

Shape Shape::with_last(std::int64_t size) const {
    Shape shape = *this;
    shape.dims_[rank_ - 1] = size;
    return shape;
}

std::string to_string(const Shape& shape) { return fmt::format("({})", fmt::join(shape.dims(), ", ")); }

std::shared_ptr<Pool> Pool::create(Kind kind) {
    if (kind == Kind::meta) return std::make_shared<MetaPool>();
    return std::make_shared<MemoryPool>();
}

Tensor::Tensor(Pool& pool, Shape shape) : storage_(pool.allocate(shape.elements())), shape_(shape) {}

const float* Tensor::data() const {
    STILLREEL_CHECK(!empty());
    return storage_.get() ? storage_.get() + offset_ : nullptr;
}

float* Tensor::mutable_data() {
    STILLREEL_CHECK(sole_owner());
    return storage_.get() ? storage_.get() + offset_ : nullptr;
}

Tensor Tensor::reshaped(Shape shape) const {
    STILLREEL_CHECK_EQ(shape.elements(), elements());
    Tensor other = *this;
    other.shape_ = shape;
    return other;
}

Tensor Tensor::slice(std::int64_t begin, std::int64_t count) const {
    STILLREEL_CHECK(begin >= 0 && count >= 0 && begin + count <= shape_[0]);
    Tensor other = *this;
    const std::int64_t entry = shape_[0] ? elements() / shape_[0] : 0;
    other.offset_ += begin * entry;
    std::array<std::int64_t, Shape::kMaxRank> dims{};
    std::copy(shape_.dims().begin(), shape_.dims().end(), dims.begin());
    dims[0] = count;
    other.shape_ = Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(shape_.rank())));
    return other;
}

}  // namespace stillreel::tensor
