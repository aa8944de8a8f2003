#include "tensor/cpu/temporal_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/temporal_attention.cpp"
#include <hwy/foreach_target.h>  // before the others
#include <hwy/highway.h>

#include "tensor/cpu/vector_math-inl.h"

#ifndef STILLREEL_TENSOR_TEMPORAL_ATTENTION_TYPES
#define STILLREEL_TENSOR_TEMPORAL_ATTENTION_TYPES
namespace stillreel::tensor {

// Numbers that are copied at a time stay in the second cache.
constexpr std::int64_t kCopiedFloats = 32768;

/// Heads [first, last) of pixels [begin, end) of a clip.
struct FrameBlock {
    std::int64_t clip, begin, end, first, last;
};

/// How one instruction set copies: `heads` of `pixels` at a time, which takes `floats` of memory.
struct FrameSizes {
    std::int64_t stride;  // of a row
    std::int64_t heads, pixels, floats;
};

}  // namespace stillreel::tensor
#endif

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {

// Some pixels are copied together, so that what lies a picture apart is read in long stretches and does not
// meet in the same places of the cache. Rows (frames of a head) go four at a time; the scores of as many rows
// as a register has lanes lie side by side, so that the softmax over the frames is made of whole registers.

using Floats = hn::ScalableTag<float>;
using V = hn::Vec<Floats>;

constexpr std::int64_t kLanes = hn::MaxLanes(Floats());
constexpr int kRows = kLanes < 4 ? 1 : 4;
constexpr int kGroups = static_cast<int>(kLanes) / kRows;  // of kRows rows in a register of scores
constexpr int kKeys = HWY_TARGET <= HWY_AVX3 ? 4 : 2;      // at a time
constexpr int kSumVectors = HWY_TARGET <= HWY_AVX3 ? 4 : 2;

FrameSizes FrameSizesOf(const TemporalAttentionArgs& args) {
    const std::int64_t stride = (args.head_size + kLanes - 1) / kLanes * kLanes;
    const std::int64_t head = 3 * args.frames * stride;
    const std::int64_t heads = std::clamp<std::int64_t>(kCopiedFloats / head, 1, args.heads);
    const std::int64_t pixels = std::max<std::int64_t>(1, kCopiedFloats / (heads * head));
    return {stride, heads, pixels, pixels * heads * head + args.frames * kLanes};
}

/// Copies of some heads of one pixel: [head][frame][stride] each, zeros beyond the last channel.
struct Copies {
    float *q, *k, *v;
    float* weights;  // [frame][lane]
    std::int64_t frames, stride;
};

HWY_INLINE void copy_row(const float* from, std::int64_t count, float scale, float* to) {
    const Floats d;
    const V factor = hn::Set(d, scale);
    std::int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) hn::StoreU(hn::Mul(hn::LoadU(d, from + i), factor), d, to + i);
    if (i < count) hn::StoreU(hn::Mul(load_first(d, from + i, count - i), factor), d, to + i);
}

/// Sums of the lanes: of as many vectors as a vector has lanes, lane i of the result is the sum of v[i]; of
/// fewer, every one leaves kLanes / kCount partial sums side by side.
template <int kCount>
HWY_INLINE V sums_of(const V* v) {
#if HWY_TARGET != HWY_SCALAR
    if constexpr (kCount > 1) {
        const Floats d;
        const V low = sums_of<kCount / 2>(v), high = sums_of<kCount / 2>(v + kCount / 2);
        return hn::Add(hn::ConcatEven(d, high, low), hn::ConcatOdd(d, high, low));
    }
#endif
    return v[0];
}

/// kRows rows of a head: frames [first, first + kRows), of which `count` exist.
struct Group {
    std::int64_t head, first;
    int count;
};

