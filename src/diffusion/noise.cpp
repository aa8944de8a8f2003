#include "diffusion/noise.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <sstream>

#include "base/error.h"

namespace stillreel::diffusion {
namespace {

constexpr std::size_t kBlock = 16;

/// The low `bits` of a word as a fraction: how PyTorch fills a mantissa of that many bits.
template <class Value>
Value fraction(std::uint64_t word, int bits) {
    return static_cast<Value>(word & ((std::uint64_t{1} << bits) - 1)) *
           static_cast<Value>(std::ldexp(1.0, -bits));
}

/// Box-Muller over 16 uniforms: element j pairs with j + 8.
template <class Value>
void normals_of_block(Value* block) {
    constexpr Value kTwoPi = static_cast<Value>(2 * std::numbers::pi);
    for (std::size_t j = 0; j < kBlock / 2; ++j) {
        const Value u1 = 1 - block[j];  // [0, 1) to (0, 1] for the logarithm
        const Value radius = std::sqrt(-2 * std::log(u1));
        const Value theta = kTwoPi * block[j + 8];
        block[j] = radius * std::cos(theta);
        block[j + 8] = radius * std::sin(theta);
    }
}

std::size_t whole_blocks(std::size_t size) { return size / kBlock * kBlock; }

}  // namespace

std::uint64_t TorchGenerator::word64() {
    const std::uint64_t high = engine_();
    return (high << 32) | engine_();
}

double TorchGenerator::normal_scalar() {
    if (has_cached_normal_) {
        has_cached_normal_ = false;
        return cached_normal_;
    }
    const double u1 = fraction<double>(word64(), 53);
    const double u2 = fraction<double>(word64(), 53);
    const double radius = std::sqrt(-2 * std::log1p(-u2));
    const double theta = 2 * std::numbers::pi * u1;
    cached_normal_ = radius * std::sin(theta);
    has_cached_normal_ = true;
    return radius * std::cos(theta);
}

template <class Value, class Uniform>
void TorchGenerator::fill_normals(std::span<Value> out, std::size_t uniforms, Uniform uniform) {
    if (out.size() < kBlock) {
        for (Value& value : out) value = static_cast<Value>(normal_scalar());
        return;
    }
    for (Value& value : out.first(uniforms)) value = uniform();
    const std::size_t whole = whole_blocks(out.size());
    for (std::size_t i = 0; i < whole; i += kBlock) normals_of_block(&out[i]);
    if (whole == out.size()) return;
    // The last 16 values are drawn anew, over the end of the last whole block.
    const auto tail = out.last(kBlock);
    for (Value& value : tail) value = uniform();
    normals_of_block(tail.data());
}

void TorchGenerator::rand(std::span<float> out) {
    for (float& value : out) value = fraction<float>(engine_(), 24);
}

void TorchGenerator::randn(std::span<float> out) {
    fill_normals(out, out.size(), [this] { return fraction<float>(engine_(), 24); });
}

void TorchGenerator::randn(std::span<double> out) {
    fill_normals(out, out.size(), [this] { return fraction<double>(word64(), 53); });
}

void TorchGenerator::randn_half(std::span<float> out) {
    fill_normals(out, whole_blocks(out.size()), [this] { return fraction<float>(engine_(), 24); });
}

void TorchGenerator::randint(std::uint32_t end, std::span<std::int64_t> out) {
    // Ranges above 2^28 take two words, so that the remainder's bias stays small.
    const bool wide = end >= (1u << 28);
    for (std::int64_t& value : out) value = static_cast<std::int64_t>((wide ? word64() : engine_()) % end);
}

std::string TorchGenerator::state() const {
    std::ostringstream text;
    text << engine_ << ' ' << has_cached_normal_ << ' ' << std::bit_cast<std::uint64_t>(cached_normal_);
    return text.str();
}

void TorchGenerator::restore(std::string_view state) {
    std::istringstream text{std::string(state)};
    TorchGenerator read(0);
    std::uint64_t cached = 0;
    if (!(text >> read.engine_ >> read.has_cached_normal_ >> cached))
        throw Error(ErrorCode::corrupt_data, "the saved state of the random generator is damaged");
    read.cached_normal_ = std::bit_cast<double>(cached);
    *this = read;
}

}  // namespace stillreel::diffusion
