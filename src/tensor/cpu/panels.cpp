#include "tensor/cpu/panels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "tensor/cpu/tiles.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/panels.cpp"
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

// A tile of sums stays in registers: with 32 registers of 16 floats 14 rows of a whole panel, with 16
// registers 6 rows of two vectors.
constexpr std::int64_t kLanes = hn::MaxLanes(Floats());
constexpr int kTileRows = kLanes == 16 ? 14 : 6;
constexpr std::int64_t kTileColumns = 2 * kLanes;

template <int kRows>
void multiply_tile(const PanelArgs& args, std::int64_t row, std::int64_t column, Ahead ahead) {
    const Floats d;
    const float* HWY_RESTRICT a = args.a + row * args.a_stride;
    const float* HWY_RESTRICT b = args.b + column;
    float* HWY_RESTRICT to = args.sums + row * kPanel + column;
    const std::int64_t a_stride = args.a_stride;
    V sums[kRows][2];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
        const bool zero = args.begin == Begin::zero;
        sums[r][0] = zero ? hn::Zero(d) : hn::Load(d, to + r * kPanel);
        sums[r][1] = zero ? hn::Zero(d) : hn::Load(d, to + r * kPanel + kLanes);
    }
    for (std::int64_t group = 0; group < args.depth; group += kGroup) {
        ahead.fetch();
        const std::int64_t end = std::min(args.depth, group + kGroup);
        for (std::int64_t k = group; k < end; ++k, b += kPanel) {
            const V left = hn::Load(d, b);
            const V right = hn::Load(d, b + kLanes);
#pragma GCC unroll 16
            for (int r = 0; r < kRows; ++r) {
                const V x = hn::Set(d, a[r * a_stride + k]);
                sums[r][0] = hn::MulAdd(x, left, sums[r][0]);
                sums[r][1] = hn::MulAdd(x, right, sums[r][1]);
            }
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
        hn::Store(sums[r][0], d, to + r * kPanel);
        hn::Store(sums[r][1], d, to + r * kPanel + kLanes);
    }
}

using Tile = void (*)(const PanelArgs&, std::int64_t, std::int64_t, Ahead);
template <int... kRows>
constexpr std::array<Tile, sizeof...(kRows)> tiles(std::integer_sequence<int, kRows...>) {
    return {multiply_tile<kRows + 1>...};
}
constexpr auto kTiles = tiles(std::make_integer_sequence<int, kTileRows>());

void MultiplyPanel(const PanelArgs& args) {
    const TileCuts cuts{args.rows, kTileRows, kTileColumns, args.depth};
    for_each_tile(cuts, args.next,
                  [&](std::int64_t rows, std::int64_t row, std::int64_t column, Ahead ahead) {
                      kTiles[rows - 1](args, row, column, ahead);
                  });
}

/// A row's sums plus bias, a vector at a time.
struct FloatRow {
    const FinishArgs& args;
    std::int64_t row;
    HWY_INLINE V at(std::int64_t panel, std::int64_t lane) const {
        const Floats d;
        return hn::Add(hn::Load(d, args.sums + (panel * args.rows + row) * kPanel + lane),
                       hn::Load(d, args.bias + panel * kPanel + lane));
    }
};

struct Int8Row {
    const FinishArgs& args;
    std::int64_t row;
    HWY_INLINE V at(std::int64_t panel, std::int64_t lane) const {
        const Floats d;
        const hn::RebindToSigned<Floats> di;
        const Int8Sums& int8 = args.int8;
        const std::int64_t column = panel * kPanel + lane;
        const auto sum = hn::Load(di, int8.sums + (panel * args.rows + row) * kPanel + lane);
        const auto of_zero_point =
            hn::Mul(hn::Set(di, int8.zero_points[row]), hn::Load(di, int8.column_sums + column));
        const V scale = hn::Mul(hn::Set(d, int8.scales[row]), hn::Load(d, int8.column_scales + column));
        return hn::MulAdd(hn::ConvertTo(d, hn::Sub(sum, of_zero_point)), scale,
                          hn::Load(d, args.bias + column));
    }
};

template <class Row, Activation kActivation>
void finish(const FinishArgs& args) {
    const Floats d;
    const std::int64_t halves = args.gate == Gate::geglu ? 2 : 1;
    for (std::int64_t r = 0; r < args.rows; ++r) {
        const Row row{args, r};
        const float* per_image =
            args.per_image ? args.per_image + (args.first_row + r) / args.rows_per_image * args.y_stride
                           : nullptr;
        const float* residual = args.residual ? args.residual + r * args.y_stride : nullptr;
        float* y = args.y + r * args.y_stride;
        for (std::int64_t c = 0; c < args.columns; c += kLanes) {
            const std::int64_t count = std::min(kLanes, args.columns - c);
            const auto load = [&](const float* from) HWY_ATTR {
                return count == kLanes ? hn::LoadU(d, from + c) : load_first(d, from + c, count);
            };
            const std::int64_t panel = c / kPanel * halves, lane = c % kPanel;
            V v = row.at(panel, lane);
            if (halves == 2) v = hn::Mul(v, gelu_of(d, row.at(panel + 1, lane)));
            if (per_image) v = hn::Add(v, load(per_image));
            v = activated(d, v, kActivation);
            if (residual) v = hn::Add(v, load(residual));
            if (count == kLanes)
                hn::StoreU(v, d, y + c);
            else
                store_first(d, v, y + c, count);
        }
    }
}

template <class Row>
void finish_rows(const FinishArgs& args) {
    switch (args.activation) {
        case Activation::none:
            return finish<Row, Activation::none>(args);
        case Activation::silu:
            return finish<Row, Activation::silu>(args);
        case Activation::gelu:
            return finish<Row, Activation::gelu>(args);
        case Activation::quick_gelu:
            return finish<Row, Activation::quick_gelu>(args);
    }
}

void FinishPanels(const FinishArgs& args) {
    args.sums ? finish_rows<FloatRow>(args) : finish_rows<Int8Row>(args);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::tensor {
namespace {
HWY_EXPORT(MultiplyPanel);
HWY_EXPORT(FinishPanels);
}  // namespace

void multiply_panel(const PanelArgs& args) { HWY_DYNAMIC_DISPATCH(MultiplyPanel)(args); }
void finish_panels(const FinishArgs& args) { HWY_DYNAMIC_DISPATCH(FinishPanels)(args); }

}  // namespace stillreel::tensor
#endif
