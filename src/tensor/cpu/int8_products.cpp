#include "tensor/cpu/int8_products.h"

#include <algorithm>
#include <vector>

#include "tensor/cpu/int8_panels.h"
#include "tensor/cpu/pack.h"
#include "tensor/cpu/product_rows.h"
#include "tensor/cpu/workers.h"

namespace stillreel::tensor {
namespace {

/// Steps of four inputs that a window's task gathers at a time.
constexpr std::int64_t kMostSteps = 640;
/// Rows of inputs do not start at the same places of the first cache, and end with room for a step's rest.
constexpr std::int64_t kApart = 64;
/// Of quantised inputs at a time, unless one image alone is larger.
constexpr std::int64_t kMostQuantisedBytes = std::int64_t{16} << 20;
/// Numbers that one thread quantises at a time.
constexpr std::int64_t kPiece = 65536;
/// Bytes of weights that stay in the second cache, and floats of a block of inputs beside them.
constexpr std::int64_t kSmallWeights = 450000;
constexpr std::int64_t kBlockFloats = 36864;

std::int64_t stride_of(std::int64_t numbers) { return divided_up(numbers, kApart) * kApart + kApart; }

/// What one worker needs while it is at a task.
struct Scratch {
    HugeArrayOf<std::uint8_t> inputs;
    HugeArrayOf<std::int32_t> sums{kMostRows * kMostColumns};
    std::vector<Quantisation> rows;  // of the task
    std::vector<float> scales;
    std::vector<std::int32_t> zero_points;

    std::uint8_t* inputs_of(std::int64_t bytes) {
        if (inputs.size() < bytes) inputs = HugeArrayOf<std::uint8_t>(bytes);
        return inputs.data();
    }
    void spread_rows() {
        scales.resize(rows.size());
        zero_points.resize(rows.size());
        for (std::size_t r = 0; r < rows.size(); ++r) {
            scales[r] = rows[r].scale;
            zero_points[r] = rows[r].zero_point;
        }
    }
};

struct Job : ProductRows {
    const Int8Panels& packed;
    std::int64_t first_panel;  // of the phase

    explicit Job(const ProductArgs& product, int phase = 0)
        : ProductRows(product, static_cast<const Panels&>(*product.weights), phase),
          packed(static_cast<const Int8Panels&>(*product.weights)),
          first_panel(phase * packed.panels) {}

