// The numbers of weight files to float32 and back.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "tensor/tensor.h"

namespace stillreel::tensor {
namespace {

// Without branches, so that compilers make vectors of the loops below.
float float_of_half(std::uint16_t half) {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
    const auto magnitude = static_cast<std::int32_t>(half & 0x7fffu) << 13;
    // The exponent's bias grows from 15 to 127 by a multiplication, which makes subnormals right as well.
    const float value = std::bit_cast<float>(magnitude) * 0x1p112f;
    const std::uint32_t endless = magnitude >= (0x7c00 << 13) ? 0x7f800000u : 0u;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | endless | sign);
}

std::uint16_t half_of_float(float number) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(number);
    const std::uint32_t sign = (bits >> 16) & 0x8000u;
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return static_cast<std::uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
    if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // 65520 and above
    if (magnitude < 0x38800000u) {
        // Below the smallest normal half: adding 0.5 leaves the steps of 2^-24 in the last bits, rounded.
        const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
        return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
    }
    const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

float float_of_bfloat(std::uint16_t word) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(word) << 16);
}

std::uint16_t bfloat_of_float(float number) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(number);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
    return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

template <class Convert>
void read_words(const std::byte* from, std::span<float> out, Convert convert) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        std::uint16_t word;
        std::memcpy(&word, from + i * sizeof word, sizeof word);
        out[i] = convert(word);
    }
}

float scale_of(const WeightData& weight, std::int64_t row) {
    float scale;
    std::memcpy(&scale, weight.scales + static_cast<std::size_t>(row) * sizeof scale, sizeof scale);
    return scale;
}

void read_scaled(const WeightData& weight, std::int64_t begin, std::span<float> out) {
    STILLREEL_CHECK(weight.scales != nullptr);
    const std::int64_t width = weight.shape.elements() / weight.shape[0];
    const auto* q = reinterpret_cast<const std::int8_t*>(weight.data) + begin;
    for (std::size_t i = 0; i < out.size();) {
        const std::int64_t at = begin + static_cast<std::int64_t>(i), row = at / width;
        const float scale = scale_of(weight, row);
        const std::size_t end = std::min(out.size(), i + static_cast<std::size_t>((row + 1) * width - at));
        for (; i < end; ++i) out[i] = static_cast<float>(q[i]) * scale;
    }
}

/// The nearest whole number, ties to even, of numbers up to 2^22: additions that a compiler can do many of at
/// once.
float rounded(float x) {
    constexpr float kShift = 12582912;  // 1.5 * 2^23
    return (x + kShift) - kShift;
}

template <class Convert>
void write_words(std::span<const float> numbers, std::byte* out, Convert convert) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const std::uint16_t word = convert(numbers[i]);
        std::memcpy(out + i * sizeof word, &word, sizeof word);
    }
}

}  // namespace

void read_floats(const WeightData& weight, std::int64_t begin, std::span<float> out) {
    STILLREEL_CHECK(weight.data != nullptr);
    STILLREEL_CHECK(begin >= 0 && begin + static_cast<std::int64_t>(out.size()) <= weight.shape.elements());
    const std::byte* from = weight.data + static_cast<std::size_t>(begin) * bytes_of(weight.type);
    switch (weight.type) {
        case DType::f32:
            std::memcpy(out.data(), from, out.size_bytes());
            return;
        case DType::f16:
            return read_words(from, out, float_of_half);
        case DType::bf16:
            return read_words(from, out, float_of_bfloat);
        case DType::i8:
            return read_scaled(weight, begin, out);
        default:
            STILLREEL_CHECK(weight.type == DType::f32);
    }
}

float quantise_weights(std::span<const float> weights, std::int8_t* q) {
    constexpr float kMost = 127;
    float greatest = 0, poison = 0;
    for (const float w : weights) greatest = std::max(greatest, std::abs(w)), poison += w * 0;
    const float scale = greatest / kMost + poison;
    const float per_scale = scale >= 1e-30f ? 1 / scale : 0;
    if (!(per_scale > 0))
        std::fill_n(q, weights.size(), std::int8_t{0});
    else
        for (std::size_t i = 0; i < weights.size(); ++i)
            q[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(rounded(weights[i] * per_scale)));
    return scale;
}

float read_quantised(const WeightData& weight, std::int64_t row, std::span<std::int8_t> q) {
    STILLREEL_CHECK(weight.type == DType::i8 && weight.scales != nullptr);
    STILLREEL_CHECK_EQ(static_cast<std::int64_t>(q.size()), weight.shape.elements() / weight.shape[0]);
    std::memcpy(q.data(), weight.data + static_cast<std::size_t>(row) * q.size(), q.size());
    return scale_of(weight, row);
}

void write_floats(std::span<const float> numbers, DType type, std::byte* out) {
    switch (type) {
        case DType::f32:
            std::memcpy(out, numbers.data(), numbers.size_bytes());
            return;
        case DType::f16:
            return write_words(numbers, out, half_of_float);
        case DType::bf16:
            return write_words(numbers, out, bfloat_of_float);
        default:
            STILLREEL_CHECK(type == DType::f32);
    }
}

}  // namespace stillreel::tensor
