#include "tensor/cpu/panels.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/panels.cpp"
#include <hwy/foreach_target.h>  // before the others

#include <hwy/highway.h>

#include "tensor/cpu/panel_tiles-inl.h"
#include "tensor/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using V = hn::Vec<Floats>;

constexpr std::int64_t kLanes = kPanelLanes;

struct FloatProducts {
    using Args = PanelArgs;
    using Tag = Floats;
    using Sums = V;
    using Input = V;
    using Weights = V;
    // With 32 registers of 16 floats 14 rows of a whole panel, with 16 registers 6 rows of two vectors.
    static constexpr int kTileRows = kLanes == 16 ? 14 : 6;
    static HWY_INLINE V input_at(const float* a) { return hn::Set(Floats(), *a); }
    static HWY_INLINE V weights_at(const float* b) { return hn::Load(Floats(), b); }
    static HWY_INLINE V with_products(V sums, V x, V w) { return hn::MulAdd(x, w, sums); }
};

void MultiplyPanel(const PanelArgs& args) { multiply_by<FloatProducts>(args); }

/// A row's sums plus bias, a vector at a time.
struct FloatRow {
    const FinishArgs& args;
    std::int64_t row;
    HWY_INLINE V at(std::int64_t panel, std::int64_t lane) const {
        const Floats d;
        return hn::Add(hn::Load(d, args.sums + (panel * args.rows + row) * kPanel + lane),
                       hn::Load(d, args.bias + panel * kPanel + lane));
    }
};

/// Some columns of sums of 8 bits, which are finished row after row.
struct Int8Columns {
    V scales, bias;
    hn::Vec<hn::RebindToSigned<Floats>> sums;

    HWY_INLINE Int8Columns(const FinishArgs& args, std::int64_t column)
        : scales(hn::Load(Floats(), args.int8.column_scales + column)),
          bias(hn::Load(Floats(), args.bias + column)),
          sums(hn::Load(hn::RebindToSigned<Floats>(), args.int8.column_sums + column)) {}

    HWY_INLINE V at(const FinishArgs& args, std::int64_t row, const std::int32_t* from) const {
        const Floats d;
        const hn::RebindToSigned<Floats> di;
        const auto of_zero_point = hn::Mul(hn::Set(di, args.int8.zero_points[row]), sums);
        const V scale = hn::Mul(hn::Set(d, args.int8.scales[row]), scales);
        return hn::MulAdd(hn::ConvertTo(d, hn::Sub(hn::Load(di, from), of_zero_point)), scale, bias);
    }
};

/// What a result's row adds to its columns.
struct Addends {
    const float* per_image;
    const float* residual;

    HWY_INLINE Addends(const FinishArgs& args, std::int64_t row)
        : per_image(args.per_image
                        ? args.per_image + (args.first_row + row) / args.rows_per_image * args.y_stride
                        : nullptr),
          residual(args.residual ? args.residual + row * args.y_stride : nullptr) {}
};

/// Finishes and writes columns [c, c + kLanes) of a row, of which there may be fewer.
template <Activation kActivation>
HWY_INLINE void finish_vector(const FinishArgs& args, std::int64_t row, const Addends& addends,
                              std::int64_t c, V v) {
    const Floats d;
    const std::int64_t count = std::min(kLanes, args.columns - c);
    const auto load = [&](const float* from) HWY_ATTR {
        return count == kLanes ? hn::LoadU(d, from + c) : load_first(d, from + c, count);
    };
    if (addends.per_image) v = hn::Add(v, load(addends.per_image));
    v = activated(d, v, kActivation);
    if (addends.residual) v = hn::Add(v, load(addends.residual));
    float* const y = args.y + row * args.y_stride + c;
    if (count == kLanes)
        hn::StoreU(v, d, y);
    else
        store_first(d, v, y, count);
}

template <Activation kActivation>
void finish_floats(const FinishArgs& args) {
    const Floats d;
    const std::int64_t halves = args.gate == Gate::geglu ? 2 : 1;
    for (std::int64_t r = 0; r < args.rows; ++r) {
        const FloatRow row{args, r};
        const Addends addends(args, r);
        for (std::int64_t c = 0; c < args.columns; c += kLanes) {
            const std::int64_t panel = c / kPanel * halves, lane = c % kPanel;
            V v = row.at(panel, lane);
            if (halves == 2) v = hn::Mul(v, gelu_of(d, row.at(panel + 1, lane)));
            finish_vector<kActivation>(args, r, addends, c, v);
        }
    }
}

/// Columns first: what they are multiplied by stays in registers.
template <Activation kActivation>
void finish_int8(const FinishArgs& args) {
    const Floats d;
    const std::int64_t halves = args.gate == Gate::geglu ? 2 : 1, gate = (halves - 1) * kPanel;
    for (std::int64_t c = 0; c < args.columns; c += kLanes) {
        const std::int64_t panel = c / kPanel * halves, column = panel * kPanel + c % kPanel;
        const Int8Columns values(args, column), gates(args, column + gate);
        const std::int32_t* sums = args.int8.sums + panel * args.rows * kPanel + c % kPanel;
        for (std::int64_t r = 0; r < args.rows; ++r, sums += kPanel) {
            V v = values.at(args, r, sums);
            if (halves == 2) v = hn::Mul(v, gelu_of(d, gates.at(args, r, sums + args.rows * kPanel)));
            finish_vector<kActivation>(args, r, Addends(args, r), c, v);
        }
    }
}

template <Activation kActivation>
void finish(const FinishArgs& args) {
    args.sums ? finish_floats<kActivation>(args) : finish_int8<kActivation>(args);
}

void FinishPanels(const FinishArgs& args) {
    switch (args.activation) {
        case Activation::none:
            return finish<Activation::none>(args);
        case Activation::silu:
            return finish<Activation::silu>(args);
        case Activation::gelu:
            return finish<Activation::gelu>(args);
        case Activation::quick_gelu:
            return finish<Activation::quick_gelu>(args);
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::tensor {
namespace {
HWY_EXPORT(MultiplyPanel);
HWY_EXPORT(FinishPanels);
}  // namespace

void multiply_panel(const PanelArgs& args) { HWY_DYNAMIC_DISPATCH(MultiplyPanel)(args); }
void finish_panels(const FinishArgs& args) { HWY_DYNAMIC_DISPATCH(FinishPanels)(args); }

}  // namespace stillreel::tensor
#endif
