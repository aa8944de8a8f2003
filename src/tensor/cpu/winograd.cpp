#include "tensor/cpu/winograd.h"

#include <algorithm>
#include <array>
#include <vector>

#include "tensor/cpu/panels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/winograd.cpp"
#include <hwy/foreach_target.h>  // before the others

#include <hwy/highway.h>

#include "tensor/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using V = hn::Vec<Floats>;
constexpr std::int64_t kLanes = hn::MaxLanes(Floats());

/// A direction without a window.
struct One {
    static constexpr int kTile = 1, kSide = 1;
    static HWY_INLINE void places_of(const V* d, V* v) { v[0] = d[0]; }
    static HWY_INLINE void pixels_of(const V* m, V* y) { y[0] = m[0]; }
};

/// One direction of F(2, 3) with the points 0, +-1 and infinity.
struct Two {
    static constexpr int kTile = 2, kSide = 4;
    static HWY_INLINE void places_of(const V* d, V* v) {
        v[0] = hn::Sub(d[2], d[0]);
        v[1] = hn::Add(d[1], d[2]);
        v[2] = hn::Sub(d[2], d[1]);
        v[3] = hn::Sub(d[3], d[1]);
    }
    static HWY_INLINE void pixels_of(const V* m, V* y) {
        y[0] = hn::Add(hn::Add(m[0], m[1]), m[2]);
        y[1] = hn::Add(hn::Sub(m[1], m[2]), m[3]);
    }
};

/// One direction of F(4, 3) with the points 0, +-p, +-q and infinity.
struct Four {
    static constexpr int kTile = 4, kSide = 6;
    static constexpr float kP = 0.75f, kQ = 1.5f, kP2 = kP * kP, kQ2 = kQ * kQ;
    static HWY_INLINE void places_of(const V* d, V* v) {
        const Floats f;
        const V p2 = hn::Set(f, kP2), q2 = hn::Set(f, kQ2), p = hn::Set(f, kP), q = hn::Set(f, kQ);
        const V both = hn::Set(f, kP2 + kQ2), product = hn::Set(f, kP2 * kQ2);
        const V even_p = hn::NegMulAdd(q2, d[2], d[4]), odd_p = hn::NegMulAdd(q2, d[1], d[3]);
        const V even_q = hn::NegMulAdd(p2, d[2], d[4]), odd_q = hn::NegMulAdd(p2, d[1], d[3]);
        v[0] = hn::MulAdd(product, d[0], hn::NegMulAdd(both, d[2], d[4]));
        v[1] = hn::MulAdd(p, odd_p, even_p);
        v[2] = hn::NegMulAdd(p, odd_p, even_p);
        v[3] = hn::MulAdd(q, odd_q, even_q);
        v[4] = hn::NegMulAdd(q, odd_q, even_q);
        v[5] = hn::MulAdd(product, d[1], hn::NegMulAdd(both, d[3], d[5]));
    }
    static HWY_INLINE void pixels_of(const V* m, V* y) {
        const Floats f;
        const V even_p = hn::Add(m[1], m[2]), odd_p = hn::Sub(m[1], m[2]);
        const V even_q = hn::Add(m[3], m[4]), odd_q = hn::Sub(m[3], m[4]);
        y[0] = hn::Add(m[0], hn::Add(even_p, even_q));
        y[1] = hn::MulAdd(hn::Set(f, kP), odd_p, hn::Mul(hn::Set(f, kQ), odd_q));
        y[2] = hn::MulAdd(hn::Set(f, kP2), even_p, hn::Mul(hn::Set(f, kQ2), even_q));
        y[3] = hn::MulAdd(hn::Set(f, kP2 * kP), odd_p, hn::MulAdd(hn::Set(f, kQ2 * kQ), odd_q, m[5]));
    }
};

/// One vector of channels of one tile; at(i) is pixel i's.
template <class Down, class Across, class At>
HWY_INLINE void places_of_tile(const At& at, float* to, std::int64_t plane) {
    constexpr int kRows = Down::kSide, kColumns = Across::kSide;
    V columns[kColumns][kRows];  // [column][place]
#pragma GCC unroll 6
    for (int j = 0; j < kColumns; ++j) {
        V pixels[kRows];
#pragma GCC unroll 6
        for (int i = 0; i < kRows; ++i) pixels[i] = at(i * kColumns + j);
        Down::places_of(pixels, columns[j]);
    }
#pragma GCC unroll 6
    for (int i = 0; i < kRows; ++i) {
        V row[kColumns], places[kColumns];
#pragma GCC unroll 6
        for (int j = 0; j < kColumns; ++j) row[j] = columns[j][i];
        Across::places_of(row, places);
#pragma GCC unroll 6
        for (int j = 0; j < kColumns; ++j) hn::Store(places[j], Floats(), to + (i * kColumns + j) * plane);
    }
}

