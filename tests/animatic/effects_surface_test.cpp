#include <gtest/gtest.h>

#include <cmath>

#include "effects_stage.h"

namespace stillreel {
namespace {

using namespace stillreel::testing;

/// How far each vertex of the rear layer is displaced at a moment, and where it flows.
struct Displaced {
    FrameGrid before, after;
    double shift(int i) const {
        const auto &a = before.layers[0], &b = after.layers[0];
        double most = std::hypot(a.u[i] - b.u[i], a.v[i] - b.v[i]);
        if (b.flows()) most = std::max<double>(most, std::hypot(a.u[i] - b.u2[i], a.v[i] - b.v2[i]));
        return most;
    }
};

Displaced displaced(const Stage& stage, const MotionPlan& plan, double time_s) {
    const Moment moment = stage.at(time_s);
    Displaced result{stage.grid(moment), stage.grid(moment)};
    Effects(stage.scene, plan, stage.options).move_surfaces(result.after, moment);
    return result;
}

struct Movement {
    double inside = 0, outside = 0;  // largest shift at any of a few moments
};

/// The region is the box (left, top, right, bottom), fractions of the picture.
Movement movement(const Stage& stage, const MotionPlan& plan, double left, double top, double right,
                  double bottom) {
    Movement result;
    for (const double time : {0.0, 0.37, 1.21, 2.9}) {
        const Displaced d = displaced(stage, plan, time);
        for (int row = 0; row < d.before.rows; ++row)
            for (int column = 0; column < d.before.columns; ++column) {
                const int i = row * d.before.columns + column;
                const double x = d.before.layers[0].u[i] / static_cast<double>(stage.scene.size.width_px);
                const double y = d.before.layers[0].v[i] / static_cast<double>(stage.scene.size.height_px);
                const bool in = x > left && x < right && y > top && y < bottom;
                double& most = in ? result.inside : result.outside;
                most = std::max(most, d.shift(i));
            }
    }
    return result;
}

Stage stage_with_ground() {
    Stage stage;
    stage.scene.horizon = 0.4;
    return stage;
}

TEST(Water, MovesInEachStyleAndOnlyWhereThereIsWater) {
    Stage stage = stage_with_ground();
    fill_region(stage.scene.regions.water, 0.2, 0.5, 0.8, 1.0);
    for (const char* style : {"waves", "ripples", "flow"}) {
        EffectTrack track = track_of(EffectKind::water);
        track.style = style;
        const Movement m = movement(stage, plan_of({track}), 0.19, 0.49, 0.81, 1.01);
        EXPECT_GT(m.inside, 0.5) << style;
        EXPECT_EQ(m.outside, 0.0) << style;
    }
}

TEST(Water, IsMissedInOneLineWhereThereIsNone) {
    const Stage stage;
    const Effects effects(stage.scene, plan_of({track_of(EffectKind::water), track_of(EffectKind::water)}),
                          stage.options);
    ASSERT_EQ(effects.notes().size(), 1u);
    EXPECT_NE(effects.notes()[0].find("water"), std::string::npos);
    const FrameBuffer still = stage.draw(MotionPlan{}, 1.0);
    EXPECT_EQ(stage.draw(effects, 1.0).pixels, still.pixels);
}

TEST(Water, AStreamFlowsDownwardsWithoutEnd) {
    Stage stage = stage_with_ground();
    fill_region(stage.scene.regions.water, 0.0, 0.4, 1.0, 1.0);
    EffectTrack track = track_of(EffectKind::water);
    track.style = "flow";
    // What a vertex of the visible copy shows comes from further and further up, until the copies change
    // places.
    const Displaced a = displaced(stage, plan_of({track}), 1.0), b = displaced(stage, plan_of({track}), 1.04);
    int down = 0, up = 0;
    for (int i = 0; i < a.before.count(); ++i) {
        const auto &first = a.after.layers[0], &second = b.after.layers[0];
        if (a.shift(i) == 0 || first.mix[i] > 0.8f || second.mix[i] > 0.8f) continue;
        (second.v[i] < first.v[i] ? down : up) += 1;
    }
    EXPECT_GT(down, 10 * up);
    EXPECT_GT(down, 100);
}

TEST(Foliage, SwaysOnlyWhereThereAreLeavesAndMoreInStrongerWind) {
    Stage stage;
    fill_region(stage.scene.regions.foliage, 0.1, 0.2, 0.6, 0.7);
    MotionPlan breeze = plan_of({track_of(EffectKind::foliage)}), storm = breeze;
    breeze.wind = {1.0, 0.3};
    storm.wind = {1.0, 1.0};
    const Movement gentle = movement(stage, breeze, 0.09, 0.19, 0.61, 0.71);
    const Movement strong = movement(stage, storm, 0.09, 0.19, 0.61, 0.71);
    EXPECT_EQ(gentle.outside, 0.0);
    EXPECT_EQ(strong.outside, 0.0);
    EXPECT_GT(gentle.inside, 0.2);
    EXPECT_GT(strong.inside, 2 * gentle.inside);
}

TEST(Foliage, ItsTopMovesMoreThanItsRoots) {
    Stage stage;
    fill_region(stage.scene.regions.foliage, 0.1, 0.1, 0.9, 0.9);
    MotionPlan plan = plan_of({track_of(EffectKind::foliage)});
    plan.wind = {1.0, 0.8};
    double top = 0, roots = 0;
    for (const double time : {0.2, 0.9, 1.7, 2.6}) {
        const Displaced d = displaced(stage, plan, time);
        for (int i = 0; i < d.before.count(); ++i) {
            const double y = d.before.layers[0].v[i] / static_cast<double>(stage.scene.size.height_px);
            if (y > 0.2 && y < 0.35) top += d.shift(i);
            if (y > 0.65 && y < 0.8) roots += d.shift(i);
        }
    }
    EXPECT_GT(top, 1.5 * roots);
}

TEST(Clouds, DriftInTheSkyOnlyAndWithTheWind) {
    Stage stage;
    fill_region(stage.scene.regions.sky, 0.0, 0.0, 1.0, 0.5);
    for (const double direction : {1.0, -1.0}) {
        MotionPlan plan = plan_of({track_of(EffectKind::clouds)});
        plan.wind = {direction, 0.5};
        const Movement m = movement(stage, plan, -0.01, -0.01, 1.01, 0.51);
        EXPECT_GT(m.inside, 1.0);
        EXPECT_EQ(m.outside, 0.0);
        const Displaced a = displaced(stage, plan, 1.0), b = displaced(stage, plan, 1.1);
        int with = 0, against = 0;
        for (int row = 2; row < 6; ++row)
            for (int column = 8; column < a.before.columns - 8; ++column) {
                const int i = row * a.before.columns + column;
                const auto &first = a.after.layers[0], &second = b.after.layers[0];
                if (first.mix[i] > 0.7f || second.mix[i] > 0.7f) continue;
                // Clouds that move right show at a place what was to its left.
                ((first.u[i] - second.u[i]) * direction > 0 ? with : against) += 1;
            }
        EXPECT_GT(with, 20);
        EXPECT_EQ(against, 0);
    }
}

TEST(Clouds, RunInATimeLapse) {
    Stage stage;
    fill_region(stage.scene.regions.sky, 0.0, 0.0, 1.0, 0.5);
    MotionPlan slow = plan_of({track_of(EffectKind::clouds)}), fast = slow;
    fast.time_scale = 6;
    const auto step = [&](const MotionPlan& plan) {
        const Displaced a = displaced(stage, plan, 1.0), b = displaced(stage, plan, 1.02);
        std::vector<double> steps;
        for (int i = 0; i < a.before.columns * 6; ++i)
            if (a.after.layers[0].mix[i] < 0.6f)
                steps.push_back(std::abs(a.after.layers[0].u[i] - b.after.layers[0].u[i]));
        std::nth_element(steps.begin(), steps.begin() + static_cast<long>(steps.size() / 2), steps.end());
        return steps[steps.size() / 2];
    };
    EXPECT_NEAR(step(fast) / step(slow), 6.0, 1.0);
}

TEST(Clouds, AreTakenFromTheSkyAloneAndInOrderBetweenPeaks) {
    // Two slopes leave a sky that narrows downwards, with a bird in it.
    Stage stage;
    image::Plane& sky = stage.scene.regions.sky;
    for (int y = 0; y < 36; ++y)
        for (int x = y; x < 96 - y; ++x) sky.at(x, y) = 1;
    sky.at(48, 10) = 0;
    MotionPlan plan = plan_of({track_of(EffectKind::clouds, 1.0)});
    plan.time_scale = 6;
    double furthest = 0;
    for (double time = 0.05; time < 3; time += 0.31) {
        const Displaced d = displaced(stage, plan, time);
        const auto &before = d.before.layers[0], &after = d.after.layers[0];
        for (int row = 0; row < d.before.rows; ++row)
            for (int column = 0; column + 1 < d.before.columns; ++column) {
                const int i = row * d.before.columns + column;
                if (d.shift(i) == 0) continue;
                furthest = std::max(furthest, d.shift(i));
                const double slope = after.v[i] / static_cast<double>(stage.scene.size.height_px) * 54 * 5;
                for (const float u : {after.u[i], after.u2[i]}) {
                    EXPECT_GT(u, slope - 8) << "row " << row << " column " << column;
                    EXPECT_LT(u, stage.scene.size.width_px - slope + 8);
                }
                // At the picture's sides it is mirrored.
                const bool inner = before.u[i] > 40 && before.u[i + 1] < 440;
                if (!inner || after.mix[i] > 0.9f || after.mix[i + 1] > 0.9f) continue;
                ASSERT_GT(after.u[i + 1], after.u[i]) << "row " << row << " column " << column;
            }
    }
    EXPECT_GT(furthest, 12);
}

TEST(Clouds, DoNotPulseInATimeLapse) {
    Stage stage;
    fill_region(stage.scene.regions.sky, 0.0, 0.0, 1.0, 0.5);
    MotionPlan plan = plan_of({track_of(EffectKind::clouds)});
    plan.time_scale = 6;
    // The two copies take turns: at one vertex, how often in four seconds?
    int turns = 0;
    bool first_shown = false;
    for (int f = 0; f < 96; ++f) {
        const Displaced d = displaced(stage, plan, f / 24.0);
        const bool first = d.after.layers[0].mix[20] < 0.5f;
        turns += f > 0 && first != first_shown;
        first_shown = first;
    }
    EXPECT_LE(turns, 8);
}

TEST(Cloth, AnUprightSubjectKeepsItsHeadStill) {
    Stage stage;
    stage.scene.has_subject = true;
    stage.scene.subject_left = 0.4, stage.scene.subject_right = 0.6;
    stage.scene.subject_top = 0.1, stage.scene.subject_bottom = 0.9;
    fill_region(stage.scene.regions.subject, 0.4, 0.1, 0.6, 0.9);
    const MotionPlan plan = plan_of({track_of(EffectKind::cloth)});
    const Movement hem = movement(stage, plan, 0.39, 0.6, 0.61, 0.91);
    EXPECT_GT(hem.inside, 0.5);
    const Movement below_head = movement(stage, plan, 0.38, 0.39, 0.62, 0.93);
    EXPECT_EQ(below_head.outside, 0.0);
}

TEST(Cloth, RipplesWithinTheSubject) {
    Stage stage;
    stage.scene.has_subject = true;
    stage.scene.subject_left = 0.3, stage.scene.subject_right = 0.7;
    stage.scene.subject_top = 0.3, stage.scene.subject_bottom = 0.7;
    fill_region(stage.scene.regions.subject, 0.3, 0.3, 0.7, 0.7);
    const Movement m = movement(stage, plan_of({track_of(EffectKind::cloth)}), 0.29, 0.29, 0.71, 0.71);
    EXPECT_GT(m.inside, 0.5);
    EXPECT_EQ(m.outside, 0.0);
}

TEST(Surfaces, NothingTearsAtTheBorder) {
    Stage stage = stage_with_ground();
    fill_region(stage.scene.regions.water, 0.0, 0.5, 1.0, 1.0);
    fill_region(stage.scene.regions.sky, 0.0, 0.0, 1.0, 0.4);
    MotionPlan plan = plan_of({track_of(EffectKind::water, 1.0), track_of(EffectKind::clouds, 1.0)});
    plan.effects[0].style = "waves";
    for (const double time : {0.3, 1.4, 2.2}) {
        const Displaced d = displaced(stage, plan, time);
        const auto& layer = d.after.layers[0];
        for (int row = 0; row + 1 < d.after.rows; ++row)
            for (int column = 3; column + 3 < d.after.columns; ++column) {
                const int i = row * d.after.columns + column;
                // The picture never folds: rows stay in order (at its edge it is mirrored).
                const bool at_edge =
                    d.before.layers[0].v[i] > static_cast<float>(stage.scene.size.height_px) - 16;
                if (!at_edge && layer.mix[i] < 0.9f && layer.mix[i + d.after.columns] < 0.9f) {
                    ASSERT_GT(layer.v[i + d.after.columns], layer.v[i]);
                }
            }
    }
}

}  // namespace
}  // namespace stillreel
