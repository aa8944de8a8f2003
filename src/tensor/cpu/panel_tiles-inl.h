// A panel's product in tiles whose sums stay in registers, whatever the numbers: compiled once per
// instruction set; include it after hwy/highway.h, in a file that foreach_target.h repeats.
//
// A Method says what is multiplied:
//   Args                      a PanelProduct
//   Sums, Tag                 a vector of sums of neighbouring columns
//   Input, Weights            what it makes of a step's inputs and of that step's weights of such columns
//   kTileRows                 rows whose sums, with what is multiplied, fill the registers
//   input_at(a), weights_at(b), with_products(sums, input, weights)
#if defined(STILLREEL_TENSOR_PANEL_TILES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef STILLREEL_TENSOR_PANEL_TILES_INL_H
#undef STILLREEL_TENSOR_PANEL_TILES_INL_H
#else
#define STILLREEL_TENSOR_PANEL_TILES_INL_H
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "tensor/cpu/tiles.h"

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::CappedTag<std::int32_t, 16>;
/// Of 4 bytes. A tile is two vectors wide.
constexpr std::int64_t kPanelLanes = hn::MaxLanes(Words());

/// The step of an input row at `a`, for every column.
HWY_INLINE hn::Vec<Words> word_everywhere(const void* a) {
    std::int32_t word = 0;
    std::memcpy(&word, a, sizeof(word));
    return hn::Set(Words(), word);
}
/// A step's weights of a vector of columns.
HWY_INLINE hn::Vec<Words> words_at(const void* b) {
    return hn::Load(Words(), static_cast<const std::int32_t*>(b));
}

template <class Method, int kRows>
void multiply_tile(const typename Method::Args& args, std::int64_t row, std::int64_t column, Ahead& ahead) {
    const typename Method::Tag d;
    constexpr std::int64_t kStep = kStepOf<std::remove_cvref_t<decltype(*args.a)>>;
    const auto* HWY_RESTRICT a = args.a + row * args.a_stride;
    const auto* HWY_RESTRICT b = args.b + column * kStep;
    auto* HWY_RESTRICT to = args.sums + row * kPanel + column;
    const std::int64_t a_stride = args.a_stride;
    typename Method::Sums sums[kRows][2];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
        const bool zero = args.begin == Begin::zero;
        sums[r][0] = zero ? hn::Zero(d) : hn::Load(d, to + r * kPanel);
        sums[r][1] = zero ? hn::Zero(d) : hn::Load(d, to + r * kPanel + kPanelLanes);
    }
    for (std::int64_t group = 0; group < args.steps; group += kGroup) {
        ahead.fetch();
        const std::int64_t end = std::min(args.steps, group + kGroup);
        for (std::int64_t step = group; step < end; ++step, b += kPanel * kStep) {
            const typename Method::Weights left = Method::weights_at(b);
            const typename Method::Weights right = Method::weights_at(b + kPanelLanes * kStep);
#pragma GCC unroll 16
            for (int r = 0; r < kRows; ++r) {
                const typename Method::Input x = Method::input_at(a + r * a_stride + step * kStep);
                sums[r][0] = Method::with_products(sums[r][0], x, left);
                sums[r][1] = Method::with_products(sums[r][1], x, right);
            }
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
        hn::Store(sums[r][0], d, to + r * kPanel);
        hn::Store(sums[r][1], d, to + r * kPanel + kPanelLanes);
    }
}

template <class Method>
using Tile = void (*)(const typename Method::Args&, std::int64_t, std::int64_t, Ahead&);
template <class Method, int... kRows>
constexpr std::array<Tile<Method>, sizeof...(kRows)> tiles(std::integer_sequence<int, kRows...>) {
    return {multiply_tile<Method, kRows + 1>...};
}

template <class Method>
void multiply_by(const typename Method::Args& args) {
    static constexpr auto kTiles = tiles<Method>(std::make_integer_sequence<int, Method::kTileRows>());
    const TileCuts cuts{args.rows, Method::kTileRows, 2 * kPanelLanes, args.steps};
    for_each_tile(cuts, args.soon,
                  [&](std::int64_t rows, std::int64_t row, std::int64_t column, Ahead& ahead) {
                      kTiles[rows - 1](args, row, column, ahead);
                  });
}

}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#endif