template <class Down, class Across>
void inputs(const WinogradInputs& args) {
    const Floats d;
    for (std::int64_t tile = 0; tile < args.tiles; ++tile) {
        const float* const* pixels = args.pixels + tile * Down::kSide * Across::kSide;
        float* to = args.places + tile * args.stride;
        std::int64_t c = 0;
        for (; c + kLanes <= args.channels; c += kLanes)
            places_of_tile<Down, Across>([&](int i) HWY_ATTR { return hn::LoadU(d, pixels[i] + c); }, to + c,
                                         args.plane);
        if (c < args.channels)
            places_of_tile<Down, Across>(
                [&](int i) HWY_ATTR { return load_first(d, pixels[i] + c, args.channels - c); }, to + c,
                args.plane);
    }
}

/// One vector of outputs of one tile: from its sums to to[row][column].
template <class Down, class Across>
HWY_INLINE void pixels_of_tile(const float* from, std::int64_t plane, std::int64_t line, std::int64_t columns,
                               float* to) {
    constexpr int kRows = Down::kSide, kColumns = Across::kSide;
    V sums[kColumns][Down::kTile];  // [column][row]
#pragma GCC unroll 6
    for (int j = 0; j < kColumns; ++j) {
        V places[kRows];
#pragma GCC unroll 6
        for (int i = 0; i < kRows; ++i) places[i] = hn::Load(Floats(), from + (i * kColumns + j) * plane);
        Down::pixels_of(places, sums[j]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < Down::kTile; ++i) {
        V row[kColumns], pixels[Across::kTile];
#pragma GCC unroll 6
        for (int j = 0; j < kColumns; ++j) row[j] = sums[j][i];
        Across::pixels_of(row, pixels);
#pragma GCC unroll 4
        for (int j = 0; j < Across::kTile; ++j)
            if (j < columns) hn::Store(pixels[j], Floats(), to + i * line + j * kPanel);
    }
}

template <class Down, class Across>
void sums(const WinogradSums& args) {
    const std::int64_t line = args.panels * args.pixels * kPanel;
    for (std::int64_t panel = 0; panel < args.panels; ++panel)
        for (std::int64_t tile = 0; tile < args.tiles; ++tile) {
            const float* from = args.sums + panel * args.panel + tile * kPanel;
            const std::int64_t column = Across::kTile * tile;
            float* to = args.lines + (panel * args.pixels + column) * kPanel;
            for (std::int64_t lane = 0; lane < kPanel; lane += kLanes)
                pixels_of_tile<Down, Across>(from + lane, args.plane, line, args.pixels - column, to + lane);
        }
}

void Inputs(const WinogradInputs& args) {
    if (args.tile == WinogradTile{2, 2}) return inputs<Two, Two>(args);
    args.tile.columns == 1 ? inputs<Four, One>(args) : inputs<Four, Four>(args);
}
void Sums(const WinogradSums& args) {
    if (args.tile == WinogradTile{2, 2}) return sums<Two, Two>(args);
    args.tile.columns == 1 ? sums<Four, One>(args) : sums<Four, Four>(args);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::tensor {
namespace {
HWY_EXPORT(Inputs);
HWY_EXPORT(Sums);

/// From a kernel's three numbers to places, without the one at infinity: values of the kernel's polynomial at
/// the points, each over the product of its distances to the others.
std::vector<std::array<double, 3>> rows_of(std::int64_t tile) {
    const std::vector<double> points =
        tile == 2 ? std::vector<double>{0, 1, -1} : std::vector<double>{0, 0.75, -0.75, 1.5, -1.5};
    std::vector<std::array<double, 3>> rows;
    for (const double x : points) {
        double distances = 1;
        for (const double other : points)
            if (other != x) distances *= x - other;
        rows.push_back({1 / distances, x / distances, x * x / distances});
    }
    rows.push_back({0, 0, 1});
    return rows;
}
}  // namespace

void winograd_weights(const WinogradTile& tile, const float* kernels, std::int64_t count, float* places) {
    const std::vector<std::array<double, 3>> rows = rows_of(tile.rows);
    const auto dot = [](const std::array<double, 3>& row, const float* k, int apart) {
        return row[0] * k[0] + row[1] * k[apart] + row[2] * k[2 * apart];
    };
    const bool flat = tile.columns == 1;
    for (std::int64_t n = 0; n < count; ++n)
        for (const std::array<double, 3>& down : rows) {
            if (flat) {
                *places++ = static_cast<float>(dot(down, kernels + n * 3, 1));
                continue;
            }
            std::array<double, 3> line;
            for (int j = 0; j < 3; ++j) line[j] = dot(down, kernels + n * 9 + j, 3);
            for (const std::array<double, 3>& across : rows)
                *places++ =
                    static_cast<float>(across[0] * line[0] + across[1] * line[1] + across[2] * line[2]);
        }
}

void winograd_inputs(const WinogradInputs& args) { HWY_DYNAMIC_DISPATCH(Inputs)(args); }
void winograd_sums(const WinogradSums& args) { HWY_DYNAMIC_DISPATCH(Sums)(args); }

}  // namespace stillreel::tensor
#endif
