#include "tensor/cpu/bf16_panels.h"

#include <algorithm>

#include "tensor/cpu/cpu_features.h"

// Highway's name for the newer processors with AVX-512, which it compiles only where asked to.
#define HWY_WANT_AVX3_DL
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/bf16_panels.cpp"
#include <hwy/foreach_target.h>  // before the others

#include <hwy/highway.h>

#include "tensor/cpu/panel_tiles-inl.h"
#include "tensor/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {
namespace {

using Floats = hn::CappedTag<float, 16>;
using V = hn::Vec<Floats>;

constexpr std::int64_t kLanes = kPanelLanes;

struct Bf16Method {
    using Args = Bf16PanelArgs;
    using Tag = Floats;
    using Sums = V;
};

#if HWY_TARGET == HWY_AVX3_DL

struct Instruction : Bf16Method {
    static constexpr int kTileRows = 14;
    using Input = hn::Vec<Words>;
    using Weights = Input;
    static HWY_INLINE Input input_at(const std::uint16_t* a) { return word_everywhere(a); }
    static HWY_INLINE Weights weights_at(const std::uint16_t* b) { return words_at(b); }
    static HWY_INLINE Sums with_products(Sums sums, Input x, Weights w) {
        asm("vdpbf16ps %2, %1, %0" : "+v"(sums.raw) : "v"(x.raw), "v"(w.raw));
        return sums;
    }
};

/// 32 numbers.
HWY_INLINE void round_by_instruction(V first, V second, std::uint16_t* to) {
    hn::Vec<Words> both;
    asm("vcvtne2ps2bf16 %2, %1, %0" : "=v"(both.raw) : "v"(second.raw), "v"(first.raw));
    hn::StoreU(hn::BitCast(hn::Repartition<std::uint16_t, Words>(), both),
               hn::Repartition<std::uint16_t, Words>(), to);
}

#endif

/// As floats, the first of two and the second apart.
struct FloatsApart : Bf16Method {
    static constexpr int kTileRows = kLanes == 16 ? 12 : 4;
    struct Input {
        V first, second;
    };
    using Weights = Input;
    static HWY_INLINE Input apart(hn::Vec<Words> words) {
        const Floats d;
        return {hn::BitCast(d, hn::ShiftLeft<16>(words)),
                hn::BitCast(d, hn::And(words, hn::Set(Words(), ~0xffff)))};
    }
    static HWY_INLINE Input input_at(const std::uint16_t* a) { return apart(word_everywhere(a)); }
    static HWY_INLINE Weights weights_at(const std::uint16_t* b) { return apart(words_at(b)); }
    static HWY_INLINE Sums with_products(Sums sums, const Input& x, const Weights& w) {
        return hn::MulAdd(x.first, w.first, hn::MulAdd(x.second, w.second, sums));
    }
};

void MultiplyBf16Panel(const Bf16PanelArgs& args) {
#if HWY_TARGET == HWY_AVX3_DL
    if (has_avx512_bf16()) return multiply_by<Instruction>(args);
#endif
    multiply_by<FloatsApart>(args);
}

HWY_INLINE hn::Vec<Words> rounded_words(V v) {
    const hn::RebindToUnsigned<Words> du;
    const auto bits = hn::BitCast(du, v);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
    const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fff))));
    const auto quiet = hn::Or(hn::ShiftRight<16>(bits), hn::Set(du, 0x40));
    return hn::BitCast(Words(), hn::IfThenElse(hn::RebindMask(du, hn::IsNaN(v)), quiet, rounded));
}

void RoundToBf16(const float* x, std::int64_t count, std::uint16_t* to) {
    const Floats d;
    const hn::Rebind<std::uint16_t, Floats> halves;
    std::int64_t i = 0;
#if HWY_TARGET == HWY_AVX3_DL
    if (has_avx512_bf16())
        for (; i + 2 * kLanes <= count; i += 2 * kLanes)
            round_by_instruction(hn::LoadU(d, x + i), hn::LoadU(d, x + i + kLanes), to + i);
#endif
    for (; i + kLanes <= count; i += kLanes)
        hn::StoreU(hn::DemoteTo(halves, rounded_words(hn::LoadU(d, x + i))), halves, to + i);
    if (i == count) return;
    HWY_ALIGN std::uint16_t rest[kLanes];
    hn::Store(hn::DemoteTo(halves, rounded_words(load_first(d, x + i, count - i))), halves, rest);
    std::copy_n(rest, count - i, to + i);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::tensor {
namespace {
HWY_EXPORT(MultiplyBf16Panel);
HWY_EXPORT(RoundToBf16);
}  // namespace

void multiply_panel(const Bf16PanelArgs& args) { HWY_DYNAMIC_DISPATCH(MultiplyBf16Panel)(args); }

void round_to_bf16(const float* x, std::int64_t count, std::uint16_t* rounded) {
    HWY_DYNAMIC_DISPATCH(RoundToBf16)(x, count, rounded);
}

bool multiplies_bf16() { return (hwy::SupportedTargets() & HWY_AVX3_DL) != 0 && has_avx512_bf16(); }

}  // namespace stillreel::tensor
#endif