    /// A window over time alone looks at one pixel's frames: each pixel has a scale of its own.
    bool in_columns() const { return window.kernel_w == 1 && !window.left && !window.right; }
    /// Things of an image that are quantised separately.
    std::int64_t groups() const { return in_columns() ? args.width : 1; }
};

/// Rows [row, row + rows) of the result, panels [first, last).
struct Block {
    std::int64_t row, rows, first, last;
};

/// Inputs [first step, ...) of a block's rows, as whole numbers.
struct Slice {
    const std::uint8_t* at;
    std::int64_t stride;
};

/// Floats that the next block will quantise.
struct Inputs {
    const float* at = nullptr;
    std::int64_t count = 0;
};

/// What is worth fetching while a panel of a block is multiplied: the inputs of the next block, or else the
/// next panel's weights; and, where the panel is finished afterwards, the places of its results.
Soon soon_after(const Job& job, const Block& block, const Int8PanelArgs& tile, std::int64_t panel,
                const Inputs& following) {
    const std::int64_t panels = block.last - block.first, at = panel - block.first;
    Soon soon;
    if (following.count > 0) {
        const std::int64_t begin = following.count * at / panels, end = following.count * (at + 1) / panels;
        soon.from = following.at + begin;
        soon.bytes = (end - begin) * static_cast<std::int64_t>(sizeof(float));
    } else if (at + 1 < panels) {
        soon.from = tile.b + job.packed.steps * kPanel * kInt8Step;
        soon.bytes = tile.steps * kPanel * kInt8Step;
    }
    return soon;
}

/// Multiplies and finishes a block, a part of its columns at a time; each panel is finished while its sums
/// are in the first cache. slice_of(first step, steps) gives the inputs.
template <class SliceOf>
void multiply(const Job& job, const Block& block, Scratch& scratch, const SliceOf& slice_of,
              const Inputs& following = {}) {
    const Int8Panels& packed = job.packed;
    const std::int64_t size = packed.steps * kPanel * kInt8Step, sums_size = block.rows * kPanel;
    const Parts slices(packed.steps, kMostSteps);
    const Parts columns((block.last - block.first) / job.halves, kMostColumns / kPanel / job.halves);
    const auto multiply_one = [&](std::int64_t panel, std::int64_t slice, const Slice& inputs,
                                  std::int32_t* sums, FinishArgs* end) {
        const std::int64_t step = slices.begin(slice);
        Int8PanelArgs tile;
        tile.a = inputs.at;
        tile.a_stride = inputs.stride;
        tile.b = packed.weights.data() + (job.first_panel + panel) * size + step * kPanel * kInt8Step;
        tile.steps = slices.begin(slice + 1) - step;
        tile.rows = block.rows;
        tile.begin = slice ? Begin::sums : Begin::zero;
        tile.sums = sums;
        tile.soon = soon_after(job, block, tile, panel, following);
        if (end && job.scale == 1) tile.soon.will_finish(*end);
        multiply_panel(tile);
    };
    for (std::int64_t part = 0; part < columns.parts; ++part)
        for (std::int64_t slice = 0; slice < slices.parts; ++slice) {
            const bool last = slice + 1 == slices.parts;
            const std::int64_t step = slices.begin(slice);
            const Slice inputs = slice_of(step, slices.begin(slice + 1) - step);
            for (std::int64_t unit = columns.begin(part); unit < columns.begin(part + 1); ++unit) {
                const std::int64_t panel = block.first + unit * job.halves;
                const std::int64_t place = slices.parts == 1 ? 0 : unit - columns.begin(part);
                std::int32_t* const sums = scratch.sums.data() + place * job.halves * sums_size;
                FinishArgs end = job.ending(packed, block.row, block.rows, panel, panel + job.halves);
                for (std::int64_t half = 0; half < job.halves; ++half)
                    multiply_one(panel + half, slice, inputs, sums + half * sums_size,
                                 last && half == 0 ? &end : nullptr);
                if (!last) continue;
                end.int8 = {sums, scratch.scales.data(), scratch.zero_points.data(),
                            packed.scales.data() + (job.first_panel + panel) * kPanel,
                            packed.column_sums.data() + (job.first_panel + panel) * kPanel};
                job.finish(end);
            }
        }
}

}  // namespace

struct Int8Products::State {
    Workers<Scratch> workers;
    HugeArrayOf<std::uint8_t> quantised;
    std::vector<Range> ranges;
    std::vector<Quantisation> quantisations;

    void run_rows(const Job& job);
    void run_windows(const ProductArgs& args);
    void multiply_windows(const Job& job);
    void quantise_images(const Job& job);
    void quantise_columns(const Job& job);

