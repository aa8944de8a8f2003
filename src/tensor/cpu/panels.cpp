#include "tensor/cpu/panels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/panels.cpp"
#include <hwy/foreach_target.h>  // before the others

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using V = hn::Vec<Floats>;

// A tile of sums stays in registers: with 32 registers of 16 floats 14 rows of a whole panel, with 16
// registers 6 rows of two vectors.
constexpr std::int64_t kLanes = hn::MaxLanes(Floats());
constexpr int kTileRows = kLanes == 16 ? 14 : 6;
constexpr std::int64_t kTileColumns = 2 * kLanes;

template <int kRows>
void multiply_tile(const PanelArgs& args, std::int64_t row, std::int64_t column) {
    const Floats d;
    const float* HWY_RESTRICT a = args.a + row * args.a_stride;
    const float* HWY_RESTRICT b = args.b + column;
    const float* start = args.start + row * args.start_stride + column;
    const std::int64_t a_stride = args.a_stride;
    V sums[kRows][2];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
        sums[r][0] = hn::Load(d, start + r * args.start_stride);
        sums[r][1] = hn::Load(d, start + r * args.start_stride + kLanes);
    }
    for (std::int64_t k = 0; k < args.depth; ++k, b += kPanel) {
        const V left = hn::Load(d, b);
        const V right = hn::Load(d, b + kLanes);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
            const V x = hn::Set(d, a[r * a_stride + k]);
            sums[r][0] = hn::MulAdd(x, left, sums[r][0]);
            sums[r][1] = hn::MulAdd(x, right, sums[r][1]);
        }
    }
    float* HWY_RESTRICT to = args.sums + row * kPanel + column;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
        hn::Store(sums[r][0], d, to + r * kPanel);
        hn::Store(sums[r][1], d, to + r * kPanel + kLanes);
    }
}

using Tile = void (*)(const PanelArgs&, std::int64_t, std::int64_t);
template <int... kRows>
constexpr std::array<Tile, sizeof...(kRows)> tiles(std::integer_sequence<int, kRows...>) {
    return {multiply_tile<kRows + 1>...};
}
constexpr auto kTiles = tiles(std::make_integer_sequence<int, kTileRows>());

void MultiplyPanel(const PanelArgs& args) {
    // Tiles of about equal height: a last one of one row would run at a fraction of the speed.
    const std::int64_t count = (args.rows + kTileRows - 1) / kTileRows;
    const std::int64_t height = (args.rows + count - 1) / std::max<std::int64_t>(1, count);
    for (std::int64_t column = 0; column < kPanel; column += kTileColumns)
        for (std::int64_t row = 0; row < args.rows; row += height)
            kTiles[std::min(height, args.rows - row) - 1](args, row, column);
}

HWY_INLINE V sigmoid(Floats d, V x) {
    const V one = hn::Set(d, 1.0f);
    return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(x))));
}
/// erf as a quotient of polynomials in x^2, as Eigen has it; beyond 4 it is 1 in float.
HWY_INLINE V erf(Floats d, V x) {
    const V limit = hn::Set(d, 4.0f);
    const V at = hn::Max(hn::Neg(limit), hn::Min(limit, x));
    const V square = hn::Mul(at, at);
    const auto polynomial = [&](const auto& factors) {
        V sum = hn::Set(d, factors[0]);
        for (std::size_t i = 1; i < std::size(factors); ++i)
            sum = hn::MulAdd(sum, square, hn::Set(d, factors[i]));
        return sum;
    };
    static constexpr float kAbove[] = {-2.72614225801306e-10f, 2.77068142495902e-08f,  -2.10102402082508e-06f,
                                       -5.69250639462346e-05f, -7.34990630326855e-04f, -2.95459980854025e-03f,
                                       -1.60960333262415e-02f};
    static constexpr float kBelow[] = {-1.45660718464996e-05f, -2.13374055278905e-04f, -1.68282697438203e-03f,
                                       -7.37332916720468e-03f, -1.42647390514189e-02f};
    return hn::Div(hn::Mul(at, polynomial(kAbove)), polynomial(kBelow));
}
HWY_INLINE V Silu(Floats d, V x) { return hn::Mul(x, sigmoid(d, x)); }
HWY_INLINE V QuickGelu(Floats d, V x) { return hn::Mul(x, sigmoid(d, hn::Mul(x, hn::Set(d, 1.702f)))); }
HWY_INLINE V Gelu(Floats d, V x) {
    const V half = hn::Mul(x, hn::Set(d, 0.5f));
    return hn::MulAdd(half, erf(d, hn::Mul(x, hn::Set(d, 0.70710678f))), half);
}

template <Activation kActivation>
HWY_INLINE V activated(Floats d, V x) {
    if constexpr (kActivation == Activation::silu) return Silu(d, x);
    if constexpr (kActivation == Activation::gelu) return Gelu(d, x);
    if constexpr (kActivation == Activation::quick_gelu) return QuickGelu(d, x);
    return x;
}

HWY_INLINE V load(Floats d, const float* from, std::int64_t count) {
    if (count == kLanes) return hn::LoadU(d, from);
    HWY_ALIGN float lanes[kLanes] = {};
    std::copy_n(from, count, lanes);
    return hn::Load(d, lanes);
}

HWY_INLINE void store(Floats d, V v, float* to, std::int64_t count) {
    if (count == kLanes) return hn::StoreU(v, d, to);
    HWY_ALIGN float lanes[kLanes];
    hn::Store(v, d, lanes);
    std::copy_n(lanes, count, to);
}

template <Activation kActivation>
void finish(const FinishArgs& args) {
    const Floats d;
    for (std::int64_t r = 0; r < args.rows; ++r) {
        const float* sums = args.sums + r * args.sums_stride;
        const float* gates = args.gates ? args.gates + r * args.sums_stride : nullptr;
        const float* per_image =
            args.per_image ? args.per_image + (args.first_row + r) / args.rows_per_image * args.y_stride
                           : nullptr;
        const float* residual = args.residual ? args.residual + r * args.y_stride : nullptr;
        float* y = args.y + r * args.y_stride;
        for (std::int64_t c = 0; c < args.columns; c += kLanes) {
            const std::int64_t count = std::min(kLanes, args.columns - c);
            V v = hn::LoadU(d, sums + c);
            if (gates) v = hn::Mul(v, Gelu(d, hn::LoadU(d, gates + c)));
            if (per_image) v = hn::Add(v, load(d, per_image + c, count));
            v = activated<kActivation>(d, v);
            if (residual) v = hn::Add(v, load(d, residual + c, count));
            store(d, v, y + c, count);
        }
    }
}

void FinishPanel(const FinishArgs& args) {
    switch (args.activation) {
        case Activation::none:
            return finish<Activation::none>(args);
        case Activation::silu:
            return finish<Activation::silu>(args);
        case Activation::gelu:
            return finish<Activation::gelu>(args);
        case Activation::quick_gelu:
            return finish<Activation::quick_gelu>(args);
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::tensor {
namespace {
HWY_EXPORT(MultiplyPanel);
HWY_EXPORT(FinishPanel);
}  // namespace

void multiply_panel(const PanelArgs& args) { HWY_DYNAMIC_DISPATCH(MultiplyPanel)(args); }
void finish_panel(const FinishArgs& args) { HWY_DYNAMIC_DISPATCH(FinishPanel)(args); }

}  // namespace stillreel::tensor
#endif
