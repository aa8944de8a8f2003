#include "tensor/cpu/int8_panels.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/cpu/cpu_features.h"

// Highway's name for AVX-512 with VNNI, which it compiles only where asked to.
#define HWY_WANT_AVX3_DL
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/int8_panels.cpp"
#include <hwy/foreach_target.h>  // before the others

#include <hwy/highway.h>

#include "tensor/cpu/panel_tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using Ints = hn::RebindToSigned<Floats>;
using Bytes = hn::Rebind<std::uint8_t, Floats>;
using V = hn::Vec<Floats>;

constexpr std::int64_t kLanes = kPanelLanes;

struct Int8Method {
    using Args = Int8PanelArgs;
    using Tag = Ints;
    using Sums = hn::Vec<Ints>;
};

// Methods add, lane by lane, the four products of unsigned inputs and signed weights to the sums.
#if HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_AVX2

struct Vnni : Int8Method {
    static constexpr int kTileRows = kLanes == 16 ? 14 : 6;
    using Input = Sums;
    using Weights = Sums;
    static HWY_INLINE Input input_at(const std::uint8_t* a) { return word_everywhere(a); }
    static HWY_INLINE Weights weights_at(const std::int8_t* b) { return words_at(b); }
    static HWY_INLINE Sums with_products(Sums sums, Input x, Weights w) {
        // Highway 1.0.3 has no name for it, and compiles these targets without the compiler's. The first form
        // is that of AVX-512, the second that of AVX-VNNI.
#if HWY_TARGET == HWY_AVX3_DL
        asm("vpdpbusd %2, %1, %0" : "+v"(sums.raw) : "v"(x.raw), "v"(w.raw));
#else
        asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums.raw) : "x"(x.raw), "x"(w.raw));
#endif
        return sums;
    }
};

#endif
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSSE3

/// Odd and even bytes as words: two instructions that add pairs of products. The one for bytes would
/// saturate.
struct BytesApart : Int8Method {
    static constexpr int kTileRows = kLanes == 16 ? 12 : 4;
    using D = hn::Repartition<std::int16_t, Ints>;
    struct Input {
        hn::Vec<D> even, odd;
    };
    using Weights = Input;
    static HWY_INLINE Input input_at(const std::uint8_t* a) {
        const hn::RebindToUnsigned<D> du;
        const auto words = hn::BitCast(du, word_everywhere(a));
        return {hn::BitCast(D(), hn::And(words, hn::Set(du, 0xff))),
                hn::BitCast(D(), hn::ShiftRight<8>(words))};
    }
    static HWY_INLINE Weights weights_at(const std::int8_t* b) {
        const auto words = hn::BitCast(D(), words_at(b));
        return {hn::ShiftRight<8>(hn::ShiftLeft<8>(words)), hn::ShiftRight<8>(words)};
    }
    static HWY_INLINE Sums with_products(Sums sums, const Input& x, const Weights& w) {
        Sums unused = hn::Zero(Ints());
        sums = hn::ReorderWidenMulAccumulate(Ints(), x.even, w.even, sums, unused);
        return hn::ReorderWidenMulAccumulate(Ints(), x.odd, w.odd, sums, unused);
    }
};

#else

/// A byte of each after the other.
struct BytesApart : Int8Method {
    static constexpr int kTileRows = 4;
    using Input = Sums;
    using Weights = Sums;
    static HWY_INLINE Input input_at(const std::uint8_t* a) { return word_everywhere(a); }
    static HWY_INLINE Weights weights_at(const std::int8_t* b) { return words_at(b); }
    static HWY_INLINE Sums with_products(Sums sums, Input x, Weights w) {
        const Ints d;
        const auto product = [&](Sums left, Sums right) HWY_ATTR {
            return hn::Mul(hn::And(left, hn::Set(d, 0xff)), hn::ShiftRight<24>(hn::ShiftLeft<24>(right)));
        };
        sums = hn::Add(sums, product(x, w));
        sums = hn::Add(sums, product(hn::ShiftRight<8>(x), hn::ShiftRight<8>(w)));
        sums = hn::Add(sums, product(hn::ShiftRight<16>(x), hn::ShiftRight<16>(w)));
        return hn::Add(sums, product(hn::ShiftRight<24>(x), hn::ShiftRight<24>(w)));
    }
};

#endif

void MultiplyInt8Panel(const Int8PanelArgs& args) {
#if HWY_TARGET == HWY_AVX3_DL
    multiply_by<Vnni>(args);
#elif HWY_TARGET == HWY_AVX2
    has_avx_vnni() ? multiply_by<Vnni>(args) : multiply_by<BytesApart>(args);
#else
    multiply_by<BytesApart>(args);
#endif
}

