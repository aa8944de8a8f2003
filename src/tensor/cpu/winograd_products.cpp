#include "tensor/cpu/winograd_products.h"

#include <algorithm>
#include <vector>

#include "tensor/cpu/product_rows.h"
#include "tensor/cpu/winograd.h"
#include "tensor/cpu/workers.h"

namespace stillreel::tensor {
namespace {

// A task: inputs and sums of one place fit the second cache, those of all places the third.
constexpr std::int64_t kMostTiles = 112;
constexpr std::int64_t kMostInputs = std::int64_t{16} * kMostTiles * 320;  // transformed
constexpr std::int64_t kMostSums = std::int64_t{16} * kMostTiles * 640;
// Rows and planes do not start at the same places of the first cache.
constexpr std::int64_t kApart = 16;
/// Pixels of a line that are finished together, in the second cache.
constexpr std::int64_t kRun = 32;

struct Scratch {
    HugeArray inputs, sums, lines;
    std::vector<const float*> pixels;
    std::vector<float> zeros;
};

float* grown(HugeArray& array, std::int64_t size) {
    if (array.size() < size) array = HugeArray(size);
    return array.data();
}

struct Job : ProductRows {
    const PackedPanels& packed;
    WinogradTile tile;
    std::int64_t places;
    std::int64_t across, down;             // tiles of an image
    std::int64_t most_depth, most_panels;  // at a time