/// Products of a group's rows with kCount keys: out[key * kGroups] has partial sums of row after row.
template <int kCount>
HWY_INLINE void multiply_rows(const Copies& copies, const Group& group, std::int64_t key, V* out) {
    const Floats d;
    const std::int64_t stride = copies.stride, head = group.head * copies.frames;
    const float* k = copies.k + (head + key) * stride;
    const float* q[kRows];
    for (int r = 0; r < kRows; ++r)
        q[r] = copies.q + (head + group.first + std::min(r, group.count - 1)) * stride;
    V sums[kCount][kRows];
    HWY_UNROLL(4)
    for (int i = 0; i < kCount; ++i) {
        HWY_UNROLL(4)
        for (int r = 0; r < kRows; ++r) sums[i][r] = hn::Zero(d);
    }
    for (std::int64_t at = 0; at < stride; at += kLanes) {
        V query[kRows];
        HWY_UNROLL(4)
        for (int r = 0; r < kRows; ++r) query[r] = hn::LoadU(d, q[r] + at);
        HWY_UNROLL(4)
        for (int i = 0; i < kCount; ++i) {
            const V number = hn::LoadU(d, k + i * stride + at);
            HWY_UNROLL(4)
            for (int r = 0; r < kRows; ++r) sums[i][r] = hn::MulAdd(query[r], number, sums[i][r]);
        }
    }
    HWY_UNROLL(4)
    for (int i = 0; i < kCount; ++i) out[i * kGroups] = sums_of<kRows>(sums[i]);
}

/// weights[frame][lane] of the rows of up to kGroups groups.
template <int kCount>
HWY_INLINE void score_keys(const Copies& copies, const Group* groups, int count, std::int64_t key) {
    const Floats d;
    V partial[kCount * kGroups];
    for (V& v : partial) v = hn::Zero(d);
    for (int i = 0; i < count; ++i) multiply_rows<kCount>(copies, groups[i], key, partial + i);
    HWY_UNROLL(4)
    for (int i = 0; i < kCount; ++i)
        hn::StoreU(sums_of<kGroups>(partial + i * kGroups), d, copies.weights + (key + i) * kLanes);
}

/// Scores to weights, in every lane over the frames.
HWY_INLINE void soften(float* weights, std::int64_t frames) {
    const Floats d;
    V most = hn::LoadU(d, weights);
    for (std::int64_t f = 1; f < frames; ++f) most = hn::Max(most, hn::LoadU(d, weights + f * kLanes));
    V total = hn::Zero(d);
    for (std::int64_t f = 0; f < frames; ++f) {
        const V weight = exp2_of_small(d, hn::Sub(hn::LoadU(d, weights + f * kLanes), most));
        total = hn::Add(total, weight);
        hn::StoreU(weight, d, weights + f * kLanes);
    }
    const V share = hn::Div(hn::Set(d, 1.0f), total);
    for (std::int64_t f = 0; f < frames; ++f)
        hn::StoreU(hn::Mul(hn::LoadU(d, weights + f * kLanes), share), d, weights + f * kLanes);
}

/// Columns [at, at + kVectors registers) of a group's results; row r goes to y + r * y_step.
template <int kVectors>
HWY_INLINE void sum_values(const Copies& copies, const Group& group, const float* weights, std::int64_t at,
                           std::int64_t head_size, float* y, std::int64_t y_step) {
    const Floats d;
    const float* v = copies.v + group.head * copies.frames * copies.stride + at;
    V sums[kRows][kVectors];
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) {
        HWY_UNROLL(4)
        for (int i = 0; i < kVectors; ++i) sums[r][i] = hn::Zero(d);
    }
    for (std::int64_t f = 0; f < copies.frames; ++f, weights += kLanes, v += copies.stride) {
        V value[kVectors];
        HWY_UNROLL(4)
        for (int i = 0; i < kVectors; ++i) value[i] = hn::LoadU(d, v + i * kLanes);
        HWY_UNROLL(4)
        for (int r = 0; r < kRows; ++r) {
            const V weight = hn::Set(d, weights[r]);
            HWY_UNROLL(4)
            for (int i = 0; i < kVectors; ++i) sums[r][i] = hn::MulAdd(weight, value[i], sums[r][i]);
        }
    }
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) {
        if (r >= group.count) break;
        HWY_UNROLL(4)
        for (int i = 0; i < kVectors; ++i) {
            const std::int64_t column = at + i * kLanes;
            float* to = y + r * y_step + column;
            if (column + kLanes <= head_size)
                hn::StoreU(sums[r][i], d, to);
            else
                store_first(d, sums[r][i], to, head_size - column);
        }
    }
}

