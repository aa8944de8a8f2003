// The measure is measured first: flow on pictures whose motion is known exactly.
#include "support/flow.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "proof/made_scene.h"

namespace stillreel::testing {
namespace {

constexpr image::Size kFrame{320, 180};

/// The same unbounded texture, seen after content moved by (x, y), grew by `expansion` and turned by
/// `degrees`.
image::Image view(double x, double y, double expansion = 0, double degrees = 0) {
    image::Image frame(kFrame.width_px, kFrame.height_px, 3);
    const double turn = degrees * std::numbers::pi / 180, scale = 1 + expansion;
    for (int row = 0; row < frame.height_px; ++row)
        for (int column = 0; column < frame.width_px; ++column) {
            const double dx = (column + 0.5 - kFrame.width_px / 2.0 - x) / scale;
            const double dy = (row + 0.5 - kFrame.height_px / 2.0 - y) / scale;
            const double u = std::cos(turn) * dx + std::sin(turn) * dy;
            const double v = -std::sin(turn) * dx + std::cos(turn) * dy;
            const float value = texture_value(u, v, 7);
            for (int c = 0; c < 3; ++c)
                frame.at(column, row)[c] = static_cast<std::uint8_t>(40 + 170 * value);
        }
    return frame;
}

TEST(Flow, MeasuresShiftsToATenthOfAPixel) {
    for (const auto& [x, y] : {std::pair{0.3, 0.0}, {-4.0, 2.5}, {12.0, -7.0}, {0.0, 18.0}}) {
        const Motion motion = motion_of(flow_between(view(0, 0), view(x, y)));
        EXPECT_NEAR(motion.x, x, 0.1);
        EXPECT_NEAR(motion.y, y, 0.1);
        EXPECT_NEAR(motion.expansion, 0, 0.001);
        EXPECT_NEAR(motion.turn_degrees, 0, 0.05);
    }
}

TEST(Flow, MeasuresGrowthAndShrinking) {
    for (const double expansion : {0.01, 0.04, 0.1, -0.05}) {
        const Motion motion = motion_of(flow_between(view(0, 0), view(0, 0, expansion)));
        EXPECT_NEAR(motion.expansion, expansion, 0.05 * std::abs(expansion) + 0.0005);
        EXPECT_NEAR(motion.turn_degrees, 0, 0.05);
        EXPECT_NEAR(motion.x, 0, 0.2);
    }
}

TEST(Flow, MeasuresTurnsWithTheirSense) {
    for (const double degrees : {0.5, 3.0, -6.0}) {
        const Motion motion = motion_of(flow_between(view(0, 0), view(0, 0, 0, degrees)));
        EXPECT_NEAR(motion.turn_degrees, degrees, 0.05 * std::abs(degrees) + 0.02);
    }
    // Clockwise on the screen: what is right of the centre goes down.
    const Flow flow = flow_between(view(0, 0), view(0, 0, 0, 3));
    EXPECT_GT(flow.y[static_cast<std::size_t>(90) * 320 + 280], 2.0f);
}

TEST(Flow, EqualFramesDoNotMove) {
    const Motion motion = motion_of(flow_between(view(3, 4), view(3, 4)));
    EXPECT_EQ(motion.speed, 0);
    EXPECT_EQ(mean_difference(view(3, 4), view(3, 4)), 0);
    EXPECT_GT(mean_difference(view(3, 4), view(3.5, 4)), 0.5);
}

TEST(Flow, AMaskSeparatesWhatMovesFromWhatStands) {
    image::Image moved = view(0, 0);
    const image::Image other = view(6, 0);
    image::Plane mask(32, 18);
    for (int y = 0; y < 18; ++y)
        for (int x = 0; x < 16; ++x) mask.at(x, y) = 1;
    for (int y = 0; y < kFrame.height_px; ++y) std::copy_n(other.at(0, y), 160 * 3, moved.at(0, y));
    const Flow flow = flow_between(view(0, 0), moved);
    EXPECT_NEAR(motion_of(flow, mask).x, 6, 0.2);
    for (float& value : mask.values) value = 1 - value;
    EXPECT_NEAR(motion_of(flow, mask).x, 0, 0.2);
}

TEST(Flow, JerkTellsAnEasedWayFromAJitteryOne) {
    std::vector<double> eased, jittery;
    for (int i = 0; i < 48; ++i) {
        const double t = i / 47.0;
        eased.push_back(20 * t * t * (3 - 2 * t));
        jittery.push_back(eased.back() + (i % 2 ? 0.25 : -0.25));
    }
    EXPECT_LT(jerk(eased), 0.01);
    EXPECT_GT(jerk(jittery), 1.0);
}

}  // namespace
}  // namespace stillreel::testing
