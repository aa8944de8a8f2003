// Proof of a kernel: the same operation on the scalar reference and on the processor's backend, with every
// instruction set that this machine has and with one thread and several.
#pragma once

#include <gtest/gtest.h>
// Some kernels have a form for this target, which Highway knows only where asked to.
#define HWY_WANT_AVX3_DL
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "support/reference_backend.h"
#include "tensor/cpu/cpu_backend.h"
#include "tensor/numbers.h"

namespace stillreel::testing {

inline tensor::Ops cpu_ops(int threads, const CancelFlag* cancel = nullptr) {
    return {tensor::cpu_backend(threads, cancel), tensor::Pool::create(tensor::Pool::Kind::memory)};
}

/// Largest difference in units of the largest expected number (at least 1); infinite when only one of a pair
/// is a number.
inline double error_of(const std::vector<float>& got, const std::vector<float>& expected) {
    double largest = 1, error = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (std::isnan(expected[i]) && std::isnan(got[i])) continue;
        const double difference = std::abs(static_cast<double>(got[i]) - expected[i]);
        error = std::isnan(difference) ? HUGE_VAL : std::max(error, difference);
        largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    }
    return error / largest;
}

/// operation(Ops&) -> Tensor. Errors are in the units of error_of().
template <class Operation>
void expect_as_reference(double tolerance, const Operation& operation) {
    tensor::Ops reference = reference_ops();
    const tensor::Tensor expected = operation(reference);
    for (std::int64_t rest = hwy::SupportedTargets() & HWY_TARGETS; rest != 0; rest &= rest - 1) {
        hwy::SetSupportedTargetsForTest(rest & -rest);
        tensor::Ops one = cpu_ops(1), several = cpu_ops(3);
        const tensor::Tensor got = operation(one), again = operation(several);
        hwy::SetSupportedTargetsForTest(0);
        ASSERT_EQ(got.shape(), expected.shape());
        EXPECT_LE(error_of(numbers_of(got), numbers_of(expected)), tolerance)
            << hwy::TargetName(rest & -rest);
        EXPECT_TRUE(std::ranges::equal(got.span(), again.span(),
                                       [](float a, float b) {
                                           return std::bit_cast<std::uint32_t>(a) ==
                                                  std::bit_cast<std::uint32_t>(b);
                                       }))
            << "other bits with another number of threads, " << hwy::TargetName(rest & -rest);
    }
}

}  // namespace stillreel::testing
