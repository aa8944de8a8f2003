// What a clip costs, whether it fits, and what to give up when it does not.

#include <gtest/gtest.h>

#include <limits>

#include "base/clock.h"
#include "base/error.h"
#include "diffusion/advice.h"
#include "diffusion/clip_cost.h"
#include "diffusion/cost_memory.h"
#include "diffusion/fit_ladder.h"
#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/machine_rate.h"
#include "diffusion/random_model.h"
#include "diffusion/tiny_clips.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel {
namespace {

using diffusion::cost_of;
using diffusion::Fit;
using diffusion::I2VGenCost;
using diffusion::I2VGenRequest;
using diffusion::MachineSpeed;
using diffusion::Memory;
using diffusion::Pace;
using diffusion::Work;
using diffusion::WorkKind;
using testing::tiny_model;
using testing::tiny_request;

const Pace kPace(MachineSpeed::usual(1e9));

TEST(Cost, GrowsAsTheWorkDoes) {
    const I2VGenCost base = cost_of(tiny_model(), tiny_request());
    double once = 0;
    for (const I2VGenCost::Tower* tower : {&base.text, &base.picture, &base.vae, &base.unet}) {
        EXPECT_GT(tower->work.flops(), 0);
        EXPECT_GT(tower->stored_bytes, 10'000u);
        once += tower->work.flops();
    }
    EXPECT_NEAR(base.flops,
                once + 4 * base.flops_per_step + tiny_request().frames * base.work_of_frame.flops(), 1);
    EXPECT_GT(base.peak_bytes, base.weight_bytes + base.activation_bytes);
    EXPECT_GT(base.download_bytes, 100'000u);

    I2VGenRequest twice = tiny_request();
    twice.frames *= 2;
    const I2VGenCost longer = cost_of(tiny_model(), twice);
    EXPECT_EQ(longer.weight_bytes, base.weight_bytes);
    EXPECT_EQ(longer.work_of_frame.flops(), base.work_of_frame.flops());
    EXPECT_EQ(longer.frames, 2 * base.frames);
    EXPECT_NEAR(longer.flops_per_step / base.flops_per_step, 2, 0.05);

    I2VGenRequest plain = tiny_request();
    plain.guidance = 1;
    EXPECT_NEAR(cost_of(tiny_model(), plain).flops_per_step / base.flops_per_step, 0.5, 0.05);
}

TEST(Cost, ProductsOfFewerBitsTakeLessMemoryAndTimeForTheSameWork) {
    I2VGenRequest request = tiny_request();
    const I2VGenCost floats = cost_of(tiny_model(), request);
    request.precision = tensor::Precision::bf16;
    const I2VGenCost bf16 = cost_of(tiny_model(), request);
    request.precision = tensor::Precision::int8;
    const I2VGenCost int8 = cost_of(tiny_model(), request);
    const auto flops_of = [](const I2VGenCost& cost, WorkKind kind) {
        double sum = 0;
        for (const Work& step : cost.work_of_steps) sum += step.part(kind).flops;
        return sum;
    };
    EXPECT_EQ(flops_of(floats, WorkKind::product_bf16), 0);
    EXPECT_EQ(flops_of(floats, WorkKind::product_int8), 0);
    EXPECT_EQ(flops_of(bf16, WorkKind::product_int8), 0);
    EXPECT_DOUBLE_EQ(bf16.flops, floats.flops);
    EXPECT_DOUBLE_EQ(int8.flops, floats.flops);
    EXPECT_LT(bf16.weight_bytes, floats.weight_bytes * 6 / 10);
    EXPECT_LT(int8.weight_bytes, floats.weight_bytes * 6 / 10) << "many layers of the tiny model are small";
    EXPECT_GT(flops_of(bf16, WorkKind::product_bf16), 0.5 * request.steps * bf16.flops_per_step);
    EXPECT_GT(flops_of(int8, WorkKind::product_int8), 0.5 * request.steps * int8.flops_per_step);
}

TEST(Cost, ProductsOfFewerBitsTakeLessTimeInAModelOfThePublishedSize) {
    const diffusion::I2VGenModel model = diffusion::known_model("i2vgen-xl");
    I2VGenRequest request;
    request.width_px = request.height_px = 256;
    request.steps = 1;
    const double floats = kPace.seconds(cost_of(model, request).work_of_steps[0]);
    request.precision = tensor::Precision::int8;
    const double int8 = kPace.seconds(cost_of(model, request).work_of_steps[0]);
    EXPECT_GT(floats / int8, 1.8);
    EXPECT_LT(floats / int8, 3.6);
    request.precision = tensor::Precision::bf16;
    const double bf16 = kPace.seconds(cost_of(model, request).work_of_steps[0]);
    EXPECT_LT(bf16, floats);
    EXPECT_GT(bf16, int8);
}

TEST(Cost, LowMemoryTakesAThirdOffTheActivationsAndAddsNoWork) {
    I2VGenRequest request = tiny_request();
    request.width_px = 256;
    request.height_px = 192;
    request.frames = 16;
    const I2VGenCost normal = cost_of(tiny_model(), request);
    request.memory = Memory::low;
    const I2VGenCost low = cost_of(tiny_model(), request);
    EXPECT_LT(static_cast<double>(low.activation_bytes), 0.7 * static_cast<double>(normal.activation_bytes));
    EXPECT_NEAR(low.flops, normal.flops, 1e-6 * normal.flops);
    EXPECT_EQ(low.weight_bytes, normal.weight_bytes);
    request.width_px *= 2;
    const I2VGenCost wide = cost_of(tiny_model(), request);
    EXPECT_NEAR(static_cast<double>(wide.activation_bytes) / static_cast<double>(low.activation_bytes), 2,
                0.1);
}

TEST(Cost, RefusesWhatDenoisingRefuses) {
    I2VGenRequest request = tiny_request();
    request.width_px = 30;
    EXPECT_ERROR(cost_of(tiny_model(), request), ErrorCode::invalid_argument, "multiples of 8");
}

TEST(Cost, OfTheWorkIsCountedAsItIsDone) {
    auto pipeline = testing::open_tiny();
    // The last progress before a stage ends is its own count; the next stage begins at the estimate.
    double worst = 0, before = 0;
    std::string stage = "text";
    diffusion::I2VGenHooks hooks;
    hooks.progress = [&](const diffusion::I2VGenProgress& now) {
        if (now.stage != stage) worst = std::max(worst, std::abs(now.done - before));
        stage = now.stage, before = now.done;
    };
    I2VGenRequest request = tiny_request();
    request.clip_skip = 0;  // layers that are left out are not read, but in the estimate
    pipeline.denoise(request, hooks);
    EXPECT_LT(worst, 0.001);  // the meter's own step is half of that
}

TEST(FitLadder, AClipThatFitsNeedsNone) {
    const Fit fit = fit_of(tiny_model(), tiny_request(), std::numeric_limits<std::uint64_t>::max(), kPace);
    EXPECT_TRUE(fit.wanted.fits);
    EXPECT_TRUE(fit.ladder.empty());
    EXPECT_EQ(fit.first_fitting(), &fit.wanted);
    EXPECT_GT(fit.wanted.seconds, 0);
}

TEST(FitLadder, GivesUpTheLeastFirstAndStopsWhereItFits) {
    I2VGenRequest request = tiny_request();
    request.width_px = 512;
    request.height_px = 384;
    request.frames = 32;
    const Fit nothing = fit_of(tiny_model(), request, 0, kPace);
    EXPECT_EQ(nothing.first_fitting(), nullptr);
    ASSERT_GE(nothing.ladder.size(), 4u);
    EXPECT_EQ(nothing.ladder[0].change, "low-memory mode");
    EXPECT_EQ(nothing.ladder[1].change, "low-memory mode, 16 frames");
    EXPECT_EQ(nothing.ladder.back().frames, 8);
    EXPECT_EQ(nothing.ladder.back().width_px, 336);
    EXPECT_EQ(nothing.ladder.back().height_px, 256);
    EXPECT_LT(nothing.ladder[0].cost.peak_bytes, nothing.wanted.cost.peak_bytes);
    EXPECT_LT(nothing.ladder.back().cost.peak_bytes, nothing.ladder[1].cost.peak_bytes);
    EXPECT_LT(nothing.ladder[1].seconds, nothing.ladder[0].seconds);

    const std::uint64_t enough = nothing.ladder[1].cost.peak_bytes;
    ASSERT_LT(enough, nothing.ladder[0].cost.peak_bytes);
    const Fit fit = fit_of(tiny_model(), request, enough, kPace);
    EXPECT_EQ(fit.ladder.size(), 2u);
    ASSERT_NE(fit.first_fitting(), nullptr);
    EXPECT_EQ(fit.first_fitting()->change, "low-memory mode, 16 frames");
    climb(*fit.first_fitting(), request);
    EXPECT_EQ(request.frames, 16);
    EXPECT_EQ(request.memory, Memory::low);
    EXPECT_EQ(cost_of(tiny_model(), request).peak_bytes, enough);
}

TEST(FitLadder, FewerStepsSaveTimeButNoMemory) {
    const Fit fit = fit_of(tiny_model(), tiny_request(), 0, kPace);
    EXPECT_EQ(fit.fewer_steps.steps, 2);
    EXPECT_EQ(fit.fewer_steps.cost.peak_bytes, fit.wanted.cost.peak_bytes);
    EXPECT_LT(fit.fewer_steps.seconds, fit.wanted.seconds);
}

TEST(FitLadder, NamesEveryWayOnce) {
    I2VGenRequest request = tiny_request();  // too small to shrink, too short to cut
    Fit fit = fit_of(tiny_model(), request, 0, kPace);
    ASSERT_EQ(fit.ladder.size(), 1u);
    EXPECT_EQ(fit.ladder[0].change, "low-memory mode");
    request.memory = Memory::low;
    EXPECT_TRUE(fit_of(tiny_model(), request, 0, kPace).ladder.empty());
    request.width_px = 1280;
    request.height_px = 704;
    fit = fit_of(tiny_model(), request, 0, kPace);
    ASSERT_EQ(fit.ladder.size(), 3u);
    EXPECT_EQ(fit.ladder[0].change, "960x528");
    EXPECT_EQ(fit.ladder[1].change, "640x352");
    EXPECT_EQ(fit.ladder[2].change, "464x256");
}

TEST(CostMemory, KnowsWhatWasCountedAndWhatMakesAnotherCost) {
    diffusion::CostMemory memory;
    const diffusion::I2VGenModel model = diffusion::read_model(tiny_model());
    I2VGenRequest request = tiny_request();
    const auto expect_as_counted = [&] {
        for (int times = 0; times < 2; ++times) {
            const I2VGenCost known = memory.cost(model, request), counted = cost_of(tiny_model(), request);
            EXPECT_EQ(known.flops, counted.flops);
            EXPECT_EQ(known.flops_of_steps, counted.flops_of_steps);
            EXPECT_EQ(known.peak_bytes, counted.peak_bytes);
        }
    };
    expect_as_counted();
    request.steps = 20;
    expect_as_counted();
    request.shortcuts = diffusion::shortcuts_of(diffusion::Speed::draft);
    expect_as_counted();
    for (const auto precision : {tensor::Precision::bf16, tensor::Precision::int8}) {
        request.precision = precision;
        expect_as_counted();
    }
    request.guidance = 1;
    expect_as_counted();
    const std::uint64_t before = memory.cost(model, request).peak_bytes;
    request.width_px *= 4;
    EXPECT_GT(memory.cost(model, request).peak_bytes, before);
    request.steps = 0;
    EXPECT_THROW(memory.cost(model, request), Error);
}

TEST(MachineRate, IsMeasuredInAboutHalfASecond) {
    const Stopwatch watch;
    const MachineSpeed speed = diffusion::measure_speed(1);
    for (const double rate : {speed.f32_flops_per_second, speed.int8_flops_per_second}) {
        EXPECT_GT(rate, 1e8);
        EXPECT_LT(rate, 1e14);
    }
    EXPECT_GT(speed.bytes_per_second, 1e7);
    EXPECT_LT(watch.seconds(), 20);
    const I2VGenCost cost = cost_of(tiny_model(), tiny_request());
    EXPECT_GT(diffusion::seconds_of(cost, Pace(speed)), cost.flops / speed.f32_flops_per_second);
}

TEST(Advice, IsSilentAboutWhatTheModelKnowsAndShortAboutTheRest) {
    I2VGenRequest request;
    request.width_px = 1280;
    request.height_px = 704;
    EXPECT_TRUE(advice_on(request).empty());
    request.width_px = request.height_px = 512;
    request.frames = 32;
    request.fps = 16;
    EXPECT_TRUE(advice_on(request).empty());
    request.frames = 24;
    EXPECT_EQ(advice_on(request).size(), 1u);
    request.fps = 12;
    request.width_px = 256;
    request.height_px = 256;
    const auto lines = advice_on(request);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_NE(lines[2].find("256x256"), std::string::npos);
}

}  // namespace
}  // namespace stillreel
