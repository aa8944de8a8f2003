#include "diffusion/machine_rate.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "tensor/cpu/bf16_panels.h"
#include "tensor/cpu/cpu_backend.h"
#include "tensor/ops.h"

namespace stillreel::diffusion {
namespace {

// A product of the size that the UNet's wide layers have: its weights stay in the cache's reach.
constexpr std::int64_t kRows = 1280;
constexpr std::int64_t kWidth = 1280;
constexpr double kSeconds = 0.5;

// A copy larger than any cache.
constexpr std::int64_t kCopiedFloats = std::int64_t{32} << 20;
constexpr double kCopySeconds = 0.25;

// Of one large product's rate, what a whole UNet pass and the VAE's decoder reach together: norms, attention
// and small layers are slower. Measured at full size.
constexpr double kShareOfModels = 0.8;
// How much faster a UNet pass is whose products are of 8 bits: those, and what is between them. Measured at
// full size; without VNNI it is less.
constexpr double kInt8Speed = 2.7;
// The same of bfloat16 where the processor multiplies it, and where floats stand in for it.
constexpr double kBf16Speed = 1.85;
constexpr double kBf16SpeedOfFloats = 0.85;

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

}  // namespace

double measure_flops_per_second(int threads) {
    tensor::Ops ops(tensor::cpu_backend(threads, nullptr), tensor::Pool::create(tensor::Pool::Kind::memory));
    return product_rate(ops);
}

double product_rate(tensor::Ops& ops) {
    const std::vector<float> numbers(static_cast<std::size_t>(kWidth * kWidth), 0.5f);
    const tensor::WeightData weight{
        tensor::DType::f32, {kWidth, kWidth}, reinterpret_cast<const std::byte*>(numbers.data())};
    const tensor::PackedPtr packed = ops.pack_linear(weight, nullptr);
    const tensor::Tensor x =
        ops.upload({kRows, kWidth}, std::span(numbers).first(static_cast<std::size_t>(kRows * kWidth)));
    return best_rate(2.0 * kRows * kWidth * kWidth, kSeconds, [&] { ops.linear(x, *packed); });
}

double copy_rate(tensor::Ops& ops) {
    const tensor::Tensor from =
        ops.upload({1, 1, kCopiedFloats}, std::vector<float>(static_cast<std::size_t>(kCopiedFloats), 0.5f));
    tensor::Tensor to = ops.empty(from.shape());
    return best_rate(2.0 * kCopiedFloats * sizeof(float), kCopySeconds, [&] { ops.put_tokens(to, 0, from); });
}

double seconds_of(const I2VGenCost& cost, double flops_per_second) {
    const double bf16_speed = tensor::multiplies_bf16() ? kBf16Speed : kBf16SpeedOfFloats;
    const double flops = cost.flops - cost.flops_bf16 + cost.flops_bf16 / bf16_speed - cost.flops_int8 +
                         cost.flops_int8 / kInt8Speed;
    return flops / std::max(flops_per_second * kShareOfModels, 1.0);
}

}  // namespace stillreel::diffusion
