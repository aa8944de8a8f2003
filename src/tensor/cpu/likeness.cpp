#include "tensor/cpu/likeness.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/likeness.cpp"
#include <hwy/foreach_target.h>  // before the others
#include <hwy/highway.h>

#include "tensor/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {

using Floats = hn::CappedTag<float, 16>;
using V = hn::Vec<Floats>;

void Normalise(const float* x, std::int64_t channels, float* y) {
    const Floats d;
    constexpr std::int64_t kLanes = hn::MaxLanes(Floats());
    const auto load = [&](std::int64_t c) HWY_ATTR {
        return channels - c < kLanes ? load_first(d, x + c, channels - c) : hn::LoadU(d, x + c);
    };
    V even = hn::Zero(d), odd = hn::Zero(d);
    for (std::int64_t c = 0; c < channels; c += 2 * kLanes) {
        even = hn::MulAdd(load(c), load(c), even);
        if (c + kLanes < channels) odd = hn::MulAdd(load(c + kLanes), load(c + kLanes), odd);
    }
    const float squares = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
    const V factor = hn::Set(d, squares > 0 ? 1 / std::sqrt(squares) : 0);
    for (std::int64_t c = 0; c < channels; c += kLanes) {
        const V scaled = hn::Mul(load(c), factor);
        if (channels - c < kLanes)
            store_first(d, scaled, y + c, channels - c);
        else
            hn::StoreU(scaled, d, y + c);
    }
}

void Take(Greatest& greatest, const float* sums, std::int64_t rows, std::int32_t panel) {
    const Floats d;
    const hn::RebindToSigned<Floats> di;
    constexpr std::int64_t kLanes = hn::MaxLanes(Floats());
    const auto now = hn::Set(di, panel);
    for (std::int64_t i = 0; i < rows * kPanel; i += kLanes) {
        const V sum = hn::Load(d, sums + i), before = hn::Load(d, greatest.sums.data() + i);
        const auto greater = hn::Gt(sum, before);
        std::int32_t* const at = greatest.panels.data() + i;
        hn::Store(hn::IfThenElse(greater, sum, before), d, greatest.sums.data() + i);
        hn::Store(hn::IfThenElse(hn::RebindMask(di, greater), now, hn::Load(di, at)), di, at);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::tensor {
namespace {
HWY_EXPORT(Normalise);
HWY_EXPORT(Take);
}  // namespace

void normalise(const float* x, std::int64_t channels, float* y) {
    HWY_DYNAMIC_DISPATCH(Normalise)(x, channels, y);
}

void reset(Greatest& greatest, std::int64_t rows) {
    std::fill_n(greatest.sums.begin(), rows * kPanel, -std::numeric_limits<float>::infinity());
    std::fill_n(greatest.panels.begin(), rows * kPanel, 0);
}

void take(Greatest& greatest, const float* sums, std::int64_t rows, std::int32_t panel) {
    HWY_DYNAMIC_DISPATCH(Take)(greatest, sums, rows, panel);
}

}  // namespace stillreel::tensor
#endif
