// Smooth randomness without state: a table made once, looked up anywhere, and cheap versions of two functions
// that the vertex loops need by the ten thousand.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace stillreel::animatic {

/// A square of fractal noise that continues itself on all sides, period 1 in x and y, values in [0, 1] around
/// 0.5.
class NoiseTile {
  public:
    explicit NoiseTile(std::uint64_t seed);

    /// Bilinear. Any x, y of magnitude up to about 1e4.
    float at(float x, float y) const {
        const float fx = x * kSide + kBias, fy = y * kSide + kBias;
        const int ix = static_cast<int>(fx), iy = static_cast<int>(fy);
        const float tx = fx - static_cast<float>(ix), ty = fy - static_cast<float>(iy);
        const float* a = &values_[(iy & kMask) * kStride + (ix & kMask)];
        const float* b = a + kStride;
        const float top = a[0] + (a[1] - a[0]) * tx;
        const float bottom = b[0] + (b[1] - b[0]) * tx;
        return top + (bottom - top) * ty;
    }

  private:
    static constexpr int kSide = 128, kMask = kSide - 1, kStride = kSide + 1;
    static constexpr float kBias = 1 << 15;  // makes truncation a floor; a multiple of the side
    std::vector<float> values_;
};

/// e^x for x in [-80, 0], relative error below 3e-4; straight-line code that compilers turn into vectors.
inline float fast_exp(float x) {
    const float y = (x < -80.0f ? -80.0f : x) * 1.44269504f;
    const int whole = static_cast<int>(y - 1.0f);  // y <= 0: truncation of y - 1 is at or below y
    const float part = y - static_cast<float>(whole);
    const float p = part - 1.0f;  // in (-1, 0]
    const float tail = 0.05550411f + p * (0.00961813f + p * 0.00133336f);
    const float power = 2.0f * (1.0f + p * (0.69314718f + p * (0.24022651f + p * tail)));
    return power * std::bit_cast<float>((whole + 127) << 23);
}

/// sin(2 pi x), error below 2e-3, |x| below about 1e5.
inline float fast_sin(float cycles) {
    const float x = cycles - static_cast<float>(static_cast<int>(cycles + (cycles < 0 ? -0.5f : 0.5f)));
    const float ax = x < 0 ? -x : x;
    const float y = 8.0f * x * (1.0f - 2.0f * ax);
    const float ay = y < 0 ? -y : y;
    return y * (0.775f + 0.225f * ay);
}

inline float smoothstep(float low, float high, float x) {
    float t = (x - low) / (high - low);
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return t * t * (3 - 2 * t);
}

}  // namespace stillreel::animatic
