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

/// Some columns of sums, which are finished row after row.
struct FloatColumns {
    V bias;

    HWY_INLINE FloatColumns(const FinishArgs& args, std::int64_t column)
        : bias(hn::Load(Floats(), args.bias + column)) {}

    static const float* sums_of(const FinishArgs& args) { return args.sums; }
    HWY_INLINE V at(const FinishArgs&, std::int64_t, const float* from) const {
        return hn::Add(hn::Load(Floats(), from), bias);
    }
};

/// The same of 8 bits.
struct Int8Columns {
    V scales, bias;
    hn::Vec<hn::RebindToSigned<Floats>> sums;

    HWY_INLINE Int8Columns(const FinishArgs& args, std::int64_t column)
        : scales(hn::Load(Floats(), args.int8.column_scales + column)),
          bias(hn::Load(Floats(), args.bias + column)),
          sums(hn::Load(hn::RebindToSigned<Floats>(), args.int8.column_sums + column)) {}

    static const std::int32_t* sums_of(const FinishArgs& args) { return args.int8.sums; }
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
                        ? args.per_image + (args.first_row + row) / args.rows_per_image * args.per_image_stride
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

/// Columns first: what they are multiplied by, or added to, stays in registers.
template <class Columns, Activation kActivation>
void finish_columns(const FinishArgs& args) {
    const Floats d;
    const std::int64_t halves = args.gate == Gate::geglu ? 2 : 1, gate = (halves - 1) * kPanel;
    for (std::int64_t c = 0; c < args.columns; c += kLanes) {
        const std::int64_t panel = c / kPanel * halves, column = panel * kPanel + c % kPanel;
        const Columns values(args, column), gates(args, column + gate);
        const auto* sums = Columns::sums_of(args) + panel * args.sum_rows * kPanel + c % kPanel;
        for (std::int64_t r = 0; r < args.rows; ++r, sums += kPanel) {
            V v = values.at(args, r, sums);
            if (halves == 2) v = hn::Mul(v, gelu_of(d, gates.at(args, r, sums + args.sum_rows * kPanel)));
            finish_vector<kActivation>(args, r, Addends(args, r), c, v);
        }
    }
}

template <Activation kActivation>
void finish(const FinishArgs& args) {
    args.sums ? finish_columns<FloatColumns, kActivation>(args)
              : finish_columns<Int8Columns, kActivation>(args);
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
