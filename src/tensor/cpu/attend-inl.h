// Attention of some rows of queries over one head's keys and values, compiled once per instruction set.
// Include it after vector_math-inl.h.
//
// Keys and values are packed in panels of two registers' width. A tile is kTileRows rows of queries over one
// panel; scores of kTileRows x kBlockKeys stay in the first cache between the two products, and the softmax
// is carried from block to block of keys (Milakov and Gimelshein 2018), so that memory is linear in tokens.
#if defined(STILLREEL_TENSOR_ATTEND_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef STILLREEL_TENSOR_ATTEND_INL_H
#undef STILLREEL_TENSOR_ATTEND_INL_H
#else
#define STILLREEL_TENSOR_ATTEND_INL_H
#endif

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {

using Floats = hn::ScalableTag<float>;
using V = hn::Vec<Floats>;

constexpr std::int64_t kLanes = hn::MaxLanes(Floats());
constexpr std::int64_t kPanel = 2 * kLanes;
// Sums of a tile, a row of the panel and one number of the other factor fill the registers.
constexpr int kTileRows = HWY_TARGET <= HWY_AVX3 ? 12 : 6;
constexpr std::int64_t kBlockKeys = 256;
// Not a power of two, so that the rows do not meet in the same places of the first cache.
constexpr std::int64_t kScoreStride = kBlockKeys + 16;

HWY_INLINE std::int64_t rounded_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }

/// Floats that the packed keys, and the packed values, of one head take.
HWY_INLINE std::int64_t packed_keys_size(std::int64_t tokens, std::int64_t head_size) {
    return rounded_up(tokens, kLanes) * head_size;
}
HWY_INLINE std::int64_t packed_values_size(std::int64_t tokens, std::int64_t head_size) {
    return tokens * rounded_up(head_size, kLanes);
}

/// Width of the panel whose first column is `begin` of `columns`: the last one may be one register wide.
HWY_INLINE std::int64_t panel_width(std::int64_t begin, std::int64_t columns) {
    return columns - begin > kLanes ? kPanel : kLanes;
}

/// to[c * to_stride + r] = from[r * stride + c] * scale
HWY_INLINE void transpose(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                          float scale, float* to, std::int64_t to_stride) {
    std::int64_t r = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::FixedTag<float, 4> d;
    const auto factor = hn::Set(d, scale);
    for (; r + 4 <= rows; r += 4) {
        std::int64_t c = 0;
        for (; c + 4 <= columns; c += 4) {
            const float* at = from + r * stride + c;
            const auto row = [&](std::int64_t i) { return hn::Mul(hn::LoadU(d, at + i * stride), factor); };
            const auto a = row(0), b = row(1), e = row(2), f = row(3);
            const auto ab_low = hn::InterleaveLower(d, a, b), ab_high = hn::InterleaveUpper(d, a, b);
            const auto ef_low = hn::InterleaveLower(d, e, f), ef_high = hn::InterleaveUpper(d, e, f);
            float* out = to + c * to_stride + r;
            hn::StoreU(hn::ConcatLowerLower(d, ef_low, ab_low), d, out);
            hn::StoreU(hn::ConcatUpperUpper(d, ef_low, ab_low), d, out + to_stride);
            hn::StoreU(hn::ConcatLowerLower(d, ef_high, ab_high), d, out + 2 * to_stride);
            hn::StoreU(hn::ConcatUpperUpper(d, ef_high, ab_high), d, out + 3 * to_stride);
        }
        for (; c < columns; ++c)
            for (std::int64_t i = r; i < r + 4; ++i) to[c * to_stride + i] = from[i * stride + c] * scale;
    }
#endif
    for (; r < rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c) to[c * to_stride + r] = from[r * stride + c] * scale;
}

/// Keys [begin, end) of `tokens`, `begin` a multiple of kPanel: to[panel][channel][key], zeros beyond the
/// last key.
HWY_INLINE void pack_keys(const float* from, std::int64_t stride, std::int64_t begin, std::int64_t end,
                          std::int64_t tokens, std::int64_t head_size, float* to) {
    for (; begin < end; begin += kPanel) {
        const std::int64_t width = panel_width(begin, tokens);
        const std::int64_t keys = std::min(width, tokens - begin);
        float* panel = to + begin * head_size;
        transpose(from + begin * stride, stride, keys, head_size, 1, panel, width);
        for (std::int64_t i = 0; i < head_size && keys < width; ++i)
            std::fill(panel + i * width + keys, panel + (i + 1) * width, 0.0f);
    }
}

/// Values [begin, end): to[panel][key][channel], zeros beyond the last channel.
HWY_INLINE void pack_values(const float* from, std::int64_t stride, std::int64_t begin, std::int64_t end,
                            std::int64_t tokens, std::int64_t head_size, float* to) {
    for (std::int64_t column = 0; column < head_size; column += kPanel) {
        const std::int64_t width = panel_width(column, head_size);
        const std::int64_t columns = std::min(width, head_size - column);
        for (std::int64_t key = begin; key < end; ++key) {
            float* row = to + column * tokens + key * width;
            std::copy_n(from + key * stride + column, columns, row);
            std::fill(row + columns, row + width, 0.0f);
        }
    }
}

