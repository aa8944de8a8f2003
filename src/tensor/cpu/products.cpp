#include "tensor/cpu/products.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "base/check.h"
#include "tensor/cpu/pack.h"
#include "tensor/cpu/panels.h"

namespace stillreel::tensor {
namespace {

// A task is up to kRows rows of the result by up to kColumns columns; its sums, and kDepth of its inputs at a
// time, fit the second cache. None of this depends on the number of threads.
constexpr std::int64_t kRows = 224;
constexpr std::int64_t kColumns = 320;
constexpr std::int64_t kDepth = 256;
// Rows of gathered inputs do not start at the same places of the first cache.
constexpr std::int64_t kStride = kDepth + 16;

std::int64_t divided_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// `count` things in parts of at most `most`, all about equally large.
struct Parts {
    std::int64_t count, parts;
    Parts(std::int64_t things, std::int64_t most) : count(things), parts(divided_up(things, most)) {}
    std::int64_t begin(std::int64_t part) const { return count * part / parts; }
};

/// What one worker needs while it is at a task.
struct Scratch {
    HugeArray inputs{kRows * kStride};
    HugeArray sums{kRows * kColumns};
};

/// One product as the tasks see it: rows of the result are output pixels of all images.
struct Job {
    const ProductArgs& args;
    const PackedPanels& packed;
    std::int64_t out_h, out_w, rows;
    std::int64_t rows_per_vector;  // of per_image

    explicit Job(const ProductArgs& product)
        : args(product),
          packed(static_cast<const PackedPanels&>(*product.weights)),
          out_h(packed.window.out_h(product.height)),
          out_w(packed.window.out_w(product.width)),
          rows(product.images * out_h * out_w),
          rows_per_vector(product.images_per_row * out_h * out_w) {}
};

/// Copies numbers [k, k + count) of the input windows of rows [row, row + rows) to `to`.
void gather(const Job& job, std::int64_t row, std::int64_t rows, std::int64_t k, std::int64_t count,
            float* to) {
    const ProductArgs& args = job.args;
    const Window& window = job.packed.window;
    const std::int64_t channels = job.packed.inputs;
    for (std::int64_t done = 0; done < count;) {
        const std::int64_t tap = (k + done) / channels, channel = (k + done) % channels;
        const std::int64_t length = std::min(count - done, channels - channel);
        const std::int64_t down = tap / window.kernel_w - window.top,
                           right = tap % window.kernel_w - window.left;
        std::int64_t out_x = row % job.out_w, out_y = row / job.out_w % job.out_h,
                     image = row / job.out_w / job.out_h;
        for (std::int64_t r = 0; r < rows; ++r) {
            const std::int64_t y = out_y * window.stride + down, x = out_x * window.stride + right;
            float* at = to + r * kStride + done;
            if (y >= 0 && y < args.height && x >= 0 && x < args.width)
                std::memcpy(at, args.x + ((image * args.height + y) * args.width + x) * channels + channel,
                            static_cast<std::size_t>(length) * sizeof(float));
            else
                std::fill_n(at, length, 0.0f);
            if (++out_x < job.out_w) continue;
            out_x = 0;
            if (++out_y < job.out_h) continue;
            out_y = 0;
            ++image;
        }
        done += length;
    }
}

/// Rows [row, row + rows) of panels [first, last).
void multiply(const Job& job, std::int64_t row, std::int64_t rows, std::int64_t first, std::int64_t last,
              Scratch& scratch) {
    const PackedPanels& packed = job.packed;
    const ProductArgs& args = job.args;
    const Parts slices(packed.depth, kDepth);
    const std::int64_t halves = packed.gate == Gate::geglu ? 2 : 1;
    const auto sums_of = [&](std::int64_t panel) {
        return scratch.sums.data() + (panel - first) * rows * kPanel;
    };
    for (std::int64_t slice = 0; slice < slices.parts; ++slice) {
        const std::int64_t k = slices.begin(slice), depth = slices.begin(slice + 1) - k;
        gather(job, row, rows, k, depth, scratch.inputs.data());
        for (std::int64_t panel = first; panel < last; ++panel) {
            PanelArgs tile;
            tile.a = scratch.inputs.data();
            tile.a_stride = kStride;
            tile.b = packed.weights.data() + (panel * packed.depth + k) * kPanel;
            tile.depth = depth;
            tile.rows = rows;
            tile.sums = sums_of(panel);
            tile.start = slice ? tile.sums : packed.bias.data() + panel * kPanel;
            tile.start_stride = slice ? kPanel : 0;
            multiply_panel(tile);
            if (slice + 1 < slices.parts || (panel + 1) % halves) continue;

            const std::int64_t column = panel / halves * kPanel, at = row * packed.outputs + column;
            FinishArgs end;
            end.sums = sums_of(panel + 1 - halves);
            end.gates = halves == 2 ? sums_of(panel) : nullptr;
            end.rows = rows;
            end.columns = std::min(kPanel, packed.outputs - column);
            end.first_row = row;
            end.rows_per_image = job.rows_per_vector;
            end.per_image = args.per_image ? args.per_image + column : nullptr;
            end.activation = args.activation;
            end.residual = args.residual ? args.residual + at : nullptr;
            end.y = args.y + at;
            end.y_stride = packed.outputs;
            finish_panel(end);
        }
    }
}

}  // namespace

struct Products::State {
    ThreadPool& pool;
    const CancelFlag* cancel;
    std::mutex mutex;
    std::vector<std::unique_ptr<Scratch>> idle;

    std::unique_ptr<Scratch> take() {
        const std::lock_guard lock(mutex);
        if (idle.empty()) return std::make_unique<Scratch>();
        std::unique_ptr<Scratch> scratch = std::move(idle.back());
        idle.pop_back();
        return scratch;
    }
    void put_back(std::unique_ptr<Scratch> scratch) {
        const std::lock_guard lock(mutex);
        idle.push_back(std::move(scratch));
    }
};

Products::Products(ThreadPool& pool, const CancelFlag* cancel) : state_(new State{pool, cancel, {}, {}}) {}
Products::~Products() = default;

std::shared_ptr<Packed> Products::pack(const PackRequest& request) {
    return pack_panels(request, state_->pool, state_->cancel);
}

void Products::run(const ProductArgs& args) {
    const Job job(args);
    if (job.rows <= 0) return;
    const std::int64_t halves = job.packed.gate == Gate::geglu ? 2 : 1;
    const Parts row_parts(job.rows, kRows);
    // Few rows: small parts of columns, so that all threads fetch weights.
    const std::int64_t columns = job.rows < 2 * kRows ? 2 * kPanel : kColumns;
    const Parts column_parts(job.packed.panels / halves, columns / kPanel / halves);
    state_->pool.parallel_for(static_cast<int>(row_parts.parts * column_parts.parts), [&](int task) {
        if (state_->cancel) state_->cancel->throw_if_requested();
        const std::int64_t rows = task / column_parts.parts, panels = task % column_parts.parts;
        std::unique_ptr<Scratch> scratch = state_->take();
        multiply(job, row_parts.begin(rows), row_parts.begin(rows + 1) - row_parts.begin(rows),
                 column_parts.begin(panels) * halves, column_parts.begin(panels + 1) * halves, *scratch);
        state_->put_back(std::move(scratch));
    });
}

}  // namespace stillreel::tensor
