#include <gtest/gtest.h>

#include <cstring>

#include "support/throws.h"
#include "tensor/kernels.h"

namespace stillreel::tensor {
namespace {

using testing::cpu_ops;

/// Keeps copies of the arrays, and gives them back in the same order.
class Memory final : public PackedStore {
  public:
    bool restore(Packed& empty, ThreadPool&) override {
        if (at_ == kept_.size()) return false;
        for (const std::span<std::byte> array : empty.arrays()) {
            EXPECT_EQ(std::ranges::count_if(array, [](std::byte b) { return b != std::byte{}; }), 0);
            const std::vector<std::byte>& copy = kept_.at(at_++);
            EXPECT_EQ(copy.size(), array.size());
            std::memcpy(array.data(), copy.data(), array.size());
        }
        return true;
    }
    void keep(Packed& packed, ThreadPool&) override {
        std::uint64_t bytes = 0;
        for (const std::span<std::byte> array : packed.arrays()) {
            kept_.emplace_back(array.begin(), array.end());
            bytes += array.size();
        }
        EXPECT_EQ(bytes, packed.bytes) << "arrays() leaves something out";
        at_ = kept_.size();
    }
    void rewind() { at_ = 0; }
    bool at_end() const { return at_ == kept_.size(); }

  private:
    std::vector<std::vector<std::byte>> kept_;
    std::size_t at_ = 0;
};

/// A linear layer, a geglu and a convolution of every precision, and what they make of a ramp.
std::vector<std::vector<float>> results(PackedStore* store, float scale_of_weights) {
    Ops ops = cpu_ops(2);
    ops.keep_packed_in(store);
    std::vector<std::vector<float>> results;
    const auto numbers = [](std::int64_t count, float scale) {
        std::vector<float> all(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i] = scale * (static_cast<float>(i * 31 % 97) / 48 - 1);
        return all;
    };
    const auto of = [](const std::vector<float>& all, const Shape& shape) {
        return WeightData{DType::f32, shape, reinterpret_cast<const std::byte*>(all.data())};
    };
    const auto keep = [&](const Tensor& y) { results.emplace_back(y.span().begin(), y.span().end()); };
    const std::vector<float> matrix = numbers(80 * 72, scale_of_weights), bias = numbers(80, 1);
    const std::vector<float> kernel = numbers(40 * 12 * 9, scale_of_weights);
    const WeightData biases = of(bias, {80});
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
        const Tensor x = ops.upload({5, 72}, numbers(5 * 72, 1));
        keep(ops.linear(x, *ops.pack_linear(of(matrix, {80, 72}), &biases, precision)));
        keep(ops.linear(x, *ops.pack_geglu(of(matrix, {80, 72}), &biases, precision)));
        keep(ops.conv(ops.upload({1, 6, 7, 12}, numbers(6 * 7 * 12, 1)),
                      *ops.pack_conv(of(kernel, {40, 12, 3, 3}), nullptr, Window::same3x3(), precision)));
    }
    return results;
}

TEST(PackedStore, WeightsThatWereKeptComputeTheSameBitsWithoutBeingRead) {
    Memory store;
    const auto packed = results(&store, 1);
    EXPECT_EQ(packed, results(nullptr, 1));
    store.rewind();
    EXPECT_EQ(results(&store, 0), packed) << "the weights came from the files, which hold zeros now";
    EXPECT_TRUE(store.at_end());
}

}  // namespace
}  // namespace stillreel::tensor
