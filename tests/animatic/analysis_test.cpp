#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "animatic/analysis_features.h"
#include "animatic/scene.h"
#include "animatic/subject.h"
#include "made_scenes.h"
#include "support/throws.h"

namespace stillreel::animatic {
namespace {

using image::Plane;

/// The plane's value at a place given as fractions.
float at(const Plane& plane, double x, double y) {
    return plane.at(std::min(plane.width_px - 1, static_cast<int>(x * plane.width_px)),
                    std::min(plane.height_px - 1, static_cast<int>(y * plane.height_px)));
}

double overlap(const Plane& found, const Plane& truth) {
    double both = 0, either = 0;
    for (int y = 0; y < found.height_px; ++y)
        for (int x = 0; x < found.width_px; ++x) {
            const float f = found.at(x, y);
            const float t = at(truth, (x + 0.5) / found.width_px, (y + 0.5) / found.height_px);
            both += std::min(f, t), either += std::max(f, t);
        }
    return both / either;
}

double mean(const Plane& plane) {
    double sum = 0;
    for (float value : plane.values) sum += value;
    return sum / static_cast<double>(plane.values.size());
}

TEST(Analysis, IsAtMost256PixelsAndNeverEnlarges) {
    const Analysis large = analyse(testing::landscape(900, 600).picture, {});
    EXPECT_EQ(large.disparity.width_px, 256);
    EXPECT_EQ(large.disparity.height_px, 171);
    EXPECT_EQ(large.regions.sky.size(), large.disparity.size());
    EXPECT_EQ(large.regions.subject.size(), large.disparity.size());
    const Analysis tiny = analyse(testing::landscape(16, 18).picture, {});
    EXPECT_EQ(tiny.disparity.width_px, 16);
}

TEST(Analysis, FindsTheSkyAndTheHorizon) {
    const auto scene = testing::landscape(640, 400);
    const Analysis analysis = analyse(scene.picture, {});
    Plane sky(640, 400);
    for (int y = 0; y < scene.horizon_row; ++y) std::fill_n(sky.row(y), 640, 1.0f);
    EXPECT_GT(overlap(analysis.regions.sky, sky), 0.95);
    EXPECT_NEAR(analysis.horizon, 0.45, 0.03);
}

TEST(Analysis, AWallIsNoSky) {
    auto room = testing::landscape(640, 400);
    for (int y = 0; y < room.horizon_row; ++y)
        for (int x = 0; x < 640; ++x) {
            const float grain = 6 * testing::smooth_noise(x, y, 30, 3);
            testing::put(room.picture, x, y, 196 + grain, 190 + grain, 180 + grain);
        }
    EXPECT_LT(mean(analyse(room.picture, {}).regions.sky), 0.01);
}

TEST(Analysis, TheSkyEndsAtHazyMountains) {
    auto scene = testing::landscape(640, 400);
    const auto ridge = [](int x) { return 150 - 70 * std::abs(std::sin(0.012 * x)); };
    for (int y = 0; y < scene.horizon_row; ++y)
        for (int x = 0; x < 640; ++x) {
            const float grain = 10 * testing::smooth_noise(x, y, 5, 4);
            if (y < ridge(x)) testing::put(scene.picture, x, y, 205, 222, 240);
            if (y >= ridge(x)) testing::put(scene.picture, x, y, 118 + grain, 132 + grain, 150 + grain);
        }
    const Analysis analysis = analyse(scene.picture, {});
    double above = 0, above_count = 0, below = 0, below_count = 0;
    for (int x = 0; x < 640; x += 4)
        for (int y = 0; y < scene.horizon_row; y += 4) {
            const float sky = at(analysis.regions.sky, x / 640.0, y / 400.0);
            if (y < ridge(x) - 8) above += sky, ++above_count;
            if (y > ridge(x) + 8) below += sky, ++below_count;
        }
    EXPECT_GT(above / above_count, 0.9);
    EXPECT_LT(below / below_count, 0.1);
    EXPECT_LT(mean(analysis.regions.water), 0.02);  // hazy blue, but no water
}

// Rock and snow in the sun are as bright as the sky and pass its edge tests; only their colour betrays them.
TEST(Analysis, TheSkyEndsAtSunlitMountains) {
    auto scene = testing::landscape(640, 400);
    const auto ridge = [](int x) { return 40 + std::abs(x - 200) * 0.6; };
    for (int y = 0; y < scene.horizon_row; ++y)
        for (int x = 0; x < 640; ++x) {
            const float grain = 6 * testing::smooth_noise(x, y, 12, 4);
            const float cloud = std::clamp(1.6f * testing::smooth_noise(x, y, 80, 9) - 0.5f, 0.0f, 1.0f);
            testing::put(scene.picture, x, y, std::lerp(178.0f, 228.0f, cloud),
                         std::lerp(203.0f, 230.0f, cloud), std::lerp(228.0f, 236.0f, cloud));
            if (y >= ridge(x)) testing::put(scene.picture, x, y, 198 + grain, 192 + grain, 188 + grain);
        }
    const Plane sky = analyse(scene.picture, {}).regions.sky;
    double above = 0, above_count = 0, below = 0, below_count = 0;
    for (int x = 0; x < 640; x += 4)
        for (int y = 0; y < scene.horizon_row; y += 4) {
            if (y < ridge(x) - 10) above += at(sky, x / 640.0, y / 400.0), ++above_count;
            if (y > ridge(x) + 10) below += at(sky, x / 640.0, y / 400.0), ++below_count;
        }
    EXPECT_GT(above / above_count, 0.85);
    EXPECT_LT(below / below_count, 0.1);
}

TEST(Analysis, GreenGrowthIsFoliageAndStreakedBlueIsWater) {
    auto scene = testing::landscape(640, 400);
    for (int y = scene.horizon_row; y < 400; ++y)
        for (int x = 0; x < 640; ++x) {
            const float leaf = 50 * testing::smooth_noise(x, y, 5, 5);
            const float streak = 35 * testing::smooth_noise(x / 12, y, 3, 6);
            if (x < 320) testing::put(scene.picture, x, y, 40 + leaf, 80 + leaf, 25 + 0.5f * leaf);
            if (x >= 320) testing::put(scene.picture, x, y, 70 + streak, 110 + streak, 160 + streak);
        }
    const Analysis analysis = analyse(scene.picture, {});
    EXPECT_GT(at(analysis.regions.foliage, 0.2, 0.75), 0.8);
    EXPECT_LT(at(analysis.regions.foliage, 0.8, 0.75), 0.1);
    EXPECT_GT(at(analysis.regions.water, 0.8, 0.75), 0.8);
    EXPECT_LT(at(analysis.regions.water, 0.2, 0.75), 0.1);
    EXPECT_LT(at(analysis.regions.water, 0.8, 0.2), 0.1);
}

/// Grey-brown rocks from edge to edge and a foaming brook down the middle, of one or the other colour.
image::Image brook(float red, float green, float blue) {
    image::Image picture(640, 400, 3);
    for (int y = 0; y < 400; ++y)
        for (int x = 0; x < 640; ++x) {
            const float rock = 110 * testing::smooth_noise(x, y, 18, 3) + 20 * testing::noise(x, y, 4);
            const float foam = 0.35f + 0.65f * testing::smooth_noise(x, y, 8, 5);
            const bool in_brook = std::abs(x - 320 - 40 * std::sin(0.02 * y)) < 45 && y > 160;
            if (in_brook) testing::put(picture, x, y, red * foam, green * foam, blue * foam);
            if (!in_brook) testing::put(picture, x, y, 20 + rock, 19 + rock, 12 + rock);
        }
    return picture;
}

TEST(Analysis, FoamBetweenRocksIsWater) {
    const AnalysisInputs no_subject{std::nullopt, Plane(640, 400)};
    const Plane water = analyse(brook(205, 215, 240), no_subject).regions.water;
    EXPECT_GT(at(water, 0.5, 0.75), 0.8);
    EXPECT_LT(at(water, 0.2, 0.75), 0.1);
    EXPECT_LT(at(water, 0.8, 0.75), 0.1);
    EXPECT_GT(mean(water), 0.05);
    EXPECT_LT(mean(water), 0.15);
    EXPECT_LT(mean(analyse(brook(235, 215, 185), no_subject).regions.water), 0.01);  // sand
    EXPECT_LT(mean(analyse(brook(60, 90, 250), no_subject).regions.water), 0.01);    // blue paint
}

TEST(Analysis, ACorridorsWallsComeNearerTowardsTheSides) {
    image::Image hall(640, 400, 3);
    for (int y = 0; y < 400; ++y)
        for (int x = 0; x < 640; ++x) {
            // Stripes that run to the vanishing point, on walls, floor and ceiling alike.
            const double across = (x - 352) / 640.0, down = (y - 200) / 400.0;
            const double angle = std::atan2(down, across);
            const bool end = std::max(std::abs(across), std::abs(down)) < 0.06;
            const float stripe = std::sin(28 * angle) > 0 ? 60.0f : 0.0f;
            const float level = end ? 150.0f : 70.0f + stripe + 8 * testing::smooth_noise(x, y, 7, 2);
            testing::put(hall, x, y, level, 0.95f * level, 0.85f * level);
        }
    const AnalysisInputs no_subject{std::nullopt, Plane(640, 400)};
    const Analysis analysis = analyse(hall, no_subject);
    EXPECT_NEAR(analysis.horizon, 0.5, 0.05);
    const Plane& d = analysis.disparity;
    for (const double y : {0.3, 0.4, 0.5}) {
        EXPECT_GT(at(d, 0.05, y), at(d, 0.3, y) + 0.06) << y;
        EXPECT_GT(at(d, 0.95, y), at(d, 0.7, y) + 0.06) << y;
        EXPECT_GT(at(d, 0.3, y), at(d, 0.55, y) + 0.06) << y;
    }
    EXPECT_NEAR(at(d, 0.05, 0.1), at(d, 0.05, 0.5), 0.06);
    EXPECT_GT(at(d, 0.55, 0.95), at(d, 0.55, 0.6) + 0.2);  // the floor
}

TEST(Analysis, AnEmptyLandscapeHasNoSubject) {
    EXPECT_FALSE(analyse(testing::landscape(640, 400).picture, {}).has_subject);
    EXPECT_FALSE(analyse(testing::landscape(400, 640).picture, {}).has_subject);
}

TEST(Analysis, CutsTheFigureOut) {
    const auto scene = testing::landscape_with_figure(960, 540);
    const Analysis analysis = analyse(scene.picture, {});
    ASSERT_TRUE(analysis.has_subject);
    EXPECT_GT(overlap(analysis.regions.subject, scene.subject), 0.8);
    EXPECT_NEAR(analysis.focus_x, 0.55, 0.03);
    EXPECT_LT(analysis.focus_y, 0.5);  // the head, not the hips
    EXPECT_GT(analysis.focus_y, 0.2);
}

TEST(Analysis, DepthIsOrdered) {
    const Analysis analysis = analyse(testing::landscape_with_figure(960, 540).picture, {});
    const Plane& d = analysis.disparity;
    EXPECT_LT(at(d, 0.1, 0.1), 0.02);                     // sky
    EXPECT_GT(at(d, 0.1, 0.55), at(d, 0.1, 0.2) + 0.05);  // ground before the sky
    for (double y = 0.5; y < 0.9; y += 0.1) EXPECT_GT(at(d, 0.15, y + 0.1), at(d, 0.15, y)) << y;
    EXPECT_GT(at(d, 0.55, 0.3), at(d, 0.3, 0.3) + 0.3);  // head before the sky
    EXPECT_GT(at(d, 0.55, 0.6), at(d, 0.3, 0.6) + 0.1);  // body before the ground beside it
}

TEST(Analysis, GivenDepthIsUsed) {
    const auto scene = testing::landscape(640, 400);
    Plane depth(320, 200);
    for (int y = 0; y < 200; ++y)
        for (int x = 0; x < 320; ++x) depth.at(x, y) = static_cast<float>(x) / 319.0f;
    const Analysis analysis = analyse(scene.picture, {depth, std::nullopt});
    EXPECT_NEAR(at(analysis.disparity, 0.25, 0.5), 0.25, 0.02);
    EXPECT_NEAR(at(analysis.disparity, 0.75, 0.2), 0.75, 0.02);

    for (float& value : depth.values) value = 0.4f + 0.2f * value;
    const Analysis stretched = analyse(scene.picture, {depth, std::nullopt});
    EXPECT_NEAR(at(stretched.disparity, 0.75, 0.2), 0.75, 0.02);
}

TEST(Analysis, GivenMaskIsTheSubject) {
    const auto scene = testing::landscape(640, 400);
    Plane mask(640, 400);
    for (int y = 220; y < 340; ++y) std::fill_n(mask.row(y) + 100, 120, 1.0f);
    const Analysis analysis = analyse(scene.picture, {std::nullopt, mask});
    ASSERT_TRUE(analysis.has_subject);
    EXPECT_GT(overlap(analysis.regions.subject, mask), 0.95);
    EXPECT_NEAR(analysis.focus_x, 160.0 / 640, 0.02);
    EXPECT_GT(at(analysis.disparity, 0.25, 0.6), at(analysis.disparity, 0.6, 0.6) + 0.1);

    const Analysis none =
        analyse(testing::landscape_with_figure(640, 400).picture, {std::nullopt, Plane(640, 400)});
    EXPECT_FALSE(none.has_subject);
}

TEST(Analysis, MapsOfAnotherShapeAreRefused) {
    const auto scene = testing::landscape(640, 400);
    EXPECT_ERROR(analyse(scene.picture, {Plane(100, 100), std::nullopt}), ErrorCode::invalid_argument,
                 "depth map");
    EXPECT_ERROR(analyse(scene.picture, {std::nullopt, Plane(400, 640)}), ErrorCode::invalid_argument,
                 "400x640");
    EXPECT_NO_THROW(analyse(scene.picture, {Plane(161, 100), std::nullopt}));
}

TEST(Analysis, IsRepeatable) {
    const auto scene = testing::landscape_with_figure(960, 540);
    const Analysis first = analyse(scene.picture, {}), second = analyse(scene.picture, {});
    EXPECT_EQ(first.disparity.values, second.disparity.values);
    EXPECT_EQ(first.regions.subject.values, second.regions.subject.values);
}

TEST(Analysis, FlatPicturesAreNoProblem) {
    for (const int level : {0, 128, 255}) {
        image::Image flat(64, 48, 3);
        std::fill(flat.pixels.begin(), flat.pixels.end(), static_cast<std::uint8_t>(level));
        const Analysis analysis = analyse(flat, {});
        EXPECT_FALSE(analysis.has_subject);
        for (float value : analysis.disparity.values) ASSERT_TRUE(value >= 0 && value <= 1);
        EXPECT_GE(mean(analysis.disparity), 0);
    }
}

TEST(Focus, IsOnTheSharpThingNotBetweenTwoThings) {
    image::Image picture(256, 128, 3);
    std::fill(picture.pixels.begin(), picture.pixels.end(), std::uint8_t{90});
    // A checked patch on the left, an even one on the right.
    for (int y = 48; y < 80; ++y)
        for (int x = 32; x < 64; ++x) {
            std::fill_n(picture.at(x, y), 3, static_cast<std::uint8_t>((x / 4 + y / 4) % 2 ? 230 : 20));
            std::fill_n(picture.at(x + 160, y), 3, std::uint8_t{200});
        }
    const Features features = features_of(picture);
    Plane saliency(features.width(), features.height());
    for (int y = 0; y < saliency.height_px; ++y)
        for (int x = 0; x < saliency.width_px; ++x) {
            const double u = (x + 0.5) / saliency.width_px, v = (y + 0.5) / saliency.height_px;
            const bool patch = (u > 0.125 && u < 0.25) || (u > 0.75 && u < 0.875);
            saliency.at(x, y) = patch && v > 0.375 && v < 0.625 ? 0.9f : 0.05f;
        }
    Subject subject;
    focus_on_saliency(features, saliency, subject);
    EXPECT_NEAR(subject.focus_x, 0.1875, 0.06);
    EXPECT_NEAR(subject.focus_y, 0.5, 0.1);
}

}  // namespace
}  // namespace stillreel::animatic