/// sums[r] (+)= the sum over k of a[r * kRowStep + k * kDepthStep] * b[k], b[k] of kVectors registers.
template <int kVectors, std::int64_t kRowStep, std::int64_t kDepthStep>
HWY_INLINE void multiply_tile(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, std::int64_t depth,
                              bool add, float* HWY_RESTRICT out, std::int64_t stride) {
    const Floats d;
    V sums[kTileRows][kVectors];
    HWY_UNROLL(16)
    for (int r = 0; r < kTileRows; ++r) {
        HWY_UNROLL(2)
        for (int v = 0; v < kVectors; ++v)
            sums[r][v] = add ? hn::LoadU(d, out + r * stride + v * kLanes) : hn::Zero(d);
    }
    for (std::int64_t k = 0; k < depth; ++k, a += kDepthStep, b += kVectors * kLanes) {
        V row[kVectors];
        HWY_UNROLL(2)
        for (int v = 0; v < kVectors; ++v) row[v] = hn::LoadU(d, b + v * kLanes);
        HWY_UNROLL(16)
        for (int r = 0; r < kTileRows; ++r) {
            const V number = hn::Set(d, a[r * kRowStep]);
            HWY_UNROLL(2)
            for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(number, row[v], sums[r][v]);
        }
    }
    HWY_UNROLL(16)
    for (int r = 0; r < kTileRows; ++r) {
        HWY_UNROLL(2)
        for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, out + r * stride + v * kLanes);
    }
}

/// The same for a panel of either width.
template <std::int64_t kRowStep, std::int64_t kDepthStep>
HWY_INLINE void multiply_panel(const float* a, const float* b, std::int64_t width, std::int64_t depth,
                               bool add, float* out, std::int64_t stride) {
    if (width == kPanel)
        multiply_tile<2, kRowStep, kDepthStep>(a, b, depth, add, out, stride);
    else
        multiply_tile<1, kRowStep, kDepthStep>(a, b, depth, add, out, stride);
}

/// One row of scores (of which `seen` count, the others are hidden) to weights; `greatest` and `total` are
/// the row's so far. Returns by what its sums so far have to be multiplied.
HWY_INLINE float soften_row(float* scores, std::int64_t seen, std::int64_t keys, float& greatest,
                            float& total) {
    const Floats d;
    const std::int64_t whole = seen / kLanes * kLanes;
    const auto rest = hn::FirstN(d, static_cast<std::size_t>(seen - whole));
    const V hidden = hn::Set(d, -std::numeric_limits<float>::infinity());
    V most = hidden;
    if (whole < seen) {
        most = hn::IfThenElse(rest, hn::LoadU(d, scores + whole), hidden);
        hn::StoreU(most, d, scores + whole);
    }
    for (std::int64_t i = 0; i < whole; i += kLanes) most = hn::Max(most, hn::LoadU(d, scores + i));
    const float before = greatest;
    greatest = std::max(before, hn::GetLane(hn::MaxOfLanes(d, most)));
    const V top = hn::Set(d, greatest);
    V sum = hn::Zero(d);
    std::int64_t i = 0;
    for (; i < seen; i += kLanes) {
        const V weight = exp2_of_nonpositive(d, hn::Sub(hn::LoadU(d, scores + i), top));
        sum = hn::Add(sum, weight);
        hn::StoreU(weight, d, scores + i);
    }
    for (; i < keys; i += kLanes) hn::StoreU(hn::Zero(d), d, scores + i);
    const float factor = hn::GetLane(exp2_of_nonpositive(d, hn::Set(d, before - greatest)));
    total = total * factor + hn::GetLane(hn::SumOfLanes(d, sum));
    return factor;
}

/// Keys and values of one head, packed.
struct Context {
    const float* keys;
    const float* values;
    std::int64_t tokens;
};

/// Rows of queries; row r at q + r * q_stride, and likewise for y.
struct Queries {
    const float* q;
    std::int64_t q_stride;
    float* y;
    std::int64_t y_stride;
    std::int64_t rows;
};

/// What the softmax of a tile has come to, row by row.
struct Softmax {
    float greatest[kTileRows];
    float total[kTileRows];
};

/// Memory of one call of attend(): its rows in tiles.
struct Workspace {
    static constexpr std::int64_t kMaxTiles = 8;
    static constexpr std::int64_t kFloats = 24576;
    HWY_ALIGN float queries[kFloats];  // [tile][channel][row]
    HWY_ALIGN float sums[kFloats];     // [tile][row][channel]
    HWY_ALIGN float scores[kTileRows * kScoreStride];
    Softmax softmax[kMaxTiles];