/// What a pixel of the next block will need: what lies a picture apart, nobody else fetches in time. A few
/// lines at a time, between other work; more at once would have to wait for each other.
class FramesAhead {
  public:
    /// Of `floats` from `column` on of every frame's query, key, value and result; `row` is the pixel's first
    /// frame's.
    FramesAhead(const TemporalAttentionArgs& args, std::int64_t row, std::int64_t column, std::int64_t floats,
                std::int64_t steps)
        : args_(args),
          row_(row),
          column_(column),
          lines_((floats + kLineFloats - 1) / kLineFloats),
          runs_(args.frames * kParts),
          each_((runs_ * lines_ + steps - 1) / steps) {
        begin_run();
    }
    /// Of nothing.
    explicit FramesAhead(const TemporalAttentionArgs& args) : args_(args) {}

    /// A share of the lines; all after as many calls as there are steps.
    HWY_INLINE void fetch() {
        for (std::int64_t left = each_; left > 0 && run_ < runs_;) {
            const float* const end = at_ + std::min(left, lines_left_) * kLineFloats;
            left -= (end - at_) / kLineFloats;
            lines_left_ -= (end - at_) / kLineFloats;
            if (run_ % kParts < kParts - 1)
                for (; at_ < end; at_ += kLineFloats) __builtin_prefetch(at_, 0, 2);
            else
                for (; at_ < end; at_ += kLineFloats) __builtin_prefetch(at_, 1, 2);
            if (lines_left_ > 0) continue;
            if (++run_ < runs_) begin_run();
        }
    }

  private:
    static constexpr std::int64_t kLineFloats = 16;
    static constexpr std::int64_t kParts = 4;

    void begin_run() {
        const TokenColumns parts[kParts] = {
            args_.q, args_.k, args_.v, {args_.y, std::int64_t{args_.heads} * args_.head_size}};
        const TokenColumns& part = parts[run_ % kParts];
        at_ = part.data + (row_ + run_ / kParts * args_.pixels) * part.row_stride + column_;
        lines_left_ = lines_;
    }

    const TemporalAttentionArgs& args_;
    std::int64_t row_ = 0, column_ = 0, lines_ = 0, runs_ = 0, each_ = 0;
    const float* at_ = nullptr;
    std::int64_t run_ = 0, lines_left_ = 0;
};

/// Calls of FramesAhead::fetch() that attend_heads() makes.
HWY_INLINE std::int64_t steps_of(std::int64_t heads, std::int64_t frames) {
    const std::int64_t groups = heads * ((frames + kRows - 1) / kRows);
    return (groups + kGroups - 1) / kGroups * (frames / kKeys) + groups;
}

/// Heads [0, heads) of the copies; frame f of head h goes to y + f * y_step + h * head_size.
HWY_INLINE void attend_heads(const Copies& copies, std::int64_t heads, std::int64_t head_size, float* y,
                             std::int64_t y_step, FramesAhead& ahead) {
    const std::int64_t per_head = (copies.frames + kRows - 1) / kRows, all = heads * per_head;
    for (std::int64_t begin = 0; begin < all; begin += kGroups) {
        const int count = static_cast<int>(std::min<std::int64_t>(kGroups, all - begin));
        Group groups[kGroups];
        for (int i = 0; i < count; ++i) {
            const std::int64_t first = (begin + i) % per_head * kRows;
            groups[i] = {(begin + i) / per_head, first,
                         static_cast<int>(std::min<std::int64_t>(kRows, copies.frames - first))};
        }
        std::int64_t key = 0;
        for (; key + kKeys <= copies.frames; key += kKeys) {
            ahead.fetch();
            score_keys<kKeys>(copies, groups, count, key);
        }
        for (; key < copies.frames; ++key) score_keys<1>(copies, groups, count, key);
        soften(copies.weights, copies.frames);
        for (int i = 0; i < count; ++i) {
            ahead.fetch();
            float* to = y + groups[i].first * y_step + groups[i].head * head_size;
            const float* weights = copies.weights + i * kRows;
            std::int64_t at = 0;
            for (; at + kSumVectors * kLanes <= copies.stride; at += kSumVectors * kLanes)
                sum_values<kSumVectors>(copies, groups[i], weights, at, head_size, to, y_step);
            for (; at < copies.stride; at += kLanes)
                sum_values<1>(copies, groups[i], weights, at, head_size, to, y_step);
        }
    }
}

