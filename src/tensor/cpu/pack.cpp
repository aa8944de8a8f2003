#include "tensor/cpu/pack.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/check.h"

namespace stillreel::tensor {
namespace {

/// Where one output's weights and bias are stored.
struct Source {
    const WeightData* weight = nullptr;  // null: a column that only fills up its panel
    std::int64_t row = 0;
};

/// The stored output behind every column of every panel.
std::vector<Source> columns_of(const PackRequest& request, const PackedPanels& packed) {
    std::vector<Source> outputs;
    for (const WeightData& weight : request.weights)
        for (std::int64_t row = 0; row < weight.shape[0]; ++row) outputs.push_back({&weight, row});
    std::vector<Source> columns(static_cast<std::size_t>(packed.panels * kPanel));
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(outputs.size()); ++i) {
        std::int64_t column = i;
        if (request.gate == Gate::geglu) {
            const std::int64_t half = i / packed.outputs, inner = i % packed.outputs;
            column = (inner / kPanel * 2 + half) * kPanel + inner % kPanel;
        }
        columns[column] = outputs[i];
    }
    return columns;
}

void pack_panel(const PackedPanels& packed, const Source* columns, float* to) {
    // So many inputs at a time that what 32 outputs need of them stays in the first cache.
    const std::int64_t taps = std::int64_t{packed.window.kernel_h} * packed.window.kernel_w;
    const std::int64_t block = std::max<std::int64_t>(1, 256 / taps);
    std::vector<float> stored(static_cast<std::size_t>(kPanel * block * taps));
    for (std::int64_t first = 0; first < packed.inputs; first += block) {
        const std::int64_t count = std::min(block, packed.inputs - first);
        for (std::int64_t c = 0; c < kPanel; ++c) {
            const std::span out(stored.data() + c * block * taps, static_cast<std::size_t>(count * taps));
            if (columns[c].weight)
                read_floats(*columns[c].weight, (columns[c].row * packed.inputs + first) * taps, out);
            else
                std::ranges::fill(out, 0.0f);
        }
        for (std::int64_t i = 0; i < count; ++i)
            for (std::int64_t tap = 0; tap < taps; ++tap) {
                float* row = to + (tap * packed.inputs + first + i) * kPanel;
                const float* from = stored.data() + i * taps + tap;
                for (std::int64_t c = 0; c < kPanel; ++c) row[c] = from[c * block * taps];
            }
    }
}

void pack_biases(const PackRequest& request, const std::vector<Source>& columns, PackedPanels& packed) {
    if (request.biases.empty()) return;
    STILLREEL_CHECK_EQ(request.biases.size(), request.weights.size());
    for (std::size_t c = 0; c < columns.size(); ++c) {
        if (!columns[c].weight) continue;
        const std::size_t part = columns[c].weight - request.weights.data();
        read_floats(request.biases[part], columns[c].row, {packed.bias.data() + c, 1});
    }
}

}  // namespace

std::shared_ptr<PackedPanels> pack_panels(const PackRequest& request, ThreadPool& pool,
                                          const CancelFlag* cancel) {
    auto packed = std::make_shared<PackedPanels>();
    const std::int64_t taps = std::int64_t{request.window.kernel_h} * request.window.kernel_w;
    std::int64_t outputs = 0;
    for (const WeightData& weight : request.weights) outputs += weight.shape[0];
    const Shape& shape = request.weights[0].shape;
    const std::int64_t halves = request.gate == Gate::geglu ? 2 : 1;
    packed->window = request.window;
    packed->gate = request.gate;
    packed->depth = shape.elements() / shape[0];
    packed->inputs = packed->depth / taps;
    packed->outputs = outputs / halves;
    packed->panels = (packed->outputs + kPanel - 1) / kPanel * halves;
    packed->weights = HugeArray(packed->panels * packed->depth * kPanel);
    packed->bias = HugeArray(packed->panels * kPanel);
    packed->bytes = static_cast<std::uint64_t>(packed->weights.size() + packed->bias.size()) * sizeof(float);

    const std::vector<Source> columns = columns_of(request, *packed);
    float* panels = packed->weights.data();
    pool.parallel_for(static_cast<int>(packed->panels), [&](int panel) {
        if (cancel) cancel->throw_if_requested();
        pack_panel(*packed, columns.data() + panel * kPanel, panels + panel * packed->depth * kPanel);
    });
    pack_biases(request, columns, *packed);
    return packed;
}

}  // namespace stillreel::tensor
