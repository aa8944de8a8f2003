// Products by our own tiles: a task gathers the inputs of some rows, a part of the depth at a time, and
// multiplies them with its panels, whose sums stay in a cache until bias, activation and the like are applied
// to them.
#pragma once

#include <cstdint>

#include "tensor/cpu/product_rows.h"
#include "tensor/cpu/workers.h"

namespace stillreel::tensor {

/// The weights are Weights: float or bfloat16 Panels. Bits depend neither on the threads nor on how many rows
/// are computed at once.
///
/// convert(from, count, to) makes of floats the numbers that are multiplied.
template <class Weights, auto convert>
class GatheredProducts {
  public:
    /// Both must outlive the object; `cancel` may be null. One caller at a time.
    GatheredProducts(ThreadPool& pool, const CancelFlag* cancel) : workers_(pool, cancel) {}

    void run(const ProductArgs& args) {
        const Job job(args);
        if (job.rows <= 0) return;
        for (int phase = 0; phase < job.packed.phases; ++phase) run_phase(Job(args, phase));
    }

  private:
    using Number = typename Weights::Number;
    static constexpr std::int64_t kStep = kStepOf<Number>;
    /// Steps that a task gathers at a time: their inputs, and the task's sums, fit the second cache.
    static constexpr std::int64_t kMostSteps = 640;
    /// Rows of gathered inputs do not start at the same places of the first cache.
    static constexpr std::int64_t kStride = (kMostSteps + 16) * kStep;
    /// Blocks of rows of a task, at most, and tasks with which all threads end at about the same time.
    static constexpr std::int64_t kMostBlocks = 4;
    static constexpr std::int64_t kManyTasks = 64;
    /// Of all blocks of a task together, so that a cancel is seen soon.
    static constexpr std::int64_t kMostDepth = 20000;

    struct Job : ProductRows {
        const Weights& packed;
        const Number* weights;  // of the phase

        explicit Job(const ProductArgs& product, int phase = 0)
            : ProductRows(product, static_cast<const Panels&>(*product.weights), phase),
              packed(static_cast<const Weights&>(*product.weights)),
              weights(packed.weights.data() + phase * packed.panels * packed.steps * kStep * kPanel) {}
    };

    void run_phase(const Job& job) {
        const Parts row_parts(job.rows, kMostRows);
        // Few rows: smaller parts of columns, so that every thread has some.
        const std::int64_t units = job.packed.panels / job.halves;
        const std::int64_t few = divided_up(units, divided_up(kTasks, row_parts.parts));
        const Parts column_parts(units, std::min(kMostColumns / kPanel / job.halves, few));
        // Blocks of one task share its weights, and each fetches inputs of the next.
        const std::int64_t blocks = row_parts.parts * column_parts.parts;
        const std::int64_t most = std::min(kMostBlocks, kMostDepth / job.packed.depth);
        const Parts groups(row_parts.parts, std::max<std::int64_t>(1, std::min(most, blocks / kManyTasks)));
        workers_.parallel(groups.parts * column_parts.parts, [&](std::int64_t task, Scratch& scratch) {
            const std::int64_t group = task / column_parts.parts, panels = task % column_parts.parts;
            const std::int64_t end = groups.begin(group + 1);
            for (std::int64_t part = groups.begin(group); part < end; ++part) {
                const std::int64_t row = row_parts.begin(part), rows = row_parts.begin(part + 1) - row;
                multiply(job,
                         {row, rows, part + 1 < end ? rows : 0, column_parts.begin(panels) * job.halves,
                          column_parts.begin(panels + 1) * job.halves},
                         scratch);
            }
        });
    }

    /// What one worker needs while it is at a task.
    struct Scratch {
        HugeArrayOf<Number> inputs{kMostRows * kStride};
        HugeArray sums{kMostRows * kMostColumns};
    };

    /// Rows [row, row + rows) of the result, panels [first, last). The `following` rows come next.
    struct Block {
        std::int64_t row, rows, following, first, last;
    };

