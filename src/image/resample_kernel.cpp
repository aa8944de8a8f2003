#include "image/resample_kernel.h"

#include <algorithm>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace stillreel::image {
namespace {

constexpr int kLowBits = 12;
constexpr int kPrecisionBits = 22;

}  // namespace

void append_paired(const std::int32_t* weights, int count, std::vector<PairedWeights>& paired) {
    for (int t = 0; t < count; t += 2) {
        PairedWeights pair = {};
        for (int i = 0; i < 2 && t + i < count; ++i) {
            pair.low[i] = static_cast<std::int16_t>(weights[t + i] & ((1 << kLowBits) - 1));
            pair.high[i] = static_cast<std::int16_t>(weights[t + i] >> kLowBits);
        }
        paired.push_back(pair);
    }
}

#if defined(__SSE2__)

void weighted_sum(const std::uint8_t* first, std::ptrdiff_t stride, int taps, const PairedWeights* weights,
                  std::uint8_t* out) {
    const __m128i zero = _mm_setzero_si128();
    __m128i low[4] = {zero, zero, zero, zero}, high[4] = {zero, zero, zero, zero};
    for (int t = 0; t < taps; t += 2, ++weights) {
        const std::uint8_t* row = first + t * stride;
        const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row));
        const __m128i b =
            t + 1 < taps ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + stride)) : zero;
        const __m128i weight_low = _mm_set1_epi32(static_cast<std::uint16_t>(weights->low[0]) |
                                                  static_cast<std::uint16_t>(weights->low[1]) << 16);
        const __m128i weight_high = _mm_set1_epi32(
            static_cast<int>(static_cast<std::uint16_t>(weights->high[0]) |
                             static_cast<unsigned>(static_cast<std::uint16_t>(weights->high[1])) << 16));
        const __m128i near = _mm_unpacklo_epi8(a, b), far = _mm_unpackhi_epi8(a, b);
        const __m128i pairs[4] = {_mm_unpacklo_epi8(near, zero), _mm_unpackhi_epi8(near, zero),
                                  _mm_unpacklo_epi8(far, zero), _mm_unpackhi_epi8(far, zero)};
        for (int i = 0; i < 4; ++i) {
            low[i] = _mm_add_epi32(low[i], _mm_madd_epi16(pairs[i], weight_low));
            high[i] = _mm_add_epi32(high[i], _mm_madd_epi16(pairs[i], weight_high));
        }
    }
    const __m128i half = _mm_set1_epi32(1 << (kPrecisionBits - 1));
    __m128i sum[4];
    for (int i = 0; i < 4; ++i) {
        const __m128i whole = _mm_add_epi32(_mm_slli_epi32(high[i], kLowBits), low[i]);
        sum[i] = _mm_srai_epi32(_mm_add_epi32(whole, half), kPrecisionBits);
    }
    const __m128i bytes = _mm_packus_epi16(_mm_packs_epi32(sum[0], sum[1]), _mm_packs_epi32(sum[2], sum[3]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
}

void transpose_16x16(const std::uint8_t* rows, std::ptrdiff_t stride, std::uint8_t* out,
                     std::ptrdiff_t out_stride) {
    __m128i a[16], b[16];
    for (int i = 0; i < 16; ++i) a[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows + i * stride));
    // Four rounds of interleaving row i with row i + 8 turn rows into columns.
    const auto interleave = [](const __m128i* from, __m128i* to) {
        for (int i = 0; i < 8; ++i) {
            to[2 * i] = _mm_unpacklo_epi8(from[i], from[i + 8]);
            to[2 * i + 1] = _mm_unpackhi_epi8(from[i], from[i + 8]);
        }
    };
    interleave(a, b);
    interleave(b, a);
    interleave(a, b);
    interleave(b, a);
    for (int i = 0; i < 16; ++i) _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i * out_stride), a[i]);
}

#else

void weighted_sum(const std::uint8_t* first, std::ptrdiff_t stride, int taps, const PairedWeights* weights,
                  std::uint8_t* out) {
    std::int32_t sum[kLanes];
    std::fill(sum, sum + kLanes, 1 << (kPrecisionBits - 1));
    for (int t = 0; t < taps; ++t) {
        const PairedWeights& pair = weights[t / 2];
        const std::int32_t weight = pair.high[t % 2] * (1 << kLowBits) + pair.low[t % 2];
        for (int i = 0; i < kLanes; ++i) sum[i] += weight * first[t * stride + i];
    }
    for (int i = 0; i < kLanes; ++i)
        out[i] = static_cast<std::uint8_t>(std::clamp(sum[i] >> kPrecisionBits, 0, 255));
}

void transpose_16x16(const std::uint8_t* rows, std::ptrdiff_t stride, std::uint8_t* out,
                     std::ptrdiff_t out_stride) {
    for (int c = 0; c < 16; ++c)
        for (int r = 0; r < 16; ++r) out[c * out_stride + r] = rows[r * stride + c];
}

#endif

}  // namespace stillreel::image
