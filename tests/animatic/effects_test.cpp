#include <gtest/gtest.h>

#include "effects_stage.h"

namespace stillreel {
namespace {

using namespace stillreel::testing;

TEST(Effects, AnEmptyPlanDoesNothing) {
    const Stage stage;
    const Effects effects(stage.scene, MotionPlan{}, stage.options);
    EXPECT_TRUE(effects.none());
    EXPECT_TRUE(effects.notes().empty());
    const FrameBuffer frame = stage.draw(effects, 1.0);
    for (std::size_t i = 0; i < frame.pixels.size(); i += 4) ASSERT_EQ(frame.pixels[i], 90);
}

TEST(Effects, SpansFadeInAndOut) {
    const Stage stage;
    EffectTrack fog = track_of(EffectKind::fog, 0.8);
    fog.when = {0.25, 0.75};  // 1 s to 3 s
    const Effects effects(stage.scene, plan_of({fog}), stage.options);
    const FrameBuffer clear = stage.draw(MotionPlan{}, 0.0);
    EXPECT_EQ(changed(clear, stage.draw(effects, 0.9), 0), 0.0);
    EXPECT_EQ(changed(clear, stage.draw(effects, 3.1), 0), 0.0);
    const auto gain = [&](double time) {
        const Moment moment = stage.at(time);
        FrameGrid grid = stage.grid(moment);
        effects.shade(grid, moment);
        double sum = 0;
        for (const float g : grid.layers[0].gain_g) sum += g;
        return sum / grid.count();
    };
    EXPECT_LT(gain(2.0), 0.8);
    EXPECT_GT(gain(1.12), gain(1.25));
    EXPECT_GT(gain(1.25), gain(1.5) + 0.02);
    EXPECT_GT(gain(2.9), gain(2.7));
}

TEST(Effects, ArePresentFromTheFirstFrameWhenTheirSpanBeginsThere) {
    const Stage stage;
    EXPECT_GT(
        changed(stage.draw(MotionPlan{}, 0), stage.draw(plan_of({track_of(EffectKind::rain, 0.9)}), 0), 6),
        0.05);
}

}  // namespace
}  // namespace stillreel
