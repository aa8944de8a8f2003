#include "animatic/subject_motion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "animatic/synthetic_scene.h"

namespace stillreel::animatic {
namespace {

using prompt::SubjectMove;

constexpr image::Size kTexture{320, 180};

prompt::MotionPlan plan_of(SubjectMove move, double direction = 1) {
    prompt::MotionPlan plan;
    prompt::SubjectTrack track;
    track.move = move;
    track.direction = direction;
    plan.subject.push_back(track);
    return plan;
}

struct Shift {
    double u, v;
};

/// By how much what is seen at fractions (x, y) of the subject's box has moved, in texture px: + right, +
/// down.
Shift content_shift(const SubjectMotion& motion, const Scene& scene, double x, double y, double time_s) {
    LayerGrid grid;
    const double u =
        (scene.subject_left + x * (scene.subject_right - scene.subject_left)) * scene.size.width_px;
    const double v =
        (scene.subject_top + y * (scene.subject_bottom - scene.subject_top)) * scene.size.height_px;
    grid.u = {static_cast<float>(u)};
    grid.v = {static_cast<float>(v)};
    motion.move(grid, 0, 1, time_s);
    return {u - grid.u[0], v - grid.v[0]};
}

TEST(SubjectMotion, SwayMovesTheTopAndNotTheFoot) {
    const Scene scene = testing::two_sheets(kTexture);
    const SubjectMotion motion(scene, plan_of(SubjectMove::sway), 4, false);
    double most = 0;
    for (int i = 0; i < 96; ++i) {
        most = std::max(most, std::abs(content_shift(motion, scene, 0.5, 0, i / 24.0).u));
        EXPECT_NEAR(content_shift(motion, scene, 0.5, 1, i / 24.0).u, 0, 1e-4);
    }
    EXPECT_NEAR(most, 0.015 * 0.4 * 180, 0.02);
}

TEST(SubjectMotion, BreathingSwellsTheChest) {
    const Scene scene = testing::two_sheets(kTexture);
    const SubjectMotion motion(scene, plan_of(SubjectMove::breathing), 4, false);
    EXPECT_GT(content_shift(motion, scene, 0.8, 0.42, 2).u, 0.05);
    EXPECT_LT(content_shift(motion, scene, 0.2, 0.42, 2).u, -0.05);
    EXPECT_NEAR(content_shift(motion, scene, 0.8, 0.42, 0).u, 0, 1e-4);
    EXPECT_NEAR(content_shift(motion, scene, 0.8, 1, 2).v, 0, 1e-3);
}

TEST(SubjectMotion, ATurnMovesTheFrontToItsSideAndDoesNotFold) {
    const Scene scene = testing::two_sheets(kTexture);
    for (double direction : {1.0, -1.0}) {
        const SubjectMotion motion(scene, plan_of(SubjectMove::slow_turn, direction), 4, false);
        EXPECT_GT(direction * content_shift(motion, scene, 0.5, 0.5, 4).u, 2);
        EXPECT_NEAR(content_shift(motion, scene, 0.5, 0.5, 0).u, 0, 1e-3);
        double before = -1e9;
        for (int x = -20; x <= 120; ++x) {
            const double at = scene.subject_left + 0.01 * x * (scene.subject_right - scene.subject_left);
            const double seen = at * 320 - content_shift(motion, scene, 0.01 * x, 0.3, 4).u;
            EXPECT_GT(seen, before) << x;
            before = seen;
        }
    }
}

TEST(SubjectMotion, ATurntableSlidesTheFrontAndKeepsTheOutline) {
    const Scene scene = testing::two_sheets(kTexture);
    const SubjectMotion motion(scene, plan_of(SubjectMove::turntable), 4, false);
    EXPECT_GT(content_shift(motion, scene, 0.5, 0.5, 1.25).u, 5);
    EXPECT_NEAR(content_shift(motion, scene, 0.5, 0.5, 1.25).v, 0, 1e-3);
    // The disc is narrower above its middle: its outline there lies further in.
    for (double x : {0.0, 1.0}) EXPECT_NEAR(content_shift(motion, scene, x, 0.5, 1.25).u, 0, 0.5);
    for (double x : {0.05, 0.95}) EXPECT_NEAR(content_shift(motion, scene, x, 0.15, 1.25).u, 0, 1e-3);
}

TEST(SubjectMotion, SeamlessEndsAsItBegan) {
    const Scene scene = testing::two_sheets(kTexture);
    for (SubjectMove move :
         {SubjectMove::sway, SubjectMove::breathing, SubjectMove::slow_turn, SubjectMove::turntable}) {
        const SubjectMotion motion(scene, plan_of(move), 5, true);
        EXPECT_NEAR(content_shift(motion, scene, 0.6, 0.2, 5).u, content_shift(motion, scene, 0.6, 0.2, 0).u,
                    1e-3);
        EXPECT_GT(std::abs(content_shift(motion, scene, 0.6, 0.2, 1.3).u), 0.02);
    }
}

TEST(SubjectMotion, WithoutASubjectNothingMovesAndANoteSaysSo) {
    Scene scene = testing::two_sheets(kTexture);
    scene.has_subject = false;
    const SubjectMotion motion(scene, plan_of(SubjectMove::sway), 4, false);
    EXPECT_TRUE(motion.none());
    ASSERT_EQ(motion.notes().size(), 1u);
}

}  // namespace
}  // namespace stillreel::animatic
