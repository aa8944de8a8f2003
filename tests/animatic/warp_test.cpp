#include "animatic/warp.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "animatic/synthetic_scene.h"

namespace stillreel::animatic {
namespace {

constexpr image::Size kFrame{640, 360};
constexpr image::Size kTexture{800, 450};
const Framing kFraming{400, 225, 1.25, 594};

const std::vector<prompt::CameraPose> kPoses = {
    {},
    {.pan = 3},
    {.tilt = -2, .roll = 8},
    {.focal_mm = 45},
    {.x = 0.1},
    {.y = -0.08},
    {.z = 0.25},
    {.z = -0.2},
    {.x = 0.12, .z = 0.02, .pan = -6.8},
    {.x = -0.05, .y = 0.03, .z = 0.1, .pan = 2, .tilt = 1, .roll = -4, .focal_mm = 38},
};

// w rises from top to bottom as a floor does, with a bump as a figure has.
image::Plane rolling_depth() {
    image::Plane plane(64, 36);
    for (int y = 0; y < 36; ++y)
        for (int x = 0; x < 64; ++x)
            plane.at(x, y) =
                0.3f + 0.02f * static_cast<float>(y) +
                0.4f * std::exp(-static_cast<float>((x - 30) * (x - 30) + (y - 16) * (y - 16)) / 60);
    return plane;
}

float depth_at(const image::Plane& plane, float u, float v) {
    const float x = std::clamp(u * 64 / 800 - 0.5f, 0.0f, 63.0f),
                y = std::clamp(v * 36 / 450 - 0.5f, 0.0f, 35.0f);
    const int i = std::min(static_cast<int>(x), 62), j = std::min(static_cast<int>(y), 34);
    const float fx = x - static_cast<float>(i), fy = y - static_cast<float>(j);
    return (plane.at(i, j) * (1 - fx) + plane.at(i + 1, j) * fx) * (1 - fy) +
           (plane.at(i, j + 1) * (1 - fx) + plane.at(i + 1, j + 1) * fx) * fy;
}

TEST(Warp, WhatAVertexSeesProjectsBackOntoIt) {
    const image::Plane depth = rolling_depth();
    for (const prompt::CameraPose& pose : kPoses) {
        const View view = view_of(pose, kFraming, 35, kFrame);
        std::vector<float> x, y;
        for (int i = 0; i < 333; ++i) {
            x.push_back(640 * hash_unit(1, i));
            y.push_back(360 * hash_unit(2, i));
        }
        std::vector<float> u(x.size()), v(x.size()), w(x.size());
        warp_points({&depth, kTexture}, kFraming, view, x.data(), y.data(), static_cast<int>(x.size()),
                    u.data(), v.data(), w.data());
        for (std::size_t i = 0; i < x.size(); ++i) {
            const Projected p = view.project(world_of(kFraming, u[i], v[i], depth_at(depth, u[i], v[i])));
            ASSERT_NEAR(p.x, x[i], 0.1) << pose.x << " " << pose.z << " " << pose.pan;
            ASSERT_NEAR(p.y, y[i], 0.1);
            ASSERT_NEAR(p.w, w[i], 0.002);
        }
    }
}

TEST(Warp, AVertexDoesNotDependOnItsNeighbours) {
    const image::Plane depth = rolling_depth();
    const View view = view_of({.x = 0.1, .z = 0.2}, kFraming, 35, kFrame);
    LayerGrid whole, part;
    for (LayerGrid* grid : {&whole, &part}) grid->u = grid->v = grid->w = std::vector<float>(81 * 46);
    warp_rows({&depth, kTexture}, kFraming, view, 81, 0, 46, whole);
    warp_rows({&depth, kTexture}, kFraming, view, 81, 20, 46, part);
    warp_rows({&depth, kTexture}, kFraming, view, 81, 0, 20, part);
    EXPECT_EQ(whole.u, part.u);
    EXPECT_EQ(whole.v, part.v);
    EXPECT_EQ(whole.w, part.w);
}

TEST(Warp, ASurfaceBehindTheCameraStaysFinite) {
    const image::Plane depth(4, 4, 2.0f);
    const View view = view_of({.z = 0.9}, kFraming, 35, kFrame);
    const float x = 600, y = 20;
    float u = 0, v = 0, w = 0;
    warp_points({&depth, kTexture}, kFraming, view, &x, &y, 1, &u, &v, &w);
    EXPECT_TRUE(std::isfinite(u) && std::isfinite(v));
    EXPECT_GT(w, 0);
}

}  // namespace
}  // namespace stillreel::animatic
