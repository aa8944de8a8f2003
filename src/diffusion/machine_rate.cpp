#include "diffusion/machine_rate.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "diffusion/timetable.h"
#include "tensor/cpu/cpu_backend.h"
#include "tensor/ops.h"

namespace stillreel::diffusion {
namespace {

// A product of the size that the UNet's wide layers have: its weights stay in the cache's reach.
constexpr std::int64_t kRows = 1280;
constexpr std::int64_t kWidth = 1280;

// A copy larger than any cache; and one that is larger than most, for estimates in little memory.
constexpr std::int64_t kCopiedFloats = std::int64_t{32} << 20;
constexpr std::int64_t kFewerFloats = std::int64_t{12} << 20;
constexpr double kCopySeconds = 0.25;

constexpr double kFloatSeconds = 0.25, kFewerBitsSeconds = 0.1, kFewerSeconds = 0.1;

/// The largest of amount / seconds of `once` done again and again.
template <class Once>
double best_rate(double amount, double seconds, Once once) {
    once();  // wakes the threads and touches the memory
    double best = 0;
    for (const Stopwatch all; all.seconds() < seconds;) {
        const Stopwatch one;
        once();
        best = std::max(best, amount / std::max(one.seconds(), 1e-9));
    }
    return best;
}

double rate_of_copying(tensor::Ops& ops, std::int64_t floats, double seconds) {
    const tensor::Tensor from =
        ops.upload({1, 1, floats}, std::vector<float>(static_cast<std::size_t>(floats), 0.5f));
    tensor::Tensor to = ops.empty(from.shape());
    return best_rate(2.0 * static_cast<double>(floats) * sizeof(float), seconds,
                     [&] { ops.put_tokens(to, 0, from); });
}

}  // namespace

MachineSpeed measure_speed(int threads) {
    tensor::Ops ops(tensor::cpu_backend(threads, nullptr), tensor::Pool::create(tensor::Pool::Kind::memory));
    return {product_rate(ops, tensor::Precision::f32, kFloatSeconds),
            product_rate(ops, tensor::Precision::bf16, kFewerBitsSeconds),
            product_rate(ops, tensor::Precision::int8, kFewerBitsSeconds),
            rate_of_copying(ops, kFewerFloats, kFewerSeconds)};
}

double product_rate(tensor::Ops& ops, tensor::Precision precision, double seconds) {
    const std::vector<float> numbers(static_cast<std::size_t>(kWidth * kWidth), 0.5f);
    const tensor::WeightData weight{
        tensor::DType::f32, {kWidth, kWidth}, reinterpret_cast<const std::byte*>(numbers.data())};
    const tensor::PackedPtr packed = ops.pack_linear(weight, nullptr, precision);
    const tensor::Tensor x =
        ops.upload({kRows, kWidth}, std::span(numbers).first(static_cast<std::size_t>(kRows * kWidth)));
    return best_rate(2.0 * kRows * kWidth * kWidth, seconds, [&] { ops.linear(x, *packed); });
}

double copy_rate(tensor::Ops& ops) { return rate_of_copying(ops, kCopiedFloats, kCopySeconds); }

double seconds_of(const I2VGenCost& cost, const Pace& pace) { return Timetable(cost, pace).total(); }

}  // namespace stillreel::diffusion
