#include "tensor/cpu/pack.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <vector>

#include "base/check.h"
#include "tensor/cpu/winograd.h"

namespace stillreel::tensor {
namespace {

/// Where one output's weights and bias are stored.
struct Source {
    const WeightData* weight = nullptr;  // null: a column that only fills up its panel
    std::int64_t row = 0;
};

/// The stored output behind every column of every panel.
std::vector<Source> columns_of(const PackRequest& request, const Panels& packed) {
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

/// Floats as the numbers of a panel.
template <class Number>
const Number* converted(const std::vector<float>& floats, std::vector<Number>& numbers) {
    if constexpr (std::is_same_v<Number, float>) {
        return floats.data();
    } else {
        numbers.resize(floats.size());
        round_to_bf16(floats.data(), static_cast<std::int64_t>(floats.size()), numbers.data());
        return numbers.data();
    }
}

/// Of a kernel's places along one direction those that an upsampled3x3() window's phase adds for its first or
/// second tap: [begin, end).
struct Summed {
    int begin, end;
    Summed(int phase, int tap) : begin(tap ? 1 + phase : 0), end(tap ? 3 : 1 + phase) {}
};

/// kernels [count][3][3] -> sums of the phase [count][2][2].
void fold(const float* kernels, std::int64_t count, int phase, float* sums) {
    for (std::int64_t i = 0; i < count; ++i) {
        std::array<double, 9> kernel;
        std::copy_n(kernels + i * 9, 9, kernel.begin());
        for (int tap = 0; tap < 4; ++tap) {
            const Summed rows(phase / 2, tap / 2), columns(phase % 2, tap % 2);
            double sum = 0;
            for (int row = rows.begin; row < rows.end; ++row)
                for (int column = columns.begin; column < columns.end; ++column)
                    sum += kernel[row * 3 + column];
            sums[i * 4 + tap] = static_cast<float>(sum);
        }
    }
}

/// Taps of the weights as they are packed.
std::int64_t taps_of(const Panels& packed) { return packed.depth / packed.inputs; }

/// Of an output's kernels [packed.inputs][taps] inputs [first, first + count) as the phase or the method has
/// them.
void read_kernels(const Source& source, const Panels& packed, int phase, std::int64_t first,
                  std::int64_t count, std::vector<float>& stored, float* to) {
    const std::int64_t places = packed.window.places();
    const bool as_stored = packed.phases == 1 && packed.method == Method::direct;
    const std::span out(as_stored ? to : stored.data(), static_cast<std::size_t>(count * places));
    read_floats(*source.weight, (source.row * packed.inputs + first) * places, out);
    if (packed.phases > 1) fold(stored.data(), count, phase, to);
    if (packed.method != Method::direct)
        winograd_weights(winograd_tile(packed.method), stored.data(), count, to);
}

template <class Number>
void pack_panel(const Panels& packed, const Source* columns, int phase, Number* to) {
    constexpr std::int64_t kStep = kStepOf<Number>;
    // So many inputs at a time that what 32 outputs need of them stays in the first cache.
    const std::int64_t taps = taps_of(packed);
    const std::int64_t block = std::max<std::int64_t>(1, 256 / taps);
    std::vector<float> stored(static_cast<std::size_t>(kPanel * block * taps));
    std::vector<float> kernels(static_cast<std::size_t>(block * packed.window.places()));
    std::vector<Number> numbers;
    for (std::int64_t first = 0; first < packed.inputs; first += block) {
        const std::int64_t count = std::min(block, packed.inputs - first);
        for (std::int64_t c = 0; c < kPanel; ++c) {
            const std::span out(stored.data() + c * block * taps, static_cast<std::size_t>(count * taps));
            if (columns[c].weight)
                read_kernels(columns[c], packed, phase, first, count, kernels, out.data());
            else
                std::ranges::fill(out, 0.0f);
        }
        const Number* all = converted(stored, numbers);
        for (std::int64_t i = 0; i < count; ++i)
            for (std::int64_t tap = 0; tap < taps; ++tap) {
                const std::int64_t k = tap * packed.inputs + first + i;
                Number* row = to + k / kStep * kStep * kPanel + k % kStep;
                const Number* from = all + i * taps + tap;
                for (std::int64_t c = 0; c < kPanel; ++c) row[c * kStep] = from[c * block * taps];
            }
    }
}

void pack_biases(const PackRequest& request, const std::vector<Source>& columns, Panels& packed) {
    if (request.biases.empty()) return;
    STILLREEL_CHECK_EQ(request.biases.size(), request.weights.size());
    for (std::size_t c = 0; c < columns.size(); ++c) {
        if (!columns[c].weight) continue;
        const std::size_t part = columns[c].weight - request.weights.data();
        read_floats(request.biases[part], columns[c].row, {packed.bias.data() + c, 1});
    }
}

/// Sizes, and room for biases. `step`: of the depth.
void lay_out(const PackRequest& request, std::int64_t step, Panels& packed) {
    const Window& window = request.window;
    STILLREEL_CHECK(window.upsample == 1 || window == Window::upsampled3x3());
    std::int64_t outputs = 0;
    for (const WeightData& weight : request.weights) outputs += weight.shape[0];
    const Shape& shape = request.weights[0].shape;
    const std::int64_t halves = request.gate == Gate::geglu ? 2 : 1;
    packed.window = request.window;
    packed.gate = request.gate;
    packed.precision = request.precision;
    packed.inputs = shape.elements() / (shape[0] * window.places());
    packed.method = method_of(request);
    packed.phases = std::int64_t{window.upsample} * window.upsample;
    packed.depth = packed.inputs * packed_taps(request) / packed.phases;
    packed.steps = (packed.depth + step - 1) / step;
    packed.outputs = outputs / halves;
    packed.panels = (packed.outputs + kPanel - 1) / kPanel * halves;
    packed.bias = HugeArray(packed.panels * kPanel);
}

/// Numbers for weights that are laid out: from the request's store, else packed, biases first, then
/// pack(0 ... panels of all phases - 1, where every column comes from) on all threads.
template <class Pack>
void fill(const PackRequest& request, Panels& packed, ThreadPool& pool, const CancelFlag* cancel, Pack pack) {
    if (request.store && request.store->restore(packed, pool)) return;
    const std::vector<Source> columns = columns_of(request, packed);
    pack_biases(request, columns, packed);
    pool.parallel_for(static_cast<int>(packed.phases * packed.panels), [&](int panel) {
        if (cancel) cancel->throw_if_requested();
        pack(panel, columns);
    });
    if (request.store) request.store->keep(packed, pool);
}

/// All of it, in the numbers that the panels have.
template <class Weights>
std::shared_ptr<Weights> pack_as(const PackRequest& request, ThreadPool& pool, const CancelFlag* cancel) {
    using Number = typename Weights::Number;
    auto packed = std::make_shared<Weights>();
    lay_out(request, kStepOf<Number>, *packed);
    const std::int64_t size = packed->steps * kStepOf<Number> * kPanel;
    packed->weights = HugeArrayOf<Number>(packed->phases * packed->panels * size);
    packed->bytes = packed->weights.bytes() + packed->bias.bytes();
    fill(request, *packed, pool, cancel, [&](int panel, const std::vector<Source>& columns) {
        pack_panel(*packed, columns.data() + panel % packed->panels * kPanel,
                   static_cast<int>(panel / packed->panels), packed->weights.data() + panel * size);
    });
    return packed;
}

/// What a thread needs to pack a panel in whole numbers.
struct Int8Rows {
    std::vector<float> stored;           // one output as it is stored
    std::vector<float> floats;           // the same as it is packed: [inputs][taps]
    std::vector<std::int8_t> quantised;  // that, quantised
    std::vector<std::int8_t> rows;       // 32 outputs [taps][inputs], zeros behind
};

/// One output's weights in whole numbers; returns their scale.
float quantise_output(const Source& source, const Int8Panels& packed, int phase, Int8Rows& scratch) {
    scratch.quantised.resize(static_cast<std::size_t>(packed.depth));
    if (source.weight->type == DType::i8 && packed.phases == 1)
        return read_quantised(*source.weight, source.row, scratch.quantised);
    scratch.stored.resize(static_cast<std::size_t>(packed.inputs * packed.window.places()));
    scratch.floats.resize(scratch.quantised.size());
    read_kernels(source, packed, phase, 0, packed.inputs, scratch.stored, scratch.floats.data());
    return quantise_weights(scratch.floats, scratch.quantised.data());
}

/// A panel in whole numbers; those of all phases are counted.
void pack_int8_panel(const Source* columns, std::int64_t panel, Int8Panels& packed, Int8Rows& scratch) {
    const std::int64_t taps = taps_of(packed), width = packed.steps * kInt8Step;
    const int phase = static_cast<int>(panel / packed.panels);
    scratch.rows.assign(static_cast<std::size_t>(kPanel * width), 0);
    for (std::int64_t c = 0; c < kPanel; ++c) {
        if (!columns[c].weight) continue;
        packed.scales.data()[panel * kPanel + c] = quantise_output(columns[c], packed, phase, scratch);
        std::int8_t* row = scratch.rows.data() + c * width;
        std::int32_t sum = 0;
        for (const std::int8_t q : scratch.quantised) sum += q;
        packed.column_sums.data()[panel * kPanel + c] = sum;
        for (std::int64_t tap = 0; tap < taps; ++tap)
            for (std::int64_t i = 0; i < packed.inputs; ++i)
                row[tap * packed.inputs + i] = scratch.quantised[i * taps + tap];
    }
    std::int8_t* to = packed.weights.data() + panel * width * kPanel;
    for (std::int64_t step = 0; step < packed.steps; ++step)
        for (std::int64_t c = 0; c < kPanel; ++c, to += kInt8Step)
            std::memcpy(to, scratch.rows.data() + c * width + step * kInt8Step, kInt8Step);
}

}  // namespace

std::shared_ptr<PackedPanels> pack_panels(const PackRequest& request, ThreadPool& pool,
                                          const CancelFlag* cancel) {
    return pack_as<PackedPanels>(request, pool, cancel);
}

std::shared_ptr<Bf16Panels> pack_bf16_panels(const PackRequest& request, ThreadPool& pool,
                                             const CancelFlag* cancel) {
    return pack_as<Bf16Panels>(request, pool, cancel);
}

std::shared_ptr<Int8Panels> pack_int8_panels(const PackRequest& request, ThreadPool& pool,
                                             const CancelFlag* cancel) {
    auto packed = std::make_shared<Int8Panels>();
    lay_out(request, kInt8Step, *packed);
    STILLREEL_CHECK(packed->depth <= kMostInt8Depth);
    const std::int64_t panels = packed->phases * packed->panels;
    packed->weights = HugeArrayOf<std::int8_t>(panels * packed->steps * kPanel * kInt8Step);
    packed->scales = HugeArray(panels * kPanel);
    packed->column_sums = HugeArrayOf<std::int32_t>(panels * kPanel);
    packed->bytes =
        packed->weights.bytes() + packed->bias.bytes() + packed->scales.bytes() + packed->column_sums.bytes();
    fill(request, *packed, pool, cancel, [&](int panel, const std::vector<Source>& columns) {
        Int8Rows scratch;
        pack_int8_panel(columns.data() + panel % packed->panels * kPanel, panel, *packed, scratch);
    });
    return packed;
}

}  // namespace stillreel::tensor
