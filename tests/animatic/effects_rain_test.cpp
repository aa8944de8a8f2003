#include <gtest/gtest.h>

#include <cmath>

#include "effects_stage.h"

namespace stillreel {
namespace {

using namespace stillreel::testing;

/// Where lines run: the axis of least change, as dx per dy, from the structure tensor of |frame - blurred
/// ground|.
struct Grain {
    double horizontal_change, vertical_change, slant;
};

Grain grain_of(const FrameBuffer& frame) {
    double xx = 0, yy = 0, xy = 0;
    for (int y = 1; y + 1 < frame.height_px; ++y)
        for (int x = 1; x + 1 < frame.width_px; ++x) {
            const double gx = luma_of(frame.at(x + 1, y)) - luma_of(frame.at(x - 1, y));
            const double gy = luma_of(frame.at(x, y + 1)) - luma_of(frame.at(x, y - 1));
            xx += gx * gx;
            yy += gy * gy;
            xy += gx * gy;
        }
    return {xx, yy, -xy / xx};
}

MotionPlan rain(double intensity) { return plan_of({track_of(EffectKind::rain, intensity)}); }

TEST(Rain, FallsInStreaksThatAreUprightWithoutWind) {
    const Stage stage;
    const Grain grain = grain_of(stage.draw(rain(0.9), 1.0));
    EXPECT_GT(grain.horizontal_change, 8 * grain.vertical_change);
    EXPECT_LT(std::abs(grain.slant), 0.06);
}

TEST(Rain, SlantsWithTheWind) {
    const Stage stage;
    MotionPlan plan = rain(0.9);
    plan.wind = {1.0, 0.8};
    const double right = grain_of(stage.draw(plan, 1.0)).slant;
    plan.wind.direction = -1.0;
    const double left = grain_of(stage.draw(plan, 1.0)).slant;
    EXPECT_GT(right, 0.2) << "down to the right";
    EXPECT_LT(left, -0.2);
}

TEST(Rain, HeavierRainChangesMore) {
    const Stage stage;
    const FrameBuffer dry = stage.draw(MotionPlan{}, 1.0);
    const double light = changed(dry, stage.draw(rain(0.25), 1.0), 6);
    const double heavy = changed(dry, stage.draw(rain(0.9), 1.0), 6);
    EXPECT_GT(light, 0.004);
    EXPECT_GT(heavy, 2.5 * light);
}

TEST(Rain, MovesAndFallsDown) {
    const Stage stage;
    const Effects effects(stage.scene, rain(0.9), stage.options);
    EXPECT_GT(changed(stage.draw(effects, 1.0), stage.draw(effects, 1.0 + 1.0 / 24), 6), 0.05);
}

TEST(Rain, IsHiddenByWhatStandsInFrontOfIt) {
    Stage stage;
    stage.add_left_sheet(90, 30.0f);
    MotionPlan plan = rain(0.9);
    const Effects effects(stage.scene, plan, stage.options);
    const int half = kStageFrame.width_px / 2;
    const FrameBuffer a = stage.draw(effects, 1.0), b = stage.draw(effects, 1.3);
    EXPECT_EQ(changed(a, b, 0, 0, half - 16), 0.0);
    EXPECT_GT(changed(a, b, 6, half + 16), 0.05);
}

TEST(Rain, DependsOnTheSeedAndOnNothingElse) {
    Stage stage;
    const FrameBuffer one = stage.draw(rain(0.9), 1.0), again = stage.draw(rain(0.9), 1.0);
    EXPECT_EQ(one.pixels, again.pixels);
    const Effects used(stage.scene, rain(0.9), stage.options);
    stage.draw(used, 3.1);
    EXPECT_EQ(stage.draw(used, 1.0).pixels, one.pixels) << "an earlier frame left a trace";
    stage.options.seed = 8;
    EXPECT_GT(changed(one, stage.draw(rain(0.9), 1.0), 6), 0.05);
}

TEST(Rain, IsTheSameForAnySplitIntoBands) {
    const Stage stage;
    MotionPlan plan = rain(0.9);
    plan.wind = {1.0, 1.0};
    const Effects effects(stage.scene, plan, stage.options);
    const FrameBuffer whole = stage.draw(effects, 0.7, kStageFrame.height_px);
    for (const int rows : {1, 7, 8, 50})
        EXPECT_EQ(stage.draw(effects, 0.7, rows).pixels, whole.pixels) << rows;
}

TEST(Rain, StaysFaintSoThatItDoesNotLookLikeScratches) {
    const Stage stage(60);
    const FrameBuffer frame = stage.draw(rain(0.9), 1.0);
    int bright = 0;
    for (int y = 0; y < frame.height_px; ++y)
        for (int x = 0; x < frame.width_px; ++x) bright += luma_of(frame.at(x, y)) > 150;
    EXPECT_LT(bright, 0.002 * frame.width_px * frame.height_px);
}

TEST(Rain, TakesOnTheColourOfPoliceLights) {
    const Stage stage(20);
    EffectTrack lights = track_of(EffectKind::police_lights, 1.0);
    lights.colours = "red";
    const double time = 0.0;  // the first bulb is turned to us
    const FrameBuffer both = stage.draw(plan_of({track_of(EffectKind::rain, 0.9), lights}), time);
    const FrameBuffer wet = stage.draw(rain(0.9), time);
    EXPECT_GT(mean_of(both, 0) - mean_of(wet, 0), 4 * (mean_of(both, 2) - mean_of(wet, 2)));
}

}  // namespace
}  // namespace stillreel
