#include "animatic/framing.h"

#include <gtest/gtest.h>

#include <cmath>

#include "animatic/raster.h"
#include "animatic/synthetic_scene.h"

namespace stillreel::animatic {
namespace {

using testing::two_sheets;
using testing::warped_grid;

constexpr image::Size kFrame{240, 136};

struct Case {
    const char* name;
    prompt::CameraPose end;
    prompt::Shake shake;
    bool compound = false;
};

prompt::CameraPath path_to(const Case& move, double seconds) {
    prompt::CameraPath path;
    const prompt::CameraPose begin;
    path.segments.push_back({0, seconds, begin, begin, move.end, move.end});
    path.shake = move.shake;
    return path;
}

FramingRequest request_for(bool compound, int frames) {
    FramingRequest request{.frame = kFrame, .times_s = {}, .compound = compound};
    for (int i = 0; i < frames; ++i) request.times_s.push_back(i / 12.0);
    return request;
}

/// The run as fitted.
CameraRun fitted_run(CameraRun run, const FittedFraming& fitted) {
    run.share = fitted.share;
    if (fitted.stop_s) run.stop_s = *fitted.stop_s;
    return run;
}

bool is_magenta(const std::uint8_t* pixel) { return pixel[0] > 200 && pixel[1] < 30 && pixel[2] > 200; }

// A near sheet that reaches the picture's border, as a floor does.
Scene ringed_scene(image::Size size) {
    Scene scene = two_sheets(size);
    scene.layers.push_back(scene.layers[0]);
    scene.layers[2].inverse_depth = image::Plane(32, 18, 1.5f);
    testing::cut_out(scene.layers[2].texture, [&](int, int y) { return y > size.height_px * 0.85; });
    for (Layer& layer : scene.layers)
        for (int y = 0; y < size.height_px; ++y)
            for (int x = 0; x < size.width_px; ++x) {
                const bool ring = x == 0 || y == 0 || x == size.width_px - 1 || y == size.height_px - 1;
                std::uint8_t* texel = layer.texture.at(x, y);
                if (ring && texel[3] > 0) texel[0] = 255, texel[1] = 0, texel[2] = 255;
            }
    return scene;
}

class Moves : public ::testing::TestWithParam<Case> {};

TEST_P(Moves, NeverShowTheBorderOrAHole) {
    const Case& move = GetParam();
    const Scene scene = ringed_scene({400, 170});
    CameraRun run{.path = path_to(move, 2), .duration_s = 2, .seed = 11};
    const FramingRequest request = request_for(move.compound, 24);
    const FittedFraming fitted = fit_framing(scene, run, request);
    run = fitted_run(run, fitted);
    EXPECT_GT(fitted.move_fraction, 0.3);
    const Raster raster(scene);
    FrameBuffer frame(kFrame.width_px, kFrame.height_px, 4);
    for (double time_s : request.times_s) {
        const View view = view_of(run.pose(time_s), fitted.framing, 35, kFrame);
        const FrameGrid grid = warped_grid(scene, fitted.framing, view, kFrame);
        for (int row = 0; row < grid.rows - 1; ++row) raster.draw(grid, row, frame);
        for (int y = 0; y < kFrame.height_px; ++y)
            for (int x = 0; x < kFrame.width_px; ++x) {
                const std::uint8_t* pixel = frame.at(x, y);
                ASSERT_FALSE(is_magenta(pixel)) << time_s << " s: " << x << ", " << y;
                ASSERT_GT(pixel[0] + pixel[1] + pixel[2], 60) << time_s << " s: " << x << ", " << y;
                ASSERT_EQ(pixel[3], 255);
            }
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, Moves,
    ::testing::Values(Case{"pan_right", {.pan = 5}, {}}, Case{"pan_left", {.pan = -5}, {}},
                      Case{"tilt_up", {.tilt = 3}, {}}, Case{"roll", {.roll = 8}, {}},
                      Case{"zoom_in", {.focal_mm = 42}, {}}, Case{"zoom_out", {.focal_mm = 29}, {}},
                      Case{"dolly_in", {.z = 0.2}, {}}, Case{"dolly_out", {.z = -0.2}, {}},
                      Case{"truck_right", {.x = 0.08}, {}}, Case{"pedestal_down", {.y = -0.05}, {}},
                      Case{"orbit_right", {.x = 0.1, .z = 0.005, .pan = -5.74}, {}},
                      Case{"handheld", {}, {0.4, 0.004, 2}},
                      Case{"handheld_dolly", {.z = 0.15}, {0.3, 0.003, 2}},
                      Case{"compound", {.x = 0.12, .y = 0.06, .z = 0.1, .roll = 6}, {}, true}),
    [](const auto& test) { return test.param.name; });

TEST(Framing, AMoveWithoutRoomKeepsItsRateAndStopsEarly) {
    const Scene scene = two_sheets({400, 226});
    CameraRun run{.path = path_to({"", {.pan = 25}, {}}, 4), .duration_s = 4};
    const FramingRequest request = request_for(false, 48);
    const FittedFraming fitted = fit_framing(scene, run, request);
    ASSERT_TRUE(fitted.stop_s.has_value());
    EXPECT_GT(fitted.move_fraction, 0.1);
    EXPECT_LT(fitted.move_fraction, 0.8);
    EXPECT_LE(fitted.overscan, 1.35);
    ASSERT_EQ(fitted.notes.size(), 1u);
    EXPECT_NE(fitted.notes[0].find("holds there"), std::string::npos);
    const CameraRun stopped = fitted_run(run, fitted);
    EXPECT_DOUBLE_EQ(stopped.pose(*fitted.stop_s - 0.3).pan, run.pose(*fitted.stop_s - 0.3).pan);
    EXPECT_DOUBLE_EQ(stopped.pose(4).pan, run.pose(*fitted.stop_s).pan);
}

TEST(Framing, ACompoundMoveKeepsHalfOfItsWayBeforeItStops) {
    const Scene scene = two_sheets({400, 226});
    const CameraRun run{.path = path_to({"", {.pan = 26, .tilt = 5}, {}}, 4), .duration_s = 4};
    const FittedFraming fitted = fit_framing(scene, run, request_for(true, 48));
    EXPECT_GE(fitted.share, 0.5);
    EXPECT_LT(fitted.share, 1);
    EXPECT_FALSE(fitted.stop_s.has_value());
}

TEST(Framing, APathThatBeginsOutsideOfThePictureHoldsStillAndSaysSo) {
    const Scene scene = two_sheets({400, 226});
    CameraRun run{.path = path_to({"", {.pan = 75}, {}}, 4), .duration_s = 4};
    run.path.segments[0].p0.pan = run.path.segments[0].p1.pan = 70;
    const FittedFraming fitted = fit_framing(scene, run, request_for(false, 48));
    EXPECT_TRUE(fitted.hold_still);
    EXPECT_EQ(fitted.move_fraction, 0);
    ASSERT_EQ(fitted.notes.size(), 1u);
    EXPECT_NE(fitted.notes[0].find("holds still"), std::string::npos);
    EXPECT_NEAR(fitted.framing.texel_per_px * kFrame.height_px, 226, 0.5);
}

TEST(Framing, StaticShowsTheWholeCrop) {
    const Scene scene = two_sheets({400, 226});
    FramingRequest request = request_for(false, 24);
    request.focus_u = 0.9;
    const FittedFraming fitted = fit_framing(scene, CameraRun{}, request);
    EXPECT_EQ(fitted.overscan, 1);
    EXPECT_NEAR(fitted.framing.texel_per_px * kFrame.height_px, 226, 0.5);
    EXPECT_NEAR(fitted.framing.centre_u + fitted.framing.texel_per_px * kFrame.width_px / 2, 400, 1e-6);
}

TEST(Framing, RoomOutsideOfTheCropIsUsedBeforeTightening) {
    const Scene wide = two_sheets({800, 226});
    const CameraRun run{.path = path_to({"", {.pan = 8}, {}}, 4), .duration_s = 4};
    const FittedFraming fitted = fit_framing(wide, run, request_for(false, 48));
    EXPECT_LT(fitted.overscan, 1.12);  // what the perspective of a turned camera needs
    EXPECT_EQ(fitted.move_fraction, 1);
}

TEST(Framing, WithoutSpareRoomAPanStartsOnTheOtherSide) {
    const Scene scene = two_sheets({400, 226});
    const CameraRun run{.path = path_to({"", {.pan = 6}, {}}, 4), .duration_s = 4};
    const FittedFraming fitted = fit_framing(scene, run, request_for(false, 48));
    EXPECT_LT(fitted.framing.centre_u, 195);
    EXPECT_GT(fitted.overscan, 1.05);
}

TEST(Framing, KeepsAwayFromOneTexelAPixel) {
    const Scene scene = two_sheets({300, 170});
    for (double pan = 0.5; pan < 16; pan += 0.5) {
        const CameraRun run{.path = path_to({"", {.pan = pan}, {}}, 4), .duration_s = 4};
        const FittedFraming fitted = fit_framing(scene, run, request_for(false, 48));
        EXPECT_GE(std::abs(fitted.framing.texel_per_px - 1), 0.0299) << pan;
    }
}

TEST(CameraRun, LoopsReturnToTheirBeginning) {
    const prompt::CameraPath path = path_to({"", {.z = 0.2}, {0.5, 0.01, 1.5}}, 4);
    const CameraRun seamless{
        .path = path, .duration_s = 4, .playing = Playing::eased_there_and_back, .seed = 3};
    EXPECT_NEAR(seamless.pose(0).z, seamless.pose(4).z, 1e-9);
    EXPECT_NEAR(seamless.pose(0).pan, seamless.pose(4).pan, 1e-9);
    EXPECT_GT(seamless.pose(2).z, 0.15);
    const CameraRun pingpong{.path = path, .duration_s = 4, .playing = Playing::there_and_back};
    EXPECT_NEAR(pingpong.path_time(2), 4, 1e-9);
    // A path of half the clip's length is played at its own rate each way.
    const CameraRun half{
        .path = path_to({"", {.z = 0.2}, {}}, 2), .duration_s = 4, .playing = Playing::there_and_back};
    EXPECT_NEAR(half.path_time(1.5), 1.5, 1e-9);
}

TEST(CameraRun, ShakeIsSmoothAndHasItsAmount) {
    const prompt::CameraPath path = path_to({"", {}, {0.5, 0, 1.5}}, 4);
    const CameraRun run{.path = path, .duration_s = 60, .seed = 7};
    double sum = 0, fastest = 0;
    for (int i = 0; i < 1440; ++i) {
        sum += run.pose(i / 24.0).pan * run.pose(i / 24.0).pan;
        fastest = std::max(fastest, std::abs(run.pose((i + 1) / 24.0).pan - run.pose(i / 24.0).pan));
    }
    EXPECT_NEAR(std::sqrt(sum / 1440), 0.5, 0.1);
    EXPECT_LT(fastest, 0.5);
    const CameraRun other{.path = path, .duration_s = 60, .seed = 8};
    EXPECT_NE(run.pose(1).pan, other.pose(1).pan);
}

}  // namespace
}  // namespace stillreel::animatic
