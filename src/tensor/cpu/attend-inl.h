// Attention of some rows of queries over one head's keys and values, compiled once per instruction set.
// Include it after vector_math-inl.h.
//
// Keys and values are packed in panels of two registers' width. A tile is kTileRows rows of queries over one
// panel; scores of kTileRows x kBlockKeys stay in the first cache between the two products, and the softmax
// is carried from block to block of keys (Milakov and Gimelshein 2018), so that memory is linear in tokens.
//
// A method says what a word of the packed numbers is: a float, or a pair of bfloat16. Pairs are of channels
// in the first product and of keys in the second; the last one is filled up with a zero.
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
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {

using Floats = hn::ScalableTag<float>;
using V = hn::Vec<Floats>;

constexpr std::int64_t kLanes = hn::MaxLanes(Floats());
constexpr std::int64_t kPanel = 2 * kLanes;
// Sums of a tile, a row of the panel and one number of the other factor fill the registers.
constexpr int kTileRows = HWY_TARGET <= HWY_AVX3 ? 12 : 6;
constexpr std::int64_t kMostHeadSize = 512;
constexpr std::int64_t kBlockKeys = 256;
// Not a power of two, so that the rows do not meet in the same places of the first cache.
constexpr std::int64_t kScoreStride = kBlockKeys + 16;

HWY_INLINE std::int64_t rounded_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }

struct Singles {
    static constexpr std::int64_t kNumbers = 1;  // of a word
    static HWY_INLINE V with_products(V sums, V x, V w) { return hn::MulAdd(x, w, sums); }
};

#if HWY_TARGET == HWY_AVX3_DL
/// For processors with AVX512-BF16.
struct Pairs {
    static constexpr std::int64_t kNumbers = 2;
    static HWY_INLINE V with_products(V sums, V x, V w) {
        asm("vdpbf16ps %2, %1, %0" : "+v"(sums.raw) : "v"(x.raw), "v"(w.raw));
        return sums;
    }
    using Halves = hn::Rebind<std::uint16_t, Floats>;
    static HWY_INLINE hn::Vec<Halves> rounded(V v) {
        hn::Vec<Halves> halves;
        asm("vcvtneps2bf16 %1, %0" : "=v"(halves.raw) : "v"(v.raw));
        return halves;
    }
    /// kLanes numbers as half as many words.
    static HWY_INLINE void store(V v, float* words) {
        hn::StoreU(rounded(v), Halves(), reinterpret_cast<std::uint16_t*>(words));
    }
    /// A row of `count` numbers as words, zeros in what is left of the last vector.
    static HWY_INLINE void round_row(const float* row, std::int64_t count, float* words) {
        const Floats d;
        for (std::int64_t i = 0; i < count; i += kLanes)
            store(count - i < kLanes ? load_first(d, row + i, count - i) : hn::LoadU(d, row + i),
                  words + i / 2);
    }
    /// The numbers of two vectors side by side.
    static HWY_INLINE V interleaved(V first, V second) {
        const hn::RebindToUnsigned<Floats> d;
        return hn::BitCast(Floats(), hn::Or(hn::PromoteTo(d, rounded(first)),
                                            hn::ShiftLeft<16>(hn::PromoteTo(d, rounded(second)))));
    }
};
#endif

template <class Method>
HWY_INLINE std::int64_t words_of(std::int64_t numbers) {
    return (numbers + Method::kNumbers - 1) / Method::kNumbers;
}

/// Words that the packed keys, and the packed values, of one head take.
template <class Method>
HWY_INLINE std::int64_t packed_keys_size(std::int64_t tokens, std::int64_t head_size) {
    return rounded_up(tokens, kLanes) * words_of<Method>(head_size);
}
template <class Method>
HWY_INLINE std::int64_t packed_values_size(std::int64_t tokens, std::int64_t head_size) {
    return words_of<Method>(tokens) * rounded_up(head_size, kLanes);
}

/// Width of the panel whose first column is `begin` of `columns`: the last one may be one register wide.
HWY_INLINE std::int64_t panel_width(std::int64_t begin, std::int64_t columns) {
    return columns - begin > kLanes ? kPanel : kLanes;
}

