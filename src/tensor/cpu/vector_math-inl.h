// Vector functions that several kernels share, compiled once per instruction set: include it after
// hwy/highway.h, between foreach_target.h and the kernels, in a file that foreach_target.h repeats.
//
// The polynomials and gelu's rational function are least-maximum fits of our own (Lawson's iteration in 40
// digits); the errors that are stated were measured over the floats of the range.
#if defined(STILLREEL_TENSOR_VECTOR_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef STILLREEL_TENSOR_VECTOR_MATH_INL_H
#undef STILLREEL_TENSOR_VECTOR_MATH_INL_H
#else
#define STILLREEL_TENSOR_VECTOR_MATH_INL_H
#endif

#include <cstdint>

#include "tensor/backend.h"

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The first `count` numbers, fewer than a vector has, the others zero; nothing else is touched.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V load_first(D d, const float* from, std::int64_t count) {
#if HWY_TARGET <= HWY_AVX2
    return hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(count)), d, from);
#else
    // Highway's masked loads and stores would reach beyond the end here.
    HWY_ALIGN float whole[hn::MaxLanes(d)] = {};
    for (std::int64_t i = 0; i < count; ++i) whole[i] = from[i];
    return hn::Load(d, whole);
#endif
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE void store_first(D d, V v, float* to, std::int64_t count) {
#if HWY_TARGET <= HWY_AVX2
    hn::BlendedStore(v, hn::FirstN(d, static_cast<std::size_t>(count)), d, to);
#else
    HWY_ALIGN float whole[hn::MaxLanes(d)];
    hn::Store(v, d, whole);
    for (std::int64_t i = 0; i < count; ++i) to[i] = whole[i];
#endif
}

/// A number to the nearest whole one, and 2 to it: both come out of the low bits of a float so large that its
/// fraction has no bits left. |x| must be below 2^21.
template <class D, class V = hn::Vec<D>>
struct Whole {
    V shifted;  // the number plus kLarge

    static constexpr float kLarge = 12582912;  // 1.5 * 2^23

    HWY_INLINE V number(D d) const { return hn::Sub(shifted, hn::Set(d, kLarge)); }
    /// v times 2 to the number, as long as that is a normal number.
    HWY_INLINE V scaled(D d, V v) const {
        const hn::RebindToSigned<D> di;
        return hn::BitCast(d, hn::Add(hn::BitCast(di, v), hn::ShiftLeft<23>(hn::BitCast(di, shifted))));
    }
};

/// 2^x for x <= 8, within 1 ulp; exactly 0 from -127 down, -infinity included: what a mask hides weighs
/// nothing.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp2_of_small(D d, V x) {
    // At -127 the polynomial is exactly 1, and the exponent's bits of 1 less 127 are those of 0.
    const V clamped = hn::Max(hn::Set(d, -127.0f), x);
    const Whole<D> n{hn::Add(clamped, hn::Set(d, Whole<D>::kLarge))};
    const V f = hn::Sub(clamped, n.number(d));
    V p = hn::MulAdd(hn::Set(d, 0.0001535335904918611f), f, hn::Set(d, 0.0013398875016719103f));
    p = hn::MulAdd(p, f, hn::Set(d, 0.00961843691766262f));
    p = hn::MulAdd(p, f, hn::Set(d, 0.055503323674201965f));
    p = hn::MulAdd(p, f, hn::Set(d, 0.24022647738456726f));
    p = hn::MulAdd(p, f, hn::Set(d, 0.6931471824645996f));
    p = hn::MulAdd(p, f, hn::Set(d, 1.0f));
    return n.scaled(d, p);
}

/// e^x within 1 ulp for -87.33 <= x <= 88; x beyond counts as the nearer end.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_of(D d, V x) {
    const V clamped = hn::Min(hn::Set(d, 88.0f), hn::Max(hn::Set(d, -87.33f), x));
    const Whole<D> whole{hn::MulAdd(clamped, hn::Set(d, 1.44269504f), hn::Set(d, Whole<D>::kLarge))};
    const V n = whole.number(d);
    // ln 2 in two parts: the product with the first is exact.
    const V r =
        hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), hn::NegMulAdd(n, hn::Set(d, 0.693359375f), clamped));
    V p = hn::MulAdd(hn::Set(d, 0.00138130784034729f), r, hn::Set(d, 0.008369424380362034f));
    p = hn::MulAdd(p, r, hn::Set(d, 0.04166845977306366f));
    p = hn::MulAdd(p, r, hn::Set(d, 0.16666515171527863f));
    p = hn::MulAdd(p, r, hn::Set(d, 0.4999999403953552f));
    p = hn::MulAdd(p, hn::Mul(r, r), hn::Add(r, hn::Set(d, 1.0f)));
    return whole.scaled(d, p);
}

/// x / (1 + e^(-slope x))
template <class D, class V = hn::Vec<D>>
HWY_INLINE V x_times_sigmoid(D d, V x, float slope) {
    const V e = exp_of(d, hn::Mul(x, hn::Set(d, -slope)));
    return hn::Div(x, hn::Add(hn::Set(d, 1.0f), e));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V silu_of(D d, V x) {
    return x_times_sigmoid(d, x, 1.0f);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V quick_gelu_of(D d, V x) {
    return x_times_sigmoid(d, x, 1.702f);
}

/// x times the normal distribution's Phi(x): max(x, 0) less the tail |x| Phi(-|x|), which is e^(-x^2 / 2)
/// times a smooth function, so that large negative x keep their precision too.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V gelu_of(D d, V x) {
    const V size = hn::Abs(x);
    const V z = hn::Min(hn::Set(d, 13.0f), size);
    V p = hn::MulAdd(hn::Set(d, 0.004011460114270449f), z, hn::Set(d, 0.03992508351802826f));
    p = hn::MulAdd(p, z, hn::Set(d, 0.18113093078136444f));
    p = hn::MulAdd(p, z, hn::Set(d, 0.43544793128967285f));
    p = hn::MulAdd(p, z, hn::Set(d, 0.5f));
    V q = hn::MulAdd(hn::Set(d, 0.010055093094706535f), z, hn::Set(d, 0.1000848188996315f));
    q = hn::MulAdd(q, z, hn::Set(d, 0.46391624212265015f));
    q = hn::MulAdd(q, z, hn::Set(d, 1.1937521696090698f));
    q = hn::MulAdd(q, z, hn::Set(d, 1.66878080368042f));
    q = hn::MulAdd(q, z, hn::Set(d, 1.0f));
    const V half = hn::Set(d, 0.5f);
    const V e = exp_of(d, hn::Neg(hn::Mul(hn::Mul(z, half), z)));
    const V tail = hn::Div(hn::Mul(hn::Mul(z, e), p), q);
    // Not Max(), which not everywhere lets a NaN through.
    return hn::Sub(hn::MulAdd(x, half, hn::Mul(size, half)), tail);
}

/// Any activation; constant per loop, so that the compiler takes the choice out of it.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V activated(D d, V x, Activation activation) {
    switch (activation) {
        case Activation::silu:
            return silu_of(d, x);
        case Activation::gelu:
            return gelu_of(d, x);
        case Activation::quick_gelu:
            return quick_gelu_of(d, x);
        case Activation::none:
            break;
    }
    return x;
}

}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#endif
