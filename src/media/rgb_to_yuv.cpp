#include "media/rgb_to_yuv.h"

#include <cstring>

#include "base/check.h"

// The same whole-number code for wider registers, chosen when the program is loaded. Sanitizers cannot run in
// the loader's resolvers.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define STILLREEL_WIDE __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define STILLREEL_WIDE
#endif

namespace stillreel::media {
namespace {

// 219/255 * {0.2126, 0.7152, 0.0722} * 65536.
constexpr std::int32_t kYR = 11966, kYG = 40254, kYB = 4064;
constexpr std::int32_t kYOffset = (16 << 16) + (1 << 15);
// 224/255 * (B - Y) / 1.8556 and 224/255 * (R - Y) / 1.5748, * 32768. Each row sums to 0: grey stays grey.
constexpr std::int32_t kUR = -3298, kUG = -11094, kUB = 14392;
constexpr std::int32_t kVR = 14392, kVG = -13072, kVB = -1320;
// Weight 8 of the chroma filter (2 rows x 1 2 1) and 15 bits of coefficient.
constexpr int kChromaShift = 18;
constexpr std::int32_t kChromaOffset = (128 << kChromaShift) + (1 << (kChromaShift - 1));

std::uint32_t load_pixel(const std::uint8_t* at) {
    std::uint32_t pixel;
    std::memcpy(&pixel, at, 4);
    return pixel;
}

STILLREEL_WIDE void rows_to_luma(const std::uint8_t* __restrict upper, const std::uint8_t* __restrict lower,
                                 std::uint8_t* __restrict y_upper, std::uint8_t* __restrict y_lower,
                                 std::int32_t* __restrict u, std::int32_t* __restrict v, int width) {
    for (int x = 0; x < width; ++x) {
        const std::uint32_t p = load_pixel(upper + 4 * static_cast<std::ptrdiff_t>(x));
        const std::uint32_t q = load_pixel(lower + 4 * static_cast<std::ptrdiff_t>(x));
        const std::int32_t pr = p & 255, pg = (p >> 8) & 255, pb = (p >> 16) & 255;
        const std::int32_t qr = q & 255, qg = (q >> 8) & 255, qb = (q >> 16) & 255;
        y_upper[x] = static_cast<std::uint8_t>((kYR * pr + kYG * pg + kYB * pb + kYOffset) >> 16);
        y_lower[x] = static_cast<std::uint8_t>((kYR * qr + kYG * qg + kYB * qb + kYOffset) >> 16);
        const std::int32_t r = pr + qr, g = pg + qg, b = pb + qb;
        u[x] = kUR * r + kUG * g + kUB * b;
        v[x] = kVR * r + kVG * g + kVB * b;
    }
}

/// `before` points at the column left of the first one.
STILLREEL_WIDE void halve_chroma(const std::int32_t* __restrict before, std::uint8_t* __restrict out,
                                 int count) {
    for (int i = 0; i < count; ++i) {
        const std::int32_t sum = before[2 * i] + 2 * before[2 * i + 1] + before[2 * i + 2];
        out[i] = static_cast<std::uint8_t>((sum + kChromaOffset) >> kChromaShift);
    }
}

}  // namespace

Yuv420Converter::Yuv420Converter(int width_px)
    : width_px_(width_px), u_row_(static_cast<std::size_t>(width_px) + 1), v_row_(u_row_.size()) {
    STILLREEL_CHECK(width_px >= 2 && width_px % 2 == 0);
}

void Yuv420Converter::convert(const FrameView& frame, const Yuv420Planes& planes) {
    STILLREEL_CHECK_EQ(frame.width_px, width_px_);
    STILLREEL_CHECK_EQ(frame.height_px % 2, 0);
    for (int row = 0; row < frame.height_px; row += 2) {
        const std::uint8_t* upper = frame.pixels + row * frame.stride_bytes;
        std::uint8_t* y = planes.y + row * planes.y_stride_bytes;
        rows_to_luma(upper, upper + frame.stride_bytes, y, y + planes.y_stride_bytes, u_row_.data() + 1,
                     v_row_.data() + 1, width_px_);
        u_row_[0] = u_row_[1];
        v_row_[0] = v_row_[1];
        halve_chroma(u_row_.data(), planes.u + row / 2 * planes.u_stride_bytes, width_px_ / 2);
        halve_chroma(v_row_.data(), planes.v + row / 2 * planes.v_stride_bytes, width_px_ / 2);
    }
}

}  // namespace stillreel::media