    explicit Job(const ProductArgs& product)
        : ProductRows(product, static_cast<const Panels&>(*product.weights)),
          packed(static_cast<const PackedPanels&>(*product.weights)),
          tile(winograd_tile(packed.method)),
          places(tile.places()),
          across(divided_up(out_w, tile.columns)),
          down(divided_up(out_h, tile.rows)),
          most_depth(kMostInputs / (places * kMostTiles) / 32 * 32),
          most_panels(kMostSums / (places * kMostTiles * kPanel)) {}
    std::int64_t tiles() const { return args.images * down * across; }
    std::int64_t stride() const { return most_depth + kApart; }
    std::int64_t input_plane() const { return kMostTiles * stride() + kApart; }
};

/// Tiles [tile, tile + tiles) of all images, panels [first, last).
struct Block {
    std::int64_t tile, tiles, first, last;
    std::int64_t panels() const { return last - first; }
    std::int64_t panel() const { return tiles * kPanel; }
    std::int64_t plane() const { return panels() * panel() + kApart; }
};

/// The pixels that each tile sees, from channel `k` on; beyond the border are zeros.
void see_pixels(const Job& job, const Block& block, std::int64_t k, Scratch& scratch) {
    const std::int64_t height = job.args.height, width = job.args.width;
    const std::int64_t rows = WinogradTile::side(job.tile.rows),
                       columns = WinogradTile::side(job.tile.columns);
    scratch.zeros.resize(static_cast<std::size_t>(job.most_depth));
    scratch.pixels.clear();
    for (std::int64_t tile = block.tile; tile < block.tile + block.tiles; ++tile) {
        const std::int64_t image = tile / (job.down * job.across);
        const std::int64_t top = tile / job.across % job.down * job.tile.rows - job.window.top;
        const std::int64_t left = tile % job.across * job.tile.columns - job.window.left;
        for (std::int64_t y = top; y < top + rows; ++y)
            for (std::int64_t x = left; x < left + columns; ++x)
                scratch.pixels.push_back(y < 0 || y >= height || x < 0 || x >= width
                                             ? scratch.zeros.data()
                                             : job.args.x + ((image * height + y) * width + x) * job.inputs +
                                                   k);
    }
}

void multiply(const Job& job, const Block& block, Scratch& scratch) {
    const std::int64_t inputs = job.inputs;
    float* transformed = grown(scratch.inputs, job.places * job.input_plane());
    float* sums = grown(scratch.sums, job.places * block.plane());
    const Parts slices(inputs, job.most_depth);
    for (std::int64_t slice = 0; slice < slices.parts; ++slice) {
        const std::int64_t k = slices.begin(slice), depth = slices.begin(slice + 1) - k;
        const auto weights_of = [&](std::int64_t place, std::int64_t panel) {
            return job.packed.weights.data() + (panel * job.packed.depth + place * inputs + k) * kPanel;
        };
        see_pixels(job, block, k, scratch);
        winograd_inputs({job.tile, scratch.pixels.data(), block.tiles, depth, transformed, job.input_plane(),
                         job.stride()});
        for (std::int64_t place = 0; place < job.places; ++place)
            for (std::int64_t panel = block.first; panel < block.last; ++panel) {
                PanelArgs tile;
                tile.a = transformed + place * job.input_plane();
                tile.a_stride = job.stride();
                tile.b = weights_of(place, panel);
                tile.steps = depth;
                tile.rows = block.tiles;
                tile.begin = slice ? Begin::sums : Begin::zero;
                tile.sums = sums + place * block.plane() + (panel - block.first) * block.panel();
                if (panel + 1 < block.last)
                    tile.soon.from = weights_of(place, panel + 1);
                else if (place + 1 < job.places)
                    tile.soon.from = weights_of(place + 1, block.first);
                tile.soon.bytes = depth * kPanel * static_cast<std::int64_t>(sizeof(float));
                multiply_panel(tile);
            }
    }
}

void finish(const Job& job, const Block& block, Scratch& scratch) {
    const std::int64_t panels = block.panels(), end_tile = block.tile + block.tiles;
    float* lines = grown(scratch.lines, job.tile.rows * panels * kRun * kPanel);
    for (std::int64_t tile = block.tile; tile < end_tile;) {
        const std::int64_t column = tile % job.across, line = tile / job.across;
        const std::int64_t tiles = std::min({kRun / job.tile.columns, end_tile - tile, job.across - column});
        const std::int64_t y = line % job.down * job.tile.rows, x = column * job.tile.columns;
        const std::int64_t pixels = std::min(job.tile.columns * tiles, job.out_w - x);
        winograd_sums({job.tile, scratch.sums.data() + (tile - block.tile) * kPanel, block.plane(),
                       block.panel(), panels, tiles, pixels, lines});
        for (std::int64_t lower = 0; lower < std::min(job.tile.rows, job.out_h - y); ++lower) {
            const std::int64_t row = (line / job.down * job.out_h + y + lower) * job.out_w + x;
            FinishArgs end = job.ending(job.packed, row, pixels, block.first, block.last);
            end.sums = lines + lower * panels * pixels * kPanel;
            job.finish(end);
        }
        tile += tiles;
    }
}

}  // namespace

struct WinogradProducts::State {
    Workers<Scratch> workers;
};

WinogradProducts::WinogradProducts(ThreadPool& pool, const CancelFlag* cancel)
    : state_(new State{{pool, cancel}}) {}
WinogradProducts::~WinogradProducts() = default;

void WinogradProducts::run(const ProductArgs& args) {
    const Job job(args);
    if (job.rows <= 0) return;
    const Parts tile_parts(job.tiles(), kMostTiles);
    // Few tiles: smaller parts of columns, so that every thread has some.
    const std::int64_t few = divided_up(job.packed.panels, divided_up(kTasks, tile_parts.parts));
    const Parts column_parts(job.packed.panels, std::min(job.most_panels, few));
    state_->workers.parallel(tile_parts.parts * column_parts.parts, [&](std::int64_t task, Scratch& scratch) {
        const std::int64_t tiles = task / column_parts.parts, columns = task % column_parts.parts;
        const std::int64_t tile = tile_parts.begin(tiles);
        const Block block{tile, tile_parts.begin(tiles + 1) - tile, column_parts.begin(columns),
                          column_parts.begin(columns + 1)};
        multiply(job, block, scratch);
        finish(job, block, scratch);
    });
}

}  // namespace stillreel::tensor