/// Asks for `rows` rows of head_size floats, which lie a token apart: nobody else would fetch them in time.
template <int kReadWrite>
HWY_INLINE void fetch_rows(const float* from, std::int64_t stride, std::int64_t rows,
                           std::int64_t head_size) {
    constexpr std::int64_t kLineFloats = 16;
    for (std::int64_t r = 0; r < rows; ++r) {
        const float* row = from + r * stride;
        for (std::int64_t i = 0; i < head_size; i += kLineFloats) __builtin_prefetch(row + i, kReadWrite, 2);
        __builtin_prefetch(row + head_size - 1, kReadWrite, 2);
    }
}

/// to[c * to_stride + r] = from[r * stride + c]
HWY_INLINE void transpose(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                          float* to, std::int64_t to_stride) {
    std::int64_t r = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::FixedTag<float, 4> d;
    for (; r + 4 <= rows; r += 4) {
        std::int64_t c = 0;
        for (; c + 4 <= columns; c += 4) {
            const float* at = from + r * stride + c;
            const auto row = [&](std::int64_t i) { return hn::LoadU(d, at + i * stride); };
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
            for (std::int64_t i = r; i < r + 4; ++i) to[c * to_stride + i] = from[i * stride + c];
    }
#endif
    for (; r < rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c) to[c * to_stride + r] = from[r * stride + c];
}

/// Keys [begin, end) of `tokens`, `begin` a multiple of kPanel: to[panel][word][key], zeros beyond the last
/// key.
template <class Method>
HWY_INLINE void pack_keys(const float* from, std::int64_t stride, std::int64_t begin, std::int64_t end,
                          std::int64_t tokens, std::int64_t head_size, float* to) {
    const std::int64_t words = words_of<Method>(head_size);
    for (; begin < end; begin += kPanel) {
        const std::int64_t width = panel_width(begin, tokens);
        const std::int64_t keys = std::min(width, tokens - begin);
        fetch_rows<0>(from + (begin + kPanel) * stride, stride,
                      std::clamp<std::int64_t>(end - begin - kPanel, 0, kPanel), head_size);
        float* panel = to + begin * words;
        if constexpr (Method::kNumbers == 1) {
            transpose(from + begin * stride, stride, keys, words, panel, width);
        } else {
            HWY_ALIGN float rounded[kPanel * kMostHeadSize / Method::kNumbers];
            const std::int64_t row = rounded_up(head_size, kLanes) / Method::kNumbers;
            for (std::int64_t key = 0; key < keys; ++key)
                Method::round_row(from + (begin + key) * stride, head_size, rounded + key * row);
            transpose(rounded, row, keys, words, panel, width);
        }
        for (std::int64_t i = 0; i < words && keys < width; ++i)
            std::fill(panel + i * width + keys, panel + (i + 1) * width, 0.0f);
    }
}

/// Values [begin, end), `begin` even: to[panel][word][channel], zeros beyond the last channel.
template <class Method>
HWY_INLINE void pack_values(const float* from, std::int64_t stride, std::int64_t begin, std::int64_t end,
                            std::int64_t tokens, std::int64_t head_size, float* to) {
    const Floats d;
    const std::int64_t words = words_of<Method>(tokens);
    for (std::int64_t key = begin; key < end; key += Method::kNumbers) {
        fetch_rows<0>(from + (key + kPanel) * stride, stride,
                      std::clamp<std::int64_t>(end - key - kPanel, 0, Method::kNumbers), head_size);
        const float* row = from + key * stride;
        for (std::int64_t column = 0; column < head_size; column += kLanes) {
            const std::int64_t panel = column / kPanel * kPanel, width = panel_width(panel, head_size);
            const std::int64_t left = head_size - column;
            const auto load = [&](const float* at) {
                return left < kLanes ? load_first(d, at, left) : hn::LoadU(d, at);
            };
            V word = load(row + column);
            if constexpr (Method::kNumbers == 2)
                word = Method::interleaved(word, key + 1 < end ? load(row + stride + column) : hn::Zero(d));
            hn::StoreU(word, d, to + panel * words + key / Method::kNumbers * width + column - panel);
        }
    }
}

/// sums[r] (+)= the sum over k of a[r * a_stride + k] * b[k], words both, b[k] of kVectors registers.
template <class Method, int kVectors, bool kAdd>
HWY_INLINE void multiply_tile(const float* HWY_RESTRICT a, std::int64_t a_stride, const float* HWY_RESTRICT b,
                              std::int64_t depth, float* HWY_RESTRICT out, std::int64_t stride) {
    const Floats d;
    V sums[kTileRows][kVectors];
    HWY_UNROLL(16)
    for (int r = 0; r < kTileRows; ++r) {
        HWY_UNROLL(2)
        for (int v = 0; v < kVectors; ++v)
            sums[r][v] = kAdd ? hn::LoadU(d, out + r * stride + v * kLanes) : hn::Zero(d);
    }
    for (std::int64_t k = 0; k < depth; ++k, b += kVectors * kLanes) {
        V row[kVectors];
        HWY_UNROLL(2)
        for (int v = 0; v < kVectors; ++v) row[v] = hn::LoadU(d, b + v * kLanes);
        HWY_UNROLL(16)
        for (int r = 0; r < kTileRows; ++r) {
            const V number = hn::Set(d, a[r * a_stride + k]);
            HWY_UNROLL(2)
            for (int v = 0; v < kVectors; ++v) sums[r][v] = Method::with_products(sums[r][v], number, row[v]);
        }
    }
    HWY_UNROLL(16)
    for (int r = 0; r < kTileRows; ++r) {
        HWY_UNROLL(2)
        for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, out + r * stride + v * kLanes);
    }
}

