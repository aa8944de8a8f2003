#include "tensor/cpu/elementwise.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/elementwise.cpp"
#include <hwy/foreach_target.h>  // before the others
#include <hwy/highway.h>

#include "tensor/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stillreel::tensor {
namespace HWY_NAMESPACE {

using Floats = hn::ScalableTag<float>;

/// y[i] = f(i-th vector of x), the tail through a buffer.
template <class Function>
HWY_INLINE void map(std::int64_t count, const float* x, float* y, const Function& f) {
    const Floats d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t i = 0;
    for (; i + lanes <= count; i += lanes) hn::StoreU(f(hn::LoadU(d, x + i)), d, y + i);
    if (i < count) store_first(d, f(load_first(d, x + i, count - i)), y + i, count - i);
}

void Activate(Activation activation, std::int64_t count, const float* x, float* y) {
    const Floats d;
    using V = hn::Vec<Floats>;
    switch (activation) {
        case Activation::none:
            return map(count, x, y, [](V v) { return v; });
        case Activation::silu:
            return map(count, x, y, [d](V v) { return silu_of(d, v); });
        case Activation::gelu:
            return map(count, x, y, [d](V v) { return gelu_of(d, v); });
        case Activation::quick_gelu:
            return map(count, x, y, [d](V v) { return quick_gelu_of(d, v); });
    }
}

void AddRow(std::int64_t count, const float* a, const float* b, float* y) {
    const Floats d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t i = 0;
    for (; i + lanes <= count; i += lanes)
        hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
    for (; i < count; ++i) y[i] = a[i] + b[i];
}

}  // namespace HWY_NAMESPACE
}  // namespace stillreel::tensor
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stillreel::tensor {
namespace {

HWY_EXPORT(Activate);
HWY_EXPORT(AddRow);

// Numbers that one thread takes at a time: enough to be worth waking somebody, little enough to share out.
constexpr std::int64_t kPiece = 32768;

}  // namespace

void activate(Crew& crew, Activation activation, std::int64_t count, const float* x, float* y) {
    const auto kernel = HWY_DYNAMIC_DISPATCH(Activate);
    crew.for_each_piece(count, kPiece, [&](std::int64_t begin, std::int64_t end) {
        kernel(activation, end - begin, x + begin, y + begin);
    });
}

void add(Crew& crew, std::int64_t count, std::int64_t period, const float* a, const float* b, float* y) {
    const auto kernel = HWY_DYNAMIC_DISPATCH(AddRow);
    crew.for_each_piece(count, kPiece, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end;) {
            const std::int64_t within = i % period, length = std::min(end - i, period - within);
            kernel(length, a + i, b + within, y + i);
            i += length;
        }
    });
}

void copy_rows(Crew& crew, std::int64_t rows, std::int64_t width, const float* from, std::int64_t from_stride,
               float* to, std::int64_t to_stride) {
    const auto copy = [](const float* source, std::int64_t floats, float* target) {
        std::memcpy(target, source, static_cast<std::size_t>(floats) * sizeof(float));
    };
    if (width >= kPiece) {
        for (std::int64_t row = 0; row < rows; ++row)
            crew.for_each_piece(width, kPiece, [&](std::int64_t begin, std::int64_t end) {
                copy(from + row * from_stride + begin, end - begin, to + row * to_stride + begin);
            });
        return;
    }
    crew.for_each_piece(rows, std::max<std::int64_t>(1, kPiece / std::max<std::int64_t>(1, width)),
                        [&](std::int64_t begin, std::int64_t end) {
                            for (std::int64_t row = begin; row < end; ++row)
                                copy(from + row * from_stride, width, to + row * to_stride);
                        });
}

}  // namespace stillreel::tensor
#endif
