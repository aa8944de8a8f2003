#include <gtest/gtest.h>

#include "effects_stage.h"

namespace stillreel {
namespace {

using namespace stillreel::testing;

/// Mean factor that the picture's own contrast keeps in a layer.
double contrast(const Stage& stage, const MotionPlan& plan, std::size_t layer, double time_s = 1.0) {
    const Moment moment = stage.at(time_s);
    FrameGrid grid = stage.grid(moment);
    Effects(stage.scene, plan, stage.options).shade(grid, moment);
    double sum = 0;
    for (const float g : grid.layers[layer].gain_g) sum += g;
    return sum / grid.count();
}

Stage deep_stage() {
    Stage stage(110);
    stage.add_left_sheet(40, 1.2f);
    return stage;
}

TEST(Fog, TakesMoreContrastFromFarThingsThanFromNearOnes) {
    const Stage stage = deep_stage();
    const MotionPlan plan = plan_of({track_of(EffectKind::fog, 0.6)});
    EXPECT_LT(contrast(stage, plan, 0), 0.5);
    EXPECT_GT(contrast(stage, plan, 1), 0.75);
}

TEST(Fog, ThickensWithIntensity) {
    const Stage stage = deep_stage();
    const double light = contrast(stage, plan_of({track_of(EffectKind::fog, 0.2)}), 0);
    const double thick = contrast(stage, plan_of({track_of(EffectKind::fog, 0.9)}), 0);
    EXPECT_LT(thick, 0.6 * light);
}

TEST(Fog, DriftsAndIsNotEven) {
    Stage stage(60);
    std::fill(stage.scene.ambient.pixels.begin(), stage.scene.ambient.pixels.end(), std::uint8_t{170});
    const Effects effects(stage.scene, plan_of({track_of(EffectKind::fog, 0.5)}), stage.options);
    EXPECT_GT(changed(stage.draw(effects, 0), stage.draw(effects, 3), 1), 0.2);
}

TEST(Fog, LiesThickerOnTheGroundThanHighAbove) {
    Stage stage;
    stage.scene.horizon = 0.8;
    const Moment moment = stage.at(0);
    FrameGrid grid = stage.grid(moment);
    Effects(stage.scene, plan_of({track_of(EffectKind::fog, 0.5)}), stage.options).shade(grid, moment);
    double top = 0, ground = 0;
    for (int i = 0; i < grid.columns; ++i) {
        top += grid.layers[0].gain_g[i];
        ground += grid.layers[0].gain_g[static_cast<int>(grid.rows * 0.8) * grid.columns + i];
    }
    EXPECT_GT(top, 1.2 * ground);
}

}  // namespace
}  // namespace stillreel