/// The same for a panel of either width.
template <class Method, bool kAdd>
HWY_INLINE void multiply_panel(const float* a, std::int64_t a_stride, const float* b, std::int64_t width,
                               std::int64_t depth, float* out, std::int64_t stride) {
    if (width == kPanel)
        multiply_tile<Method, 2, kAdd>(a, a_stride, b, depth, out, stride);
    else
        multiply_tile<Method, 1, kAdd>(a, a_stride, b, depth, out, stride);
}

/// What the softmax of a tile has come to, row by row.
struct Softmax {
    HWY_ALIGN float totals[kTileRows * kLanes];  // of the weights, lane by lane
    float reference[kTileRows];                  // weights are 2^(score - reference)

    void begin() {
        std::fill_n(totals, kTileRows * kLanes, 0.0f);
        std::fill_n(reference, kTileRows, -std::numeric_limits<float>::infinity());
    }
};

/// How far a score may rise above the row's reference before the sums so far are scaled anew. A weight is
/// then at most 2^kSlack, which loses no digits, and hardly a block but the first has to scale anything.
constexpr float kSlack = 8;

/// A block's scores of one row: `seen` of `keys` count, the others are hidden. Weights are of 2^scale.
struct Scores {
    float* at;
    std::int64_t seen, keys;
    float scale;
};

/// Raises row r's reference where the scores rise far above it. Returns by what its sums so far have to be
/// multiplied; without kAdd there are none yet.
template <bool kAdd>
HWY_INLINE float refer(const Scores& scores, int r, Softmax& softmax) {
    const Floats d;
    const std::int64_t whole = scores.seen / kLanes * kLanes;
    const V hidden = hn::Set(d, -std::numeric_limits<float>::infinity());
    V most = hidden;
    if (whole < scores.seen) {
        const auto rest = hn::FirstN(d, static_cast<std::size_t>(scores.seen - whole));
        most = hn::IfThenElse(rest, hn::LoadU(d, scores.at + whole), hidden);
        hn::StoreU(most, d, scores.at + whole);
    }
    for (std::int64_t i = 0; i < whole; i += kLanes) most = hn::Max(most, hn::LoadU(d, scores.at + i));
    most = hn::Mul(most, hn::Set(d, scores.scale));
    const float before = softmax.reference[r];
    if (kAdd && hn::AllTrue(d, hn::Le(most, hn::Set(d, before + kSlack)))) return 1;
    softmax.reference[r] = std::max(before, hn::GetLane(hn::MaxOfLanes(d, most)));
    if (!kAdd) return 1;
    const V factor = exp2_of_small(d, hn::Set(d, before - softmax.reference[r]));
    float* totals = softmax.totals + r * kLanes;
    hn::Store(hn::Mul(hn::Load(d, totals), factor), d, totals);
    return hn::GetLane(factor);
}

