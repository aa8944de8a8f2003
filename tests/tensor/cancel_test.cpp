// A flag that is raised while the processor works ends the work soon, whatever the operation.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "base/clock.h"
#include "support/throws.h"
#include "tensor/kernels.h"

namespace {

using namespace stillreel;
using namespace stillreel::tensor;
using stillreel::testing::cpu_ops;

// Not how fast it should be (0.2 s): enough to tell an end from waiting for all of the work.
constexpr double kSoon_s = 5;

/// Repeats `operation`, which sees the flag raised from another thread in the middle of its work.
void expect_stops(const std::function<void(Ops&)>& operation) {
    CancelFlag cancel;
    Ops ops = cpu_ops(2, &cancel);
    std::atomic<double> raised_s{0};
    const Stopwatch watch;
    std::thread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(60));
        raised_s = watch.seconds();
        cancel.request();
    });
    const auto work = [&] {
        while (watch.seconds() < 60) operation(ops);
    };
    EXPECT_ERROR(work(), ErrorCode::cancelled, "cancelled");
    other.join();
    EXPECT_LT(watch.seconds() - raised_s, kSoon_s);
    // The backend is as good as new.
    Ops after = cpu_ops(2);
    EXPECT_ERROR(operation(ops), ErrorCode::cancelled, "cancelled");
}

Tensor zeros(Ops& ops, const Shape& shape) {
    Tensor tensor = ops.empty(shape);
    std::ranges::fill(tensor.mutable_span(), 0.0f);
    return tensor;
}

TEST(Cancel, StopsOneLongAttention) {
    // 2.7 TFLOP: minutes of work in one call.
    expect_stops([](Ops& ops) {
        const Tensor x = zeros(ops, {1, 102400, 64});
        ops.attention(Columns::all(x), Columns::all(x), Columns::all(x), 1);
    });
}

TEST(Cancel, StopsTemporalAttention) {
    expect_stops([](Ops& ops) {
        const Tensor x = zeros(ops, {64, 1024, 64});
        ops.temporal_attention(Columns::all(x), Columns::all(x), Columns::all(x), 1, 64);
    });
}

TEST(Cancel, StopsTheMatchingOfTokens) {
    expect_stops([](Ops& ops) { ops.match_tokens(zeros(ops, {1, 256 * 256, 64}), 256, 256, 1000); });
}

TEST(Cancel, StopsNorms) {
    expect_stops([](Ops& ops) {
        const Tensor x = zeros(ops, {4, 16384, 64}), gamma = zeros(ops, {64});
        ops.group_norm(x, gamma, gamma, 32, 1e-5f, 2, Activation::silu);
    });
    expect_stops([](Ops& ops) {
        const Tensor x = zeros(ops, {65536, 64}), gamma = zeros(ops, {64});
        ops.layer_norm(x, gamma, gamma, 1e-5f);
    });
}

TEST(Cancel, StopsWorkOnElementsAndImages) {
    expect_stops([](Ops& ops) { ops.activate(zeros(ops, {1 << 22}), Activation::gelu); });
    expect_stops([](Ops& ops) { ops.add(zeros(ops, {1 << 22}), zeros(ops, {1 << 10})); });
    expect_stops([](Ops& ops) {
        const Tensor x = zeros(ops, {1, 256, 256, 16});
        ops.concat_channels(x, x);
    });
    expect_stops([](Ops& ops) { ops.upsample_nearest(zeros(ops, {1, 128, 128, 64}), 256, 256); });
    expect_stops([](Ops& ops) { ops.adaptive_average_pool(zeros(ops, {1, 256, 256, 16}), 8, 8); });
}

}  // namespace