HWY_INLINE void widen_by(Range& range, const float* x, std::int64_t count) {
    const Floats d;
    // Two of each, so that one does not wait for the other.
    V least[2] = {hn::Set(d, range.least), hn::Set(d, range.least)};
    V greatest[2] = {hn::Set(d, range.greatest), hn::Set(d, range.greatest)};
    V poison[2] = {hn::Set(d, range.poison), hn::Set(d, range.poison)};
    const auto take = [&](V v, int i) HWY_ATTR {
        least[i] = hn::Min(least[i], v);
        greatest[i] = hn::Max(greatest[i], v);
        poison[i] = hn::MulAdd(v, hn::Zero(d), poison[i]);
    };
    std::int64_t i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
        take(hn::LoadU(d, x + i), 0);
        take(hn::LoadU(d, x + i + kLanes), 1);
    }
    for (; i + kLanes <= count; i += kLanes) take(hn::LoadU(d, x + i), 0);
    if (i < count) {
        HWY_ALIGN float rest[kLanes] = {};
        for (std::int64_t left = 0; i + left < count; ++left) rest[left] = x[i + left];
        take(hn::Load(d, rest), 1);
    }
    range.least = hn::GetLane(hn::MinOfLanes(d, hn::Min(least[0], least[1])));
    range.greatest = hn::GetLane(hn::MaxOfLanes(d, hn::Max(greatest[0], greatest[1])));
    range.poison = hn::GetLane(hn::SumOfLanes(d, hn::Add(poison[0], poison[1])));
}

HWY_INLINE void quantise_by(const Quantisation& quantisation, const float* x, std::int64_t count,
                            std::uint8_t* q) {
    const Floats d;
    const Ints di;
    const Bytes bytes;
    // Added to a number of few digits it leaves the nearest whole one in the low bits. (Not in one operation
    // with the product before it: see CMakeLists.txt.)
    constexpr std::int32_t kLargeBits = 0x4b400000;
    const V large = hn::BitCast(d, hn::Set(di, kLargeBits));
    const V per_scale = hn::Set(d, quantisation.per_scale);
    const auto zero_point = hn::Set(di, quantisation.zero_point - kLargeBits);
    const auto quantised = [&](V v) HWY_ATTR {
        const V shifted = hn::Add(hn::Mul(v, per_scale), large);
        return hn::DemoteTo(bytes, hn::Add(hn::BitCast(di, shifted), zero_point));
    };
    std::int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) hn::StoreU(quantised(hn::LoadU(d, x + i)), bytes, q + i);
    if (i == count) return;
    HWY_ALIGN float rest[kLanes] = {};
    HWY_ALIGN std::uint8_t done[kLanes];
    for (std::int64_t left = 0; i + left < count; ++left) rest[left] = x[i + left];
    hn::Store(quantised(hn::Load(d, rest)), bytes, done);
    for (std::int64_t left = 0; i + left < count; ++left) q[i + left] = done[left];
}

void Widen(Range& range, const float* x, std::int64_t count) { widen_by(range, x, count); }

void Quantise(const Quantisation& quantisation, const float* x, std::int64_t count, std::uint8_t* q) {
    quantise_by(quantisation, x, count, q);
}

void QuantiseRows(const RowsToQuantise& rows) {
    for (std::int64_t r = 0; r < rows.rows; ++r) {
        const float* x = rows.x + r * rows.depth;
        Range range;
        widen_by(range, x, rows.depth);
        const Quantisation quantisation(range);
        rows.scales[r] = quantisation.scale;
        rows.zero_points[r] = quantisation.zero_point;
        quantise_by(quantisation, x, rows.depth, rows.q + r * rows.q_stride);
    }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::tensor {
namespace {
HWY_EXPORT(MultiplyInt8Panel);
HWY_EXPORT(Widen);
HWY_EXPORT(Quantise);
HWY_EXPORT(QuantiseRows);
}  // namespace

void multiply_panel(const Int8PanelArgs& args) { HWY_DYNAMIC_DISPATCH(MultiplyInt8Panel)(args); }

void Range::include(const Range& other) {
    least = std::min(least, other.least);
    greatest = std::max(greatest, other.greatest);
    poison += other.poison;
}

void widen(Range& range, const float* x, std::int64_t count) { HWY_DYNAMIC_DISPATCH(Widen)(range, x, count); }

void quantise(const Quantisation& quantisation, const float* x, std::int64_t count, std::uint8_t* q) {
    HWY_DYNAMIC_DISPATCH(Quantise)(quantisation, x, count, q);
}

void quantise_rows(const RowsToQuantise& rows) { HWY_DYNAMIC_DISPATCH(QuantiseRows)(rows); }

}  // namespace stillreel::tensor
#endif
