#include "tensor/cpu/attention.h"

#include <algorithm>
#include <cstring>

#include "tensor/cpu/bf16_panels.h"

// Highway's name for the newer processors with AVX-512, which it compiles only where asked to.
#define HWY_WANT_AVX3_DL
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/attention.cpp"
#include <hwy/foreach_target.h>  // before the others
#include <hwy/highway.h>

#include "tensor/cpu/vector_math-inl.h"
// Second, because it builds on the first.
#include "tensor/cpu/attend-inl.h"

#ifndef STILLREEL_TENSOR_ATTENTION_TYPES
#define STILLREEL_TENSOR_ATTENTION_TYPES
namespace stillreel::tensor {

/// Keys [begin, end) of one head of one context on their way into `keys` and `values`.
struct PackTask {
    const AttentionArgs& args;
    std::int64_t context, head, begin, end;
    float *keys, *values;
};

/// Rows [begin, end) of the queries of a context: those of all entries of the batch that share it.
struct AttendTask {
    const AttentionArgs& args;
    const CancelFlag* cancel;
    std::int64_t context, head, begin, end;
    const float *keys, *values;
};

/// How the work of one instruction set is cut.
struct AttentionSizes {
    std::int64_t keys, values;  // words of one head
    std::int64_t rows;          // of queries per task
};

}  // namespace stillreel::tensor
#endif

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {

/// work(method) with that of the processor for args.precision, which the caller has made sure of.
template <class Work>
auto with_method([[maybe_unused]] const AttentionArgs& args, const Work& work) {
#if HWY_TARGET == HWY_AVX3_DL
    if (args.precision != Precision::f32) return work(Pairs());
#endif
    return work(Singles());
}

AttentionSizes Sizes(const AttentionArgs& args) {
    return with_method(args, [&](auto method) {
        using Method = decltype(method);
        return AttentionSizes{packed_keys_size<Method>(args.k_tokens, args.head_size),
                              packed_values_size<Method>(args.k_tokens, args.head_size),
                              Workspace::rows(args.head_size)};
    });
}

void Pack(const PackTask& task) {
    const AttentionArgs& args = task.args;
    const std::int64_t row = task.context * args.k_tokens, column = task.head * args.head_size;
    with_method(args, [&](auto method) {
        using Method = decltype(method);
        pack_keys<Method>(args.k.data + row * args.k.row_stride + column, args.k.row_stride, task.begin,
                          task.end, args.k_tokens, args.head_size, task.keys);
        pack_values<Method>(args.v.data + row * args.v.row_stride + column, args.v.row_stride, task.begin,
                            task.end, args.k_tokens, args.head_size, task.values);
    });
}

template <class Method>
void attend_rows(const AttendTask& task) {
    const AttentionArgs& args = task.args;
    const std::int64_t first = task.context * args.batch_per_context * args.q_tokens;
    const std::int64_t column = task.head * args.head_size, width = std::int64_t{args.heads} * args.head_size;
    const auto poll = [&] {
        if (task.cancel) task.cancel->throw_if_requested();
    };
    Workspace work;
    const Context context{task.keys, task.values, args.k_tokens};
    const std::int64_t most = Workspace::rows(args.head_size);
    for (std::int64_t begin = task.begin; begin < task.end; begin += most) {
        const std::int64_t row = first + begin, end = std::min(begin + most, task.end);
        const Queries queries{args.q.data + row * args.q.row_stride + column, args.q.row_stride,
                              args.y + row * width + column, width, end - begin};
        if (args.mask == Mask::causal)
            attend<Method>(
                queries, task.end - end, context, args.head_size,
                [&](std::int64_t r) { return std::min((begin + r) % args.q_tokens + 1, args.k_tokens); },
                poll, work);
        else
            attend<Method>(
                queries, task.end - end, context, args.head_size, [&](std::int64_t) { return args.k_tokens; },
                poll, work);
    }
}

void Attend(const AttendTask& task) {
    with_method(task.args, [&](auto method) { attend_rows<decltype(method)>(task); });
}

}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::tensor {
namespace {

HWY_EXPORT(Sizes);
HWY_EXPORT(Pack);
HWY_EXPORT(Attend);

// Packed keys and values that are ready at a time; heads with more come one by one.
constexpr std::int64_t kReadyFloats = std::int64_t{4} << 20;
// Keys that one thread packs at a time: a multiple of every panel's width.
constexpr std::int64_t kPackedKeys = 1024;
// With so many heads to share out, each is one thread's: its keys and values stay in that thread's cache.
constexpr std::int64_t kManyPairs = 32;
// Multiply-adds of a task of several heads.
constexpr std::int64_t kTaskWork = std::int64_t{1} << 22;
std::int64_t whole_lines(std::int64_t floats) { return (floats + 15) / 16 * 16; }

/// The work as its tasks see it: pairs are of a context and a head.
struct Cuts {
    AttentionSizes sizes;
    std::int64_t pairs, rows;           // rows of queries of a pair
    std::int64_t values_at, pair_size;  // floats

    explicit Cuts(const AttentionArgs& args)
        : sizes(HWY_DYNAMIC_DISPATCH(Sizes)(args)),
          pairs(args.batch / args.batch_per_context * args.heads),
          rows(args.batch_per_context * args.q_tokens),
          values_at(whole_lines(sizes.keys)),
          pair_size(values_at + whole_lines(sizes.values)) {}

    PackTask pack(const AttentionArgs& args, std::int64_t pair, std::int64_t begin, std::int64_t end,
                  float* memory) const {
        return {args, pair / args.heads, pair % args.heads, begin, end, memory, memory + values_at};
    }
    AttendTask attend(const AttentionArgs& args, const CancelFlag* cancel, std::int64_t pair,
                      std::int64_t begin, std::int64_t end, const float* memory) const {
        return {args, cancel, pair / args.heads, pair % args.heads, begin, end, memory, memory + values_at};
    }
};

/// Some pairs a task, from beginning to end.
void attend_whole_pairs(Crew& crew, const AttentionArgs& args, const Cuts& cuts) {
    const auto pack = HWY_DYNAMIC_DISPATCH(Pack);
    const auto attend = HWY_DYNAMIC_DISPATCH(Attend);
    const std::int64_t work = std::max<std::int64_t>(1, cuts.rows * args.k_tokens * args.head_size);
    const std::int64_t together = std::clamp<std::int64_t>(kTaskWork / work, 1, cuts.pairs / kManyPairs);
    crew.for_each_piece(cuts.pairs, together, [&](std::int64_t first, std::int64_t last) {
        const std::shared_ptr<float> memory = crew.scratch(cuts.pair_size);
        for (std::int64_t pair = first; pair < last; ++pair) {
            pack(cuts.pack(args, pair, 0, args.k_tokens, memory.get()));
            attend(cuts.attend(args, crew.cancel(), pair, 0, cuts.rows, memory.get()));
        }
    });
}

/// All threads at one pair, or at a few.
void attend_divided_pairs(Crew& crew, const AttentionArgs& args, const Cuts& cuts) {
    const auto pack = HWY_DYNAMIC_DISPATCH(Pack);
    const auto attend = HWY_DYNAMIC_DISPATCH(Attend);
    // Some of what fits a workspace after the other, so that queries can be fetched ahead.
    const std::int64_t chunk =
        cuts.sizes.rows * std::clamp<std::int64_t>(cuts.rows / cuts.sizes.rows / 8, 1, 8);
    const std::int64_t chunks = (cuts.rows + chunk - 1) / chunk;
    const std::int64_t pieces = (args.k_tokens + kPackedKeys - 1) / kPackedKeys;
    const std::int64_t ready = std::clamp<std::int64_t>(kReadyFloats / cuts.pair_size, 1, cuts.pairs);
    const std::shared_ptr<float> memory = crew.scratch(ready * cuts.pair_size);
    for (std::int64_t first = 0; first < cuts.pairs; first += ready) {
        const std::int64_t count = std::min(ready, cuts.pairs - first);
        crew.for_each(count * pieces, [&](std::int64_t task) {
            const std::int64_t pair = task / pieces, begin = task % pieces * kPackedKeys;
            pack(cuts.pack(args, first + pair, begin, std::min(begin + kPackedKeys, args.k_tokens),
                           memory.get() + pair * cuts.pair_size));
        });
        crew.for_each(count * chunks, [&](std::int64_t task) {
            const std::int64_t pair = task / chunks, begin = task % chunks * chunk;
            attend(cuts.attend(args, crew.cancel(), first + pair, begin, std::min(begin + chunk, cuts.rows),
                               memory.get() + pair * cuts.pair_size));
        });
    }
}

}  // namespace

void attention(Crew& crew, const AttentionArgs& wanted) {
    if (wanted.batch * wanted.q_tokens == 0) return;
    AttentionArgs args = wanted;
    if (!multiplies_bf16()) args.precision = Precision::f32;
    const Cuts cuts(args);
    cuts.pairs >= kManyPairs ? attend_whole_pairs(crew, args, cuts) : attend_divided_pairs(crew, args, cuts);
}

}  // namespace stillreel::tensor
#endif
