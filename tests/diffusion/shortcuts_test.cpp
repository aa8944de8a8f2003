// Shortcuts through the denoising: off they change nothing; on they do what the plan says, cost what the
// estimate says, and lead away from the exact clip by as much as is left out.

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/shortcuts.h"
#include "diffusion/tiny_clips.h"

namespace stillreel {
namespace {

using diffusion::DeepWork;
using diffusion::I2VGenCost;
using diffusion::I2VGenRequest;
using diffusion::plan_steps;
using diffusion::Shortcuts;
using diffusion::Speed;
using diffusion::StepWork;
using testing::open_tiny;
using testing::tiny_model;
using testing::tiny_request;

/// One character a step: W worked out, K kept, r reused; with one half of the pair w, k and a dot; with what
/// the other half said before -, k and ~.
std::string words_for(const std::vector<StepWork>& plan) {
    std::string words;
    for (const StepWork& work : plan) {
        const bool reused = work.negative == diffusion::NegativeWork::reused;
        EXPECT_EQ(work.clips == 2, work.negative == diffusion::NegativeWork::worked_out);
        words += (work.clips == 2 ? "WKr" : reused ? "-k~" : "wk.")[static_cast<std::size_t>(work.deep)];
    }
    return words;
}

TEST(PlanOfSteps, WithoutShortcutsEveryStepIsWhole) {
    EXPECT_EQ(words_for(plan_steps({}, 5, 2)), "WWWWW");
    EXPECT_EQ(words_for(plan_steps({}, 5, 1)), "wwwww");
    EXPECT_EQ(diffusion::shortcuts_of(Speed::exact), Shortcuts{});
}

TEST(PlanOfSteps, TheFirstAndTheLastStepAreWholeAndEveryNthBetween) {
    EXPECT_EQ(words_for(plan_steps({2, 1, 0, 1}, 8, 2)), "KrKrKrWW");
    EXPECT_EQ(words_for(plan_steps({3, 1, 0, 1}, 9, 2)), "KrrKrrKrW");
    EXPECT_EQ(words_for(plan_steps({1000, 1, 0, 1}, 4, 1)), "k..w");
    EXPECT_EQ(words_for(plan_steps({3, 1, 0, 1}, 1, 2)), "W");
    EXPECT_EQ(words_for(plan_steps({3, 1, 0, 1}, 2, 2)), "WW");
}

TEST(PlanOfSteps, OutsideOfItsPartOfTheStepsGuidanceIsOff) {
    EXPECT_EQ(words_for(plan_steps({1, 1, 0.25, 0.75}, 8, 2)), "wwWWWWww");
    EXPECT_EQ(words_for(plan_steps({1, 1, 0.25, 0.75}, 8, 1)), "wwwwwwww");
    EXPECT_EQ(words_for(plan_steps({6, 1, 0, 0.5}, 8, 2)), "Krrr..ww");
}

TEST(PlanOfSteps, WhatOneHalfSaidIsNeverTakenForBoth) {
    EXPECT_EQ(words_for(plan_steps({4, 1, 0.25, 0.75}, 12, 2)), "k..KrrrKr..w");
}

TEST(PlanOfSteps, TheNegativeHalfRunsAtEveryNthGuidedStep) {
    EXPECT_EQ(words_for(plan_steps({1, 1, 0, 1, 2}, 8, 2)), "W-W-W-WW");
    EXPECT_EQ(words_for(plan_steps({1, 1, 0, 1, 3}, 8, 2)), "W--W--WW");
    EXPECT_EQ(words_for(plan_steps({1, 1, 0.25, 0.75, 2}, 8, 2)), "wwW-W-ww");
    EXPECT_EQ(words_for(plan_steps({1, 1, 0, 1, 3}, 5, 1)), "wwwww") << "no guidance";
    EXPECT_EQ(words_for(plan_steps({1, 1, 0, 1, 1}, 3, 2)), "WWW");
}

TEST(PlanOfSteps, BothKindsOfReuseGoTogether) {
    // Reused features of a pair serve its prompt's half; what one half kept never serves both.
    EXPECT_EQ(words_for(plan_steps({2, 1, 0, 1, 2}, 8, 2)), "K~K~K~WW");
    EXPECT_EQ(words_for(plan_steps({4, 1, 0, 1, 2}, 9, 2)), "K~r~K~r~W");
    EXPECT_EQ(words_for(plan_steps({2, 1, 0, 1, 3}, 8, 2)), "K~-K~-WW");
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2.0);
    return std::sqrt(sum / static_cast<double>(a.size()));
}

I2VGenRequest request_with(const Shortcuts& shortcuts, int steps = 12) {
    I2VGenRequest request = tiny_request();
    request.steps = steps;
    request.shortcuts = shortcuts;
    return request;
}

std::vector<float> clip_of(const I2VGenRequest& request) { return open_tiny().denoise(request, {}).numbers; }

TEST(Shortcuts, ThatLeaveNothingOutChangeNoBit) {
    const std::vector<float> exact = clip_of(request_with({}));
    EXPECT_EQ(clip_of(request_with({1, 3, 0, 1})), exact);
    EXPECT_EQ(clip_of(request_with({5, 3, 0, 1}, 2)), clip_of(request_with({}, 2))) << "no step between";
}

TEST(Shortcuts, LeadFurtherAwayTheMoreIsLeftOut) {
    const std::vector<float> exact = clip_of(request_with({}));
    const double away = distance(exact, std::vector<float>(exact.size(), 0));
    double before = 0;
    for (const int interval : {2, 3, 12}) {
        const double off = distance(clip_of(request_with({interval, 3, 0, 1})), exact);
        EXPECT_GT(off, before) << interval;
        EXPECT_LT(off, 0.75 * away) << interval;  // measured: 0.64 for the last
        before = off;
    }
    before = 0;
    for (const double end : {0.9, 0.5, 0.1}) {
        const double off = distance(clip_of(request_with({1, 1, 0, end})), exact);
        EXPECT_GT(off, before) << end;
        before = off;
    }
    before = 0;
    for (const int interval : {2, 4, 12}) {
        const double off = distance(clip_of(request_with({1, 1, 0, 1, interval})), exact);
        EXPECT_GT(off, before) << interval;
        before = off;
    }
    before = 0;
    for (const double merged : {0.1, 0.4, 0.75}) {
        const double off = distance(clip_of(request_with({1, 1, 0, 1, 1, merged})), exact);
        EXPECT_GT(off, before) << merged;
        before = off;
    }
}

TEST(Shortcuts, GoWithEveryOtherKnob) {
    for (const int frames : {1, 3})
        for (const double guidance : {1.0, 9.0})
            for (const auto precision :
                 {tensor::Precision::f32, tensor::Precision::bf16, tensor::Precision::int8}) {
                I2VGenRequest request = request_with({3, 2, 0.2, 0.7, 2, 0.5}, 7);
                request.frames = frames;
                request.guidance = guidance;
                request.precision = precision;
                request.sampler = diffusion::SamplerKind::dpmpp_2m;
                const std::vector<float> normal = clip_of(request);
                request.memory = diffusion::Memory::low;
                EXPECT_LT(distance(clip_of(request), normal), 1e-5) << frames << " " << guidance;
                request.shortcuts = {};
                EXPECT_GT(distance(clip_of(request), normal), 1e-4);
            }
}

TEST(Shortcuts, WithoutGuidanceItsPartOfTheStepsMeansNothing) {
    I2VGenRequest request = request_with({1, 1, 0.3, 0.6}, 5);
    request.guidance = 1;
    const std::vector<float> limited = clip_of(request);
    request.shortcuts = {};
    EXPECT_EQ(clip_of(request), limited);
}

/// What the model said at each step, after guidance.
std::vector<std::vector<float>> outputs_of(const Shortcuts& shortcuts) {
    std::vector<std::vector<float>> outputs;
    diffusion::I2VGenHooks hooks;
    hooks.probe = [&](std::string_view name, const tensor::Shape&, std::span<const float> numbers) {
        if (name.starts_with("model_output.")) outputs.emplace_back(numbers.begin(), numbers.end());
    };
    open_tiny().denoise(request_with(shortcuts, 4), hooks);
    return outputs;
}

TEST(Shortcuts, AStepWithoutTheNegativeHalfIsPulledAsTheOneBefore) {
    const std::vector<float> guided = outputs_of({})[0];
    const std::vector<float> unguided = outputs_of({1, 1, 0.2, 1})[0];
    const std::vector<std::vector<float>> reused = outputs_of({1, 1, 0, 1, 2});
    std::vector<float> expected = outputs_of({1, 1, 0, 0.2})[1];
    ASSERT_EQ(reused.size(), 4u);
    EXPECT_EQ(reused[0], guided);
    EXPECT_GT(distance(reused[1], expected), 0.1) << "the pull is not small";
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += guided[i] - unguided[i];
    EXPECT_LT(distance(reused[1], expected), 1e-5);
}

TEST(Shortcuts, AreInTheEstimate) {
    const I2VGenCost exact = cost_of(tiny_model(), request_with({}));
    const I2VGenCost cached = cost_of(tiny_model(), request_with({4, 1, 0, 1}));
    const I2VGenCost limited = cost_of(tiny_model(), request_with({1, 1, 0, 0.5}));
    const I2VGenCost reused = cost_of(tiny_model(), request_with({1, 1, 0, 1, 3}));
    ASSERT_EQ(cached.flops_of_steps.size(), 12u);
    EXPECT_LT(cached.flops_of_steps[1], 0.4 * cached.flops_of_steps[0]);
    EXPECT_DOUBLE_EQ(cached.flops_of_steps[0], exact.flops_per_step);
    EXPECT_NEAR(limited.flops_of_steps[11] / limited.flops_of_steps[0], 0.5, 0.05);
    EXPECT_EQ(reused.flops_of_steps[0], exact.flops_per_step);
    EXPECT_NEAR(reused.flops_of_steps[1] / reused.flops_of_steps[0], 0.5, 0.05);
    EXPECT_LT(cached.flops, exact.flops);
    EXPECT_LT(cost_of(tiny_model(), request_with({1, 1, 0, 1, 1, 0.5})).flops, exact.flops);
    EXPECT_EQ(limited.peak_bytes, exact.peak_bytes);
    EXPECT_GT(cached.activation_bytes, exact.activation_bytes) << "the kept features";
}

TEST(Shortcuts, TakeTheWorkThatTheEstimateCounts) {
    auto pipeline = open_tiny();
    double worst = 0, before = 0;
    int step = 0;
    diffusion::I2VGenHooks hooks;
    // The last progress before a step ends is its own count; the next begins at the estimate.
    hooks.progress = [&](const diffusion::I2VGenProgress& now) {
        if (now.step != step) worst = std::max(worst, std::abs(now.done - before));
        step = now.step, before = now.done;
    };
    pipeline.denoise(request_with({3, 2, 0.2, 0.6, 2, 0.5}), hooks);
    EXPECT_EQ(step, 12);
    EXPECT_LT(worst, 0.001);  // the meter's own step is half of that
}

}  // namespace
}  // namespace stillreel
