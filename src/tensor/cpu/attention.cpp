#include "tensor/cpu/attention.h"

#include <algorithm>
#include <cstring>

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
    std::int64_t keys, values;  // floats of one head
    std::int64_t rows;          // of queries per task
};

}  // namespace stillreel::tensor
#endif

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {

AttentionSizes Sizes(std::int64_t tokens, int head_size) {
    return {packed_keys_size(tokens, head_size), packed_values_size(tokens, head_size),
            Workspace::rows(head_size)};
}

void Pack(const PackTask& task) {
    const AttentionArgs& args = task.args;
    const std::int64_t row = task.context * args.k_tokens, column = task.head * args.head_size;
    pack_keys(args.k.data + row * args.k.row_stride + column, args.k.row_stride, task.begin, task.end,
              args.k_tokens, args.head_size, task.keys);
    pack_values(args.v.data + row * args.v.row_stride + column, args.v.row_stride, task.begin, task.end,
                args.k_tokens, args.head_size, task.values);
}

void Attend(const AttendTask& task) {
    const AttentionArgs& args = task.args;
    const std::int64_t row = task.context * args.batch_per_context * args.q_tokens + task.begin;
    const std::int64_t column = task.head * args.head_size, width = std::int64_t{args.heads} * args.head_size;
    const Queries queries{args.q.data + row * args.q.row_stride + column, args.q.row_stride,
                          args.y + row * width + column, width, task.end - task.begin};
    const auto poll = [&] {
        if (task.cancel) task.cancel->throw_if_requested();
    };
    Workspace work;
    const Context context{task.keys, task.values, args.k_tokens};
    if (args.mask == Mask::causal)
        attend(
            queries, context, args.head_size,
            [&](std::int64_t r) { return std::min((task.begin + r) % args.q_tokens + 1, args.k_tokens); },
            poll, work);
    else
        attend(
            queries, context, args.head_size, [&](std::int64_t) { return args.k_tokens; }, poll, work);
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
std::int64_t whole_lines(std::int64_t floats) { return (floats + 15) / 16 * 16; }

}  // namespace

void attention(Crew& crew, const AttentionArgs& args) {
    if (args.batch * args.q_tokens == 0) return;
    const AttentionSizes sizes = HWY_DYNAMIC_DISPATCH(Sizes)(args.k_tokens, args.head_size);
    const auto pack = HWY_DYNAMIC_DISPATCH(Pack);
    const auto attend = HWY_DYNAMIC_DISPATCH(Attend);
    const std::int64_t pairs = args.batch / args.batch_per_context * args.heads;  // of context and head
    const std::int64_t rows = args.batch_per_context * args.q_tokens;
    const std::int64_t chunks = (rows + sizes.rows - 1) / sizes.rows;
    const std::int64_t pieces = (args.k_tokens + kPackedKeys - 1) / kPackedKeys;
    const std::int64_t values_at = whole_lines(sizes.keys), pair_size = values_at + whole_lines(sizes.values);
    const std::int64_t ready = std::clamp<std::int64_t>(kReadyFloats / pair_size, 1, pairs);
    const std::shared_ptr<float> scratch = crew.scratch(ready * pair_size);

    for (std::int64_t first = 0; first < pairs; first += ready) {
        const std::int64_t count = std::min(ready, pairs - first);
        crew.for_each(count * pieces, [&](std::int64_t task) {
            const std::int64_t pair = task / pieces, begin = task % pieces * kPackedKeys;
            float* keys = scratch.get() + pair * pair_size;
            pack({args, (first + pair) / args.heads, (first + pair) % args.heads, begin,
                  std::min(begin + kPackedKeys, args.k_tokens), keys, keys + values_at});
        });
        crew.for_each(count * chunks, [&](std::int64_t task) {
            const std::int64_t pair = task / chunks, begin = task % chunks * sizes.rows;
            const float* keys = scratch.get() + pair * pair_size;
            attend({args, crew.cancel(), (first + pair) / args.heads, (first + pair) % args.heads, begin,
                    std::min(begin + sizes.rows, rows), keys, keys + values_at});
        });
    }
}

}  // namespace stillreel::tensor
#endif