    /// Those that the rows after a block are the first to need.
    struct Inputs {
        const float* at = nullptr;
        std::int64_t count = 0;

        Inputs(const Job& job, const Block& block) {
            const ProductArgs& args = job.args;
            if (job.window.stride != 1 || job.out_w != args.width || job.out_h != args.height) return;
            const std::int64_t down = job.window.kernel_h - 1 - job.window.top;
            const std::int64_t row = block.row + block.rows + down * args.width;
            at = args.x + row * job.inputs;
            count = std::min(block.following, job.rows - row) * job.inputs;
        }
        /// Part `part` of as many.
        void fetch_part(std::int64_t part, std::int64_t parts, Soon& soon) const {
            if (count <= 0) return;
            const std::int64_t begin = count * part / parts, end = count * (part + 1) / parts;
            soon.then = at + begin;
            soon.then_bytes = (end - begin) * static_cast<std::int64_t>(sizeof(float));
        }
    };

    static void multiply(const Job& job, const Block& block, Scratch& scratch) {
        const Weights& packed = job.packed;
        const Parts slices(packed.steps, kMostSteps);
        const auto weights_of = [&](std::int64_t slice, std::int64_t panel) {
            return job.weights + (panel * packed.steps + slices.begin(slice)) * kStep * kPanel;
        };
        const auto next_of = [&](std::int64_t slice, std::int64_t panel) -> const Number* {
            if (++panel == block.last) panel = block.first, ++slice;
            if (slice == slices.parts && block.following > 0) slice = 0;
            return slice == slices.parts ? nullptr : weights_of(slice, panel);
        };
        const Inputs following(job, block);
        for (std::int64_t slice = 0; slice < slices.parts; ++slice) {
            const std::int64_t step = slices.begin(slice), steps = slices.begin(slice + 1) - step;
            const bool last = slice + 1 == slices.parts;
            gather_steps(job, block, step, steps, scratch.inputs.data());
            for (std::int64_t panel = block.first; panel < block.last; ++panel) {
                const std::int64_t half = (panel - block.first) % job.halves;
                // Those of one slice alone are read again at once: they stay in the first cache.
                const std::int64_t place = slices.parts == 1 ? half : panel - block.first;
                PanelProduct<Number, Number, float> tile;
                tile.a = scratch.inputs.data();
                tile.a_stride = kStride;
                tile.b = weights_of(slice, panel);
                tile.steps = steps;
                tile.rows = block.rows;
                tile.begin = slice ? Begin::sums : Begin::zero;
                tile.sums = scratch.sums.data() + place * block.rows * kPanel;
                tile.soon.from = next_of(slice, panel);
                tile.soon.bytes = steps * kPanel * static_cast<std::int64_t>(sizeof(float));
                if (last) following.fetch_part(panel - block.first, block.last - block.first, tile.soon);
                FinishArgs end =
                    job.ending(packed, block.row, block.rows, panel - half, panel - half + job.halves);
                end.sums = tile.sums - half * block.rows * kPanel;
                if (last && half == 0 && job.scale == 1) tile.soon.will_finish(end);
                multiply_panel(tile);
                if (last && half + 1 == job.halves) job.finish(end);
            }
        }
    }

    static void gather_steps(const Job& job, const Block& block, std::int64_t step, std::int64_t steps,
                             Number* to) {
        const std::int64_t k = step * kStep, count = std::min(steps * kStep, job.packed.depth - k);
        gather(
            job, {block.row, block.rows, k, count}, job.args.x,
            [](std::int64_t, std::int64_t) { return Number(); }, convert, to, kStride);
        // What was there before may be no number, which is none times 0, too.
        for (std::int64_t rest = count; rest < steps * kStep; ++rest)
            for (std::int64_t row = 0; row < block.rows; ++row) to[row * kStride + rest] = Number();
    }

    Workers<Scratch> workers_;
};

}  // namespace stillreel::tensor