    template <class Work>
    void blocks(const Job& job, std::int64_t most_rows, const Work& work);
};

/// work(block, scratch) for all of the result, in blocks of at most so many rows.
template <class Work>
void Int8Products::State::blocks(const Job& job, std::int64_t most_rows, const Work& work) {
    const Parts row_parts(job.rows, std::min(most_rows, std::max(kMostRows, job.rows / kTasks)));
    // Few rows: the columns are divided, too, so that every thread has some.
    const std::int64_t units = job.packed.panels / job.halves;
    const Parts column_parts(units, divided_up(units, divided_up(kTasks, row_parts.parts)));
    workers.parallel(row_parts.parts * column_parts.parts, [&](std::int64_t task, Scratch& scratch) {
        const std::int64_t rows = task / column_parts.parts, columns = task % column_parts.parts;
        const std::int64_t row = row_parts.begin(rows);
        work(Block{row, row_parts.begin(rows + 1) - row, column_parts.begin(columns) * job.halves,
                   column_parts.begin(columns + 1) * job.halves},
             scratch);
    });
}

/// A linear layer: every row is quantised by itself, where it is needed.
void Int8Products::State::run_rows(const Job& job) {
    const std::int64_t depth = job.packed.depth, stride = stride_of(depth);
    // Small weights stay in the second cache: then so do a block's inputs and those of the next.
    const bool small = job.packed.panels * kPanel * depth <= kSmallWeights;
    const std::int64_t most =
        small ? std::clamp<std::int64_t>(kBlockFloats / depth / 14 * 14, 14, kMostRows) : kMostRows;
    blocks(job, small ? kMostRows * 4 : kMostRows, [&](const Block& task, Scratch& scratch) {
        std::uint8_t* inputs = scratch.inputs_of(kMostRows * stride);
        const Parts parts(task.rows, most);
        for (std::int64_t part = 0; part < parts.parts; ++part) {
            Block block = task;
            block.row = task.row + parts.begin(part);
            block.rows = parts.begin(part + 1) - parts.begin(part);
            const float* x = job.args.x + block.row * depth;
            scratch.scales.resize(static_cast<std::size_t>(block.rows));
            scratch.zero_points.resize(static_cast<std::size_t>(block.rows));
            quantise_rows(
                {x, block.rows, depth, inputs, stride, scratch.scales.data(), scratch.zero_points.data()});
            Inputs following;
            if (small && part + 1 < parts.parts)
                following = {x + block.rows * depth, (parts.begin(part + 2) - parts.begin(part + 1)) * depth};
            multiply(
                job, block, scratch,
                [&](std::int64_t step, std::int64_t) {
                    return Slice{inputs + step * kInt8Step, stride};
                },
                following);
        }
    });
}

/// Whole images, in pieces: the second look finds them in the cache where they are small.
void Int8Products::State::quantise_images(const Job& job) {
    const ProductArgs& args = job.args;
    const std::int64_t size = args.height * args.width * job.inputs;
    const Parts pieces(size, kPiece);
    ranges.assign(static_cast<std::size_t>(args.images * pieces.parts), {});
    const auto each_piece = [&](const auto& work) {
        workers.parallel(args.images * pieces.parts, [&](std::int64_t task, Scratch&) {
            const std::int64_t image = task / pieces.parts, piece = task % pieces.parts;
            const std::int64_t begin = pieces.begin(piece);
            work(task, image, image * size + begin, pieces.begin(piece + 1) - begin);
        });
    };
    each_piece([&](std::int64_t task, std::int64_t, std::int64_t at, std::int64_t count) {
        widen(ranges[task], args.x + at, count);
    });
    quantisations.resize(static_cast<std::size_t>(args.images));
    for (std::int64_t image = 0; image < args.images; ++image) {
        Range all;
        for (std::int64_t piece = 0; piece < pieces.parts; ++piece)
            all.include(ranges[image * pieces.parts + piece]);
        quantisations[image] = Quantisation(all);
    }
    each_piece([&](std::int64_t, std::int64_t image, std::int64_t at, std::int64_t count) {
        quantise(quantisations[image], args.x + at, count, quantised.data() + at);
    });
}

/// Every column of an image, over all of its rows.
void Int8Products::State::quantise_columns(const Job& job) {
    const ProductArgs& args = job.args;
    const std::int64_t channels = job.inputs, line = args.width * channels;
    quantisations.resize(static_cast<std::size_t>(args.images * args.width));
    const std::int64_t columns = args.images * args.width;
    const Parts parts(columns, std::max<std::int64_t>(1, kPiece / (args.height * channels)));
    workers.parallel(parts.parts, [&](std::int64_t part, Scratch&) {
        for (std::int64_t column = parts.begin(part); column < parts.begin(part + 1); ++column) {
            const std::int64_t at = column / args.width * args.height * line + column % args.width * channels;
            Range range;
            for (std::int64_t y = 0; y < args.height; ++y) widen(range, args.x + at + y * line, channels);
            quantisations[column] = Quantisation(range);
            for (std::int64_t y = 0; y < args.height; ++y)
                quantise(quantisations[column], args.x + at + y * line, channels,
                         quantised.data() + at + y * line);
        }
    });
}

/// A convolution of few enough images.
void Int8Products::State::run_windows(const ProductArgs& args) {
    const Job job(args);
    const std::int64_t numbers = args.images * args.height * args.width * job.inputs;
    if (quantised.size() < numbers) quantised = HugeArrayOf<std::uint8_t>(numbers);
    job.in_columns() ? quantise_columns(job) : quantise_images(job);
    for (int phase = 0; phase < job.packed.phases; ++phase) multiply_windows(Job(args, phase));
}

/// Once the inputs are quantised.
void Int8Products::State::multiply_windows(const Job& job) {
    const std::int64_t groups = job.groups();
    const std::int64_t depth = job.packed.depth;
    const std::int64_t stride = stride_of(std::min(depth, kMostSteps * kInt8Step));
    const auto quantisation_at = [&](std::int64_t image, std::int64_t column) -> const Quantisation& {
        return quantisations[image * groups + (groups > 1 ? column : 0)];
    };
    blocks(job, kMostRows, [&](const Block& block, Scratch& scratch) {
        std::uint8_t* inputs = scratch.inputs_of(kMostRows * stride);
        scratch.rows.resize(static_cast<std::size_t>(block.rows));
        for (std::int64_t r = 0; r < block.rows; ++r) {
            const std::int64_t pixel = block.row + r;
            scratch.rows[r] =
                quantisation_at(pixel / (job.out_w * job.out_h), pixel % job.out_w * job.window.stride);
        }
        scratch.spread_rows();
        multiply(job, block, scratch, [&](std::int64_t step, std::int64_t steps) {
            const std::int64_t k = step * kInt8Step, count = std::min(steps * kInt8Step, depth - k);
            gather(
                job, {block.row, block.rows, k, count}, quantised.data(),
                [&](std::int64_t image, std::int64_t column) {
                    return static_cast<std::uint8_t>(quantisation_at(image, column).zero_point);
                },
                copy_numbers<std::uint8_t>, inputs, stride);
            return Slice{inputs, stride};
        });
    });
}

Int8Products::Int8Products(ThreadPool& pool, const CancelFlag* cancel)
    : state_(new State{{pool, cancel}, {}, {}, {}}) {}
Int8Products::~Int8Products() = default;

std::shared_ptr<Packed> Int8Products::pack(const PackRequest& request) {
    return pack_int8_panels(request, state_->workers.pool(), state_->workers.cancel());
}

void Int8Products::run(const ProductArgs& args) {
    const Job job(args);
    if (job.rows <= 0) return;
    if (job.window == Window{}) return state_->run_rows(job);
    // Some images at a time, so that the quantised ones need little memory.
    const std::int64_t size = args.height * args.width * job.inputs;
    const std::int64_t most = std::max<std::int64_t>(1, kMostQuantisedBytes / size);
    // Images that share a vector stay together.
    const std::int64_t unit = args.per_image ? args.images_per_row : 1;
    const Parts parts(args.images / unit, std::max<std::int64_t>(1, most / unit));
    const std::int64_t outputs = job.out_h * job.out_w * job.packed.phases * job.packed.outputs;
    for (std::int64_t part = 0; part < parts.parts; ++part) {
        const std::int64_t first = parts.begin(part) * unit;
        ProductArgs some = args;
        some.images = parts.begin(part + 1) * unit - first;
        some.x = args.x + first * size;
        if (args.per_image) some.per_image = args.per_image + parts.begin(part) * job.packed.outputs;
        if (args.residual) some.residual = args.residual + first * outputs;
        some.y = args.y + first * outputs;
        state_->run_windows(some);
    }
}

}  // namespace stillreel::tensor
