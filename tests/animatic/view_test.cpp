#include "animatic/view.h"

#include <gtest/gtest.h>

#include <cmath>

namespace stillreel::animatic {
namespace {

constexpr image::Size kFrame{1920, 1080};
const Framing kFraming{1200, 675, 1.25, 1782};

Projected seen(const prompt::CameraPose& pose, double u, double v, double w) {
    return view_of(pose, kFraming, 35, kFrame).project(world_of(kFraming, u, v, w));
}

TEST(View, UnmovedCameraSeesTheTextureAsFramed) {
    for (double w : {0.3, 1.0, 1.5}) {
        const Projected p = seen({}, 1200 + 125, 675 - 250, w);
        EXPECT_NEAR(p.x, 960 + 100, 1e-3);
        EXPECT_NEAR(p.y, 540 - 200, 1e-3);
        EXPECT_NEAR(p.w, w, 1e-6);
    }
}

TEST(View, UnprojectUndoesProject) {
    prompt::CameraPose pose{0.1, -0.05, 0.2, 7, -4, 12, 50};
    const View view = view_of(pose, kFraming, 35, kFrame);
    const Vec3 world = world_of(kFraming, 1500, 400, 0.7);
    const Projected p = view.project(world);
    const Vec3 back = view.unproject(p.x, p.y, 1 / p.w);
    EXPECT_NEAR(back.x, world.x, 1e-4);
    EXPECT_NEAR(back.y, world.y, 1e-4);
    EXPECT_NEAR(back.z, world.z, 1e-4);
}

TEST(View, ThePictureMovesAgainstTheCamera) {
    const auto move = [](const prompt::CameraPose& pose, double u, double v, double w) {
        const Projected p = seen(pose, u, v, w), rest = seen({}, u, v, w);
        return std::pair{p.x - rest.x, p.y - rest.y};
    };
    EXPECT_LT(move({.pan = 2}, 1200, 675, 1).first, -50);       // pan right: content left
    EXPECT_GT(move({.tilt = 2}, 1200, 675, 1).second, 50);      // tilt up: content down
    EXPECT_LT(move({.x = 0.05}, 1200, 675, 1).first, -80);      // truck right: content left
    EXPECT_GT(move({.y = 0.05}, 1200, 675, 1).second, 80);      // pedestal up: content down
    EXPECT_LT(move({.roll = 5}, 1700, 675, 1).second, -30);     // roll clockwise: the right side rises
    EXPECT_GT(move({.z = 0.1}, 1700, 675, 1).first, 30);        // dolly in: outwards
    EXPECT_GT(move({.focal_mm = 40}, 1700, 675, 1).first, 30);  // zoom in: outwards
}

TEST(View, NearMovesMoreThanFarOnlyWhenTheCameraTravels) {
    const auto shift = [](const prompt::CameraPose& pose, double w) {
        return seen({}, 1300, 700, w).x - seen(pose, 1300, 700, w).x;
    };
    EXPECT_NEAR(shift({.x = 0.05}, 1.2) / shift({.x = 0.05}, 0.3), 4, 0.01);
    EXPECT_GT(shift({.z = 0.1}, 1.2) / shift({.z = 0.1}, 0.3), 3.9);
    EXPECT_NEAR(shift({.focal_mm = 40}, 1.2), shift({.focal_mm = 40}, 0.3), 1e-3);
    EXPECT_NEAR(shift({.pan = 3}, 1.2), shift({.pan = 3}, 0.3), 1e-3);
}

TEST(View, BehindTheCameraIsNotInFront) { EXPECT_LE(seen({.z = 1.5}, 1200, 675, 1).w, 0); }

}  // namespace
}  // namespace stillreel::animatic