/// Row r's scores to weights, which are words.
template <class Method>
HWY_INLINE void soften(const Scores& scores, int r, Softmax& softmax) {
    const Floats d;
    const V reference = hn::Set(d, softmax.reference[r]), scale = hn::Set(d, scores.scale);
    V total = hn::Load(d, softmax.totals + r * kLanes);
    // Pairs take the place of scores that were read before.
    const auto store = [&](V weight, std::int64_t i) {
        if constexpr (Method::kNumbers == 1)
            hn::StoreU(weight, d, scores.at + i);
        else
            Method::store(weight, scores.at + i / Method::kNumbers);
    };
    std::int64_t i = 0;
    for (; i < scores.seen; i += kLanes) {
        const V score = hn::LoadU(d, scores.at + i);
        const V weight = exp2_of_small(d, hn::MulSub(score, scale, reference));
        total = hn::Add(total, weight);
        store(weight, i);
    }
    for (; i < scores.keys; i += kLanes) store(hn::Zero(d), i);
    hn::Store(total, d, softmax.totals + r * kLanes);
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

/// Memory of attend(): some rows in tiles.
struct Workspace {
    static constexpr std::int64_t kMaxTiles = 8;
    static constexpr std::int64_t kFloats = 24576;
    HWY_ALIGN float sums[kFloats];  // [tile][row][channel]
    HWY_ALIGN float scores[kTileRows * kScoreStride];
    HWY_ALIGN float queries[kFloats / 2];  // of a tile that is not full; all of them in pairs
    Softmax softmax[kMaxTiles];

    /// Rows that it has room for.
    static std::int64_t rows(std::int64_t head_size) {
        const std::int64_t tile = kTileRows * rounded_up(head_size, kLanes);
        return std::clamp<std::int64_t>(kFloats / tile, 1, kMaxTiles) * kTileRows;
    }
};

/// A tile of queries as it lies in memory, or, where rows are missing, a copy of it, zeros after the last
/// row. Pairs are copied once, when the first block of keys begins.
template <class Method>
struct TileQueries {
    const float* at;
    std::int64_t stride;  // of words

    HWY_INLINE TileQueries(const Queries& queries, std::int64_t first, int head_size, std::int64_t begin,
                           float* copies)
        : at(queries.q + first * queries.q_stride), stride(queries.q_stride) {
        const std::int64_t rows = std::min<std::int64_t>(kTileRows, queries.rows - first);
        if constexpr (Method::kNumbers == 1) {
            if (rows == kTileRows) return;
            std::fill_n(copies, kTileRows * head_size, 0.0f);
            for (std::int64_t r = 0; r < rows; ++r)
                std::copy_n(at + r * stride, head_size, copies + r * head_size);
            at = copies;
            stride = head_size;
        } else {
            const float* const from = at;
            const std::int64_t words = rounded_up(head_size, kLanes) / Method::kNumbers;
            float* const copy = copies + first * words;
            at = copy;
            stride = words;
            if (begin > 0) return;
            if (rows < kTileRows) std::fill_n(copy, kTileRows * words, 0.0f);
            for (std::int64_t r = 0; r < rows; ++r)
                Method::round_row(from + r * queries.q_stride, head_size, copy + r * words);
        }
    }
};

/// Keys [begin, begin + keys) of a context.
struct Block {
    const Context& context;
    std::int64_t begin, keys;
    int head_size;
    float scale;
};

/// Adds a block of keys to the sums of one tile, of whose row r seen(r) keys of the context count.
template <class Method, bool kAdd, class Seen>
HWY_INLINE void add_keys(const TileQueries<Method>& queries, const Block& block, const Seen& seen,
                         float* scores, Softmax& softmax, float* sums) {
    const Floats d;
    const Context& context = block.context;
    const int head_size = block.head_size;
    const std::int64_t stride = rounded_up(head_size, kLanes), words = words_of<Method>(head_size);
    for (std::int64_t key = 0; key < block.keys; key += kPanel)
        multiply_panel<Method, false>(queries.at, queries.stride, context.keys + (block.begin + key) * words,
                                      panel_width(block.begin + key, context.tokens), words, scores + key,
                                      kScoreStride);
    const auto scores_of = [&](int r) {
        return Scores{scores + r * kScoreStride,
                      std::clamp<std::int64_t>(seen(r) - block.begin, 0, block.keys), block.keys,
                      block.scale};
    };
    // All rows' references first: the weights of one do not wait for those of another.
    for (int r = 0; r < kTileRows; ++r) {
        const float factor = refer<kAdd>(scores_of(r), r, softmax);
        if (!kAdd || factor == 1) continue;
        for (std::int64_t i = r * stride; i < (r + 1) * stride; i += kLanes)
            hn::StoreU(hn::Mul(hn::LoadU(d, sums + i), hn::Set(d, factor)), d, sums + i);
    }
    for (int r = 0; r < kTileRows; ++r) soften<Method>(scores_of(r), r, softmax);
    for (std::int64_t column = 0; column < head_size; column += kPanel) {
        const std::int64_t width = panel_width(column, head_size);
        const std::int64_t begin =
            column * words_of<Method>(context.tokens) + block.begin / Method::kNumbers * width;
        multiply_panel<Method, kAdd>(scores, kScoreStride, context.values + begin, width,
                                     words_of<Method>(block.keys), sums + column, stride);
    }
}

/// y = sums divided by what the weights come to.
HWY_INLINE void write_row(const float* sums, const float* totals, int head_size, float* y) {
    const Floats d;
    const V share = hn::Set(d, 1 / hn::GetLane(hn::SumOfLanes(d, hn::Load(d, totals))));
    std::int64_t i = 0;
    for (; i + kLanes <= head_size; i += kLanes) hn::StoreU(hn::Mul(hn::LoadU(d, sums + i), share), d, y + i);
    if (i < head_size) store_first(d, hn::Mul(hn::LoadU(d, sums + i), share), y + i, head_size - i);
}

/// Up to Workspace::rows() rows of queries from beginning to end, `left` more to follow them. seen(r): how
/// many keys row r may see, at least 1. poll() is called for every block of keys and may throw.
template <class Method, class Seen, class Poll>
HWY_INLINE void attend(const Queries& queries, std::int64_t left, const Context& context, int head_size,
                       const Seen& seen, const Poll& poll, Workspace& work) {
    // Scores are exponents of 2: a softmax is the same with any base.
    const float scale = static_cast<float>(1.4426950408889634 / std::sqrt(static_cast<double>(head_size)));
    const std::int64_t stride = rounded_up(head_size, kLanes);
    const std::int64_t tiles = (queries.rows + kTileRows - 1) / kTileRows;
    std::int64_t most = 1;
    for (std::int64_t r = 0; r < queries.rows; ++r) most = std::max(most, seen(r));
    for (std::int64_t tile = 0; tile < tiles; ++tile) work.softmax[tile].begin();
    for (std::int64_t begin = 0; begin < most; begin += kBlockKeys) {
        poll();
        const Block block{context, begin, std::min(kBlockKeys, most - begin), head_size, scale};
        for (std::int64_t tile = 0; tile < tiles; ++tile) {
            const std::int64_t first = tile * kTileRows, next = first + kTileRows;
            const std::int64_t rows = std::min<std::int64_t>(kTileRows, queries.rows - first);
            float* const sums = work.sums + first * stride;
            if (begin == 0)
                fetch_rows<0>(queries.q + next * queries.q_stride, queries.q_stride,
                              std::clamp<std::int64_t>(queries.rows + left - next, 0, kTileRows), head_size);
            const bool last = begin + kBlockKeys >= most;
            if (last) fetch_rows<1>(queries.y + first * queries.y_stride, queries.y_stride, rows, head_size);
            const TileQueries<Method> tile_queries(queries, first, head_size, begin, work.queries);
            const auto seen_by = [&](int r) { return seen(std::min(first + r, queries.rows - 1)); };
            if (begin)
                add_keys<Method, true>(tile_queries, block, seen_by, work.scores, work.softmax[tile], sums);
            else
                add_keys<Method, false>(tile_queries, block, seen_by, work.scores, work.softmax[tile], sums);
            for (std::int64_t r = 0; last && r < rows; ++r)
                write_row(sums + r * stride, work.softmax[tile].totals + r * kLanes, head_size,
                          queries.y + (first + r) * queries.y_stride);
        }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#endif
