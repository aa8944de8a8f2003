#include "tensor/cpu/slots.h"

#include <algorithm>
#include <vector>

namespace stillreel::tensor {
namespace {

// Numbers that one thread takes at a time.
constexpr std::int64_t kPiece = 32768;

std::int64_t rows_at_a_time(std::int64_t channels) { return std::max<std::int64_t>(1, kPiece / channels); }

/// The tokens of an image, slot by slot, in their order.
struct Members {
    std::vector<std::int64_t> begin;  // of every slot; one more for the end
    std::vector<std::int64_t> tokens;

    Members(const float* slots, std::int64_t count, std::int64_t kept)
        : begin(static_cast<std::size_t>(kept + 1)), tokens(static_cast<std::size_t>(count)) {
        const auto slot_of = [&](std::int64_t token) { return static_cast<std::size_t>(slots[token]); };
        for (std::int64_t token = 0; token < count; ++token) ++begin[slot_of(token) + 1];
        for (std::size_t slot = 1; slot < begin.size(); ++slot) begin[slot] += begin[slot - 1];
        std::vector<std::int64_t> next(begin);
        for (std::int64_t token = 0; token < count; ++token)
            tokens[static_cast<std::size_t>(next[slot_of(token)]++)] = token;
    }
};

/// x [tokens, channels] of an image -> y [channels] of one of its slots.
void mean_of(const Members& members, std::size_t slot, const float* x, std::int64_t channels, float* y) {
    const std::int64_t begin = members.begin[slot], end = members.begin[slot + 1];
    const auto row = [&](std::int64_t member) {
        return x + members.tokens[static_cast<std::size_t>(member)] * channels;
    };
    std::copy_n(row(begin), channels, y);
    if (end - begin == 1) return;
    for (std::int64_t member = begin + 1; member < end; ++member) {
        const float* from = row(member);
        for (std::int64_t c = 0; c < channels; ++c) y[c] += from[c];
    }
    const float share = 1 / static_cast<float>(end - begin);
    for (std::int64_t c = 0; c < channels; ++c) y[c] *= share;
}

}  // namespace

void merge_tokens(Crew& crew, const SlotArgs& args) {
    for (std::int64_t image = 0; image < args.images; ++image) {
        const float* x = args.x + image * args.tokens * args.channels;
        float* y = args.y + image * args.kept * args.channels;
        const Members members(args.slots + image * args.tokens, args.tokens, args.kept);
        crew.for_each_piece(args.kept, rows_at_a_time(args.channels),
                            [&](std::int64_t begin, std::int64_t end) {
                                for (std::int64_t slot = begin; slot < end; ++slot)
                                    mean_of(members, static_cast<std::size_t>(slot), x, args.channels,
                                            y + slot * args.channels);
                            });
    }
}

void unmerge_tokens(Crew& crew, const SlotArgs& args) {
    const std::int64_t channels = args.channels;
    crew.for_each_piece(
        args.images * args.tokens, rows_at_a_time(channels), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t row = begin; row < end; ++row) {
                const auto slot = static_cast<std::int64_t>(args.slots[row]);
                const float* from = args.x + (row / args.tokens * args.kept + slot) * channels;
                const float* residual = args.residual + row * channels;
                float* y = args.y + row * channels;
                for (std::int64_t c = 0; c < channels; ++c) y[c] = from[c] + residual[c];
            }
        });
}

}  // namespace stillreel::tensor