/// One block; the copies take `memory`. `next` is the block after it, perhaps of no pixels.
void AttendFrames(const TemporalAttentionArgs& args, const FrameSizes& sizes, const FrameBlock& block,
                  const FrameBlock& next, float* memory) {
    const std::int64_t heads = block.last - block.first, part = heads * args.frames * sizes.stride;
    const std::int64_t column = block.first * args.head_size,
                       width = std::int64_t{args.heads} * args.head_size;
    const std::int64_t row = block.clip * args.frames * args.pixels;  // of the clip's first pixel
    // Scores are exponents of 2: a softmax is the same with any base.
    const float scale =
        static_cast<float>(1.4426950408889634 / std::sqrt(static_cast<double>(args.head_size)));
    const auto copy = [&](const TokenColumns& x, std::int64_t pixel, std::int64_t f, float factor,
                          float* to) {
        const float* from = x.data + (row + f * args.pixels + pixel) * x.row_stride + column;
        for (std::int64_t head = 0; head < heads; ++head)
            copy_row(from + head * args.head_size, args.head_size, factor,
                     to + (head * args.frames + f) * sizes.stride);
    };
    for (std::int64_t f = 0; f < args.frames; ++f)
        for (std::int64_t pixel = block.begin; pixel < block.end; ++pixel) {
            float* to = memory + (pixel - block.begin) * 3 * part;
            copy(args.q, pixel, f, scale, to);
            copy(args.k, pixel, f, 1, to + part);
            copy(args.v, pixel, f, 1, to + 2 * part);
        }
    const std::int64_t steps = steps_of(heads, args.frames);
    float* weights = memory + (block.end - block.begin) * 3 * part;
    for (std::int64_t pixel = block.begin; pixel < block.end; ++pixel) {
        float* at = memory + (pixel - block.begin) * 3 * part;
        const std::int64_t later = next.begin + pixel - block.begin;
        FramesAhead ahead = later < next.end ? FramesAhead(args, row + later, next.first * args.head_size,
                                                           (next.last - next.first) * args.head_size, steps)
                                             : FramesAhead(args);
        attend_heads({at, at + part, at + 2 * part, weights, args.frames, sizes.stride}, heads,
                     args.head_size, args.y + (row + pixel) * width + column, args.pixels * width, ahead);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::tensor {
namespace {

HWY_EXPORT(FrameSizesOf);
HWY_EXPORT(AttendFrames);

// Multiply-adds, or numbers read, of one thread's piece.
constexpr std::int64_t kPieceWork = std::int64_t{1} << 20;

}  // namespace

void temporal_attention(Crew& crew, const TemporalAttentionArgs& args) {
    const FrameSizes sizes = HWY_DYNAMIC_DISPATCH(FrameSizesOf)(args);
    const auto kernel = HWY_DYNAMIC_DISPATCH(AttendFrames);
    const std::int64_t work = args.frames * (args.frames + 8) * args.heads * args.head_size;
    const std::int64_t blocks = std::max<std::int64_t>(1, kPieceWork / (work * sizes.pixels));
    const std::int64_t pieces = (args.pixels + blocks * sizes.pixels - 1) / (blocks * sizes.pixels);
    crew.for_each(args.batch * pieces, [&](std::int64_t task) {
        const std::shared_ptr<float> memory = crew.scratch(sizes.floats);
        const std::int64_t from = task % pieces * blocks * sizes.pixels;
        const std::int64_t to = std::min(args.pixels, from + blocks * sizes.pixels);
        const auto block_at = [&](std::int64_t begin, std::int64_t head) {
            return FrameBlock{task / pieces, begin, std::min(to, begin + sizes.pixels), head,
                              std::min<std::int64_t>(args.heads, head + sizes.heads)};
        };
        FrameBlock block = block_at(from, 0);
        while (block.begin < to) {
            const bool all_heads = block.last == args.heads;
            const FrameBlock next = all_heads ? block_at(block.end, 0) : block_at(block.begin, block.last);
            kernel(args, sizes, block, next, memory.get());
            block = next;
        }
    });
}

}  // namespace stillreel::tensor
#endif