    /// Rows that one call can take.
    static std::int64_t rows(std::int64_t head_size) {
        const std::int64_t tile = kTileRows * rounded_up(head_size, kLanes);
        return std::clamp<std::int64_t>(kFloats / tile, 1, kMaxTiles) * kTileRows;
    }
};

/// Queries as multiply_tile reads them: to[tile][channel][row], times `scale`; zeros beyond the last row.
HWY_INLINE void pack_queries(const Queries& queries, int head_size, float scale, float* to) {
    for (std::int64_t begin = 0; begin < queries.rows; begin += kTileRows, to += kTileRows * head_size) {
        const std::int64_t rows = std::min<std::int64_t>(kTileRows, queries.rows - begin);
        if (rows < kTileRows) std::fill_n(to, kTileRows * head_size, 0.0f);
        transpose(queries.q + begin * queries.q_stride, queries.q_stride, rows, head_size, scale, to,
                  kTileRows);
    }
}

/// Adds keys [begin, begin + keys) to the sums of one tile, of whose row r seen(r) keys of the context count.
template <class Seen>
HWY_INLINE void add_keys(const float* queries, const Context& context, int head_size, std::int64_t begin,
                         std::int64_t keys, const Seen& seen, float* scores, Softmax& softmax, float* sums) {
    const Floats d;
    const std::int64_t stride = rounded_up(head_size, kLanes);
    for (std::int64_t key = 0; key < keys; key += kPanel)
        multiply_panel<1, kTileRows>(queries, context.keys + (begin + key) * head_size,
                                     panel_width(begin + key, context.tokens), head_size, false, scores + key,
                                     kScoreStride);
    for (int r = 0; r < kTileRows; ++r) {
        const float factor =
            soften_row(scores + r * kScoreStride, std::clamp<std::int64_t>(seen(r) - begin, 0, keys), keys,
                       softmax.greatest[r], softmax.total[r]);
        if (begin == 0 || factor == 1) continue;
        for (std::int64_t i = r * stride; i < (r + 1) * stride; i += kLanes)
            hn::StoreU(hn::Mul(hn::LoadU(d, sums + i), hn::Set(d, factor)), d, sums + i);
    }
    for (std::int64_t column = 0; column < head_size; column += kPanel) {
        const std::int64_t width = panel_width(column, head_size);
        multiply_panel<kScoreStride, 1>(scores, context.values + column * context.tokens + begin * width,
                                        width, keys, begin > 0, sums + column, stride);
    }
}

HWY_INLINE void write_row(const float* sums, float total, int head_size, float* y) {
    const Floats d;
    const V share = hn::Set(d, 1 / total);
    std::int64_t i = 0;
    for (; i + kLanes <= head_size; i += kLanes) hn::StoreU(hn::Mul(hn::LoadU(d, sums + i), share), d, y + i);
    if (i < head_size) store_first(d, hn::Mul(hn::LoadU(d, sums + i), share), y + i, head_size - i);
}

/// Up to Workspace::rows() rows of queries from beginning to end. seen(r): how many keys row r may see, at
/// least 1. poll() is called for every block of keys and may throw.
template <class Seen, class Poll>
HWY_INLINE void attend(const Queries& queries, const Context& context, int head_size, const Seen& seen,
                       const Poll& poll, Workspace& work) {
    const float scale = static_cast<float>(1.4426950408889634 / std::sqrt(static_cast<double>(head_size)));
    const std::int64_t stride = rounded_up(head_size, kLanes);
    const std::int64_t tiles = (queries.rows + kTileRows - 1) / kTileRows;
    // Scores are exponents of 2: a softmax is the same with any base.
    pack_queries(queries, head_size, scale, work.queries);
    std::int64_t most = 1;
    for (std::int64_t r = 0; r < queries.rows; ++r) most = std::max(most, seen(r));
    for (std::int64_t tile = 0; tile < tiles; ++tile) {
        std::fill_n(work.softmax[tile].greatest, kTileRows, -std::numeric_limits<float>::infinity());
        std::fill_n(work.softmax[tile].total, kTileRows, 0.0f);
    }
    for (std::int64_t begin = 0; begin < most; begin += kBlockKeys) {
        poll();
        for (std::int64_t tile = 0; tile < tiles; ++tile) {
            const auto seen_by = [&](int r) {
                return seen(std::min(tile * kTileRows + r, queries.rows - 1));
            };
            add_keys(work.queries + tile * kTileRows * head_size, context, head_size, begin,
                     std::min(kBlockKeys, most - begin), seen_by, work.scores, work.softmax[tile],
                     work.sums + tile * kTileRows * stride);
        }
    }
    for (std::int64_t r = 0; r < queries.rows; ++r)
        write_row(work.sums + r * stride, work.softmax[r / kTileRows].total[r % kTileRows], head_size,
                  queries.y + r * queries.y_stride);
}

}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#endif
