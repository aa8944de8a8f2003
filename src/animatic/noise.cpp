#include "animatic/noise.h"

#include <algorithm>

#include "base/random.h"

namespace stillreel::animatic {
namespace {

float value_noise(std::uint64_t seed, int cells, float x, float y) {
    const int ix = static_cast<int>(x), iy = static_cast<int>(y);
    const float tx = smoothstep(0, 1, x - static_cast<float>(ix));
    const float ty = smoothstep(0, 1, y - static_cast<float>(iy));
    const auto knot = [&](int i, int j) {
        return hash_unit(seed, static_cast<std::uint64_t>(i % cells), static_cast<std::uint64_t>(j % cells));
    };
    const float top = knot(ix, iy) * (1 - tx) + knot(ix + 1, iy) * tx;
    const float bottom = knot(ix, iy + 1) * (1 - tx) + knot(ix + 1, iy + 1) * tx;
    return top * (1 - ty) + bottom * ty;
}

}  // namespace

NoiseTile::NoiseTile(std::uint64_t seed) : values_(kStride * kStride) {
    for (int y = 0; y < kStride; ++y) {
        for (int x = 0; x < kStride; ++x) {
            float sum = 0, weight = 0.5f;
            for (int octave = 0, cells = 4; octave < 4; ++octave, cells *= 2, weight *= 0.5f) {
                const float scale = static_cast<float>(cells) / kSide;
                sum += weight * value_noise(seed + octave, cells, static_cast<float>(x & kMask) * scale,
                                            static_cast<float>(y & kMask) * scale);
            }
            // The octaves' sum crowds around its mean: stretch it over the range.
            values_[y * kStride + x] = std::clamp((sum / 0.9375f - 0.5f) * 1.7f + 0.5f, 0.0f, 1.0f);
        }
    }
}

}  // namespace stillreel::animatic
