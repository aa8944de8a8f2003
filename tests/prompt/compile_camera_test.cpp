#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "prompt/camera_path.h"

namespace stillreel::prompt {
namespace {

constexpr double kDegrees = 180 / std::numbers::pi;

CameraTrack track(CameraMove move, double direction = 1, double speed = 1, Span when = {}) {
    return {move, direction, speed, {}, when};
}

CameraPath compiled(std::vector<CameraTrack> tracks, PathTiming timing = {}) {
    MotionPlan plan;
    plan.camera = std::move(tracks);
    return compile_camera(plan, timing);
}

/// Width of the frame at the focus plane by the textbook: 43.2666 mm diagonal, aspect 16:9.
double frame_width(double aspect = 16.0 / 9.0, double focal_mm = 35) {
    const double width_mm = 43.2666 * aspect / std::sqrt(aspect * aspect + 1);
    return width_mm / focal_mm;
}

TEST(CompileCamera, PanShiftsTheCentreByFivePercentOfTheWidthASecond) {
    const CameraPose end = pose_at(compiled({track(CameraMove::pan)}), 4);
    EXPECT_NEAR(end.pan, 4 * std::atan(0.05 * frame_width()) * kDegrees, 1e-6);
    EXPECT_EQ(end.x, 0);
    const CameraPose left = pose_at(compiled({track(CameraMove::pan, -1, 0.6)}), 4);
    EXPECT_NEAR(left.pan, -0.6 * end.pan, 1e-9);
}

TEST(CompileCamera, TiltUsesTheHeight) {
    const CameraPose end = pose_at(compiled({track(CameraMove::tilt)}), 4);
    EXPECT_NEAR(end.tilt, 4 * std::atan(0.05 * frame_width() * 9 / 16) * kDegrees, 1e-6);
}

TEST(CompileCamera, TruckAndPedestalTravelFivePercentOfTheFrameASecond) {
    const double aspect = 9.0 / 16;
    const CameraPath path =
        compiled({track(CameraMove::truck), track(CameraMove::pedestal, -1)}, {2, aspect, 50});
    EXPECT_NEAR(pose_at(path, 2).x, 0.1 * frame_width(aspect, 50), 1e-9);
    EXPECT_NEAR(pose_at(path, 2).y, -0.1 * frame_width(aspect, 50) * 16 / 9, 1e-9);
}

TEST(CompileCamera, ZoomAndDollyScaleTheFocusPlaneAlike) {
    const CameraPath zoom = compiled({track(CameraMove::zoom)});
    const CameraPath dolly = compiled({track(CameraMove::dolly)});
    EXPECT_NEAR(pose_at(zoom, 4).focal_mm / 35, std::pow(1.04, 4), 1e-9);
    for (double t = 0; t <= 4; t += 0.1) {
        const double zoomed = pose_at(zoom, t).focal_mm / 35;
        EXPECT_NEAR(1 / (1 - pose_at(dolly, t).z), zoomed, 1e-5) << t;
    }
    EXPECT_NEAR(pose_at(compiled({track(CameraMove::dolly, -1)}), 4).z, 1 - std::pow(1.04, 4), 1e-9);
}

TEST(CompileCamera, RollTurnsThreeDegreesASecond) {
    EXPECT_NEAR(pose_at(compiled({track(CameraMove::roll, -1)}), 4).roll, -12, 1e-9);
}

TEST(CompileCamera, OrbitKeepsTheSubjectCentred) {
    CameraTrack wide = track(CameraMove::orbit);
    wide.amount = 180;
    for (const CameraTrack& orbit : {track(CameraMove::orbit), track(CameraMove::orbit, -1, 2.5), wide}) {
        const CameraPath path = compiled({orbit, track(CameraMove::dolly)});
        for (double t = 0; t <= 4; t += 0.05) {
            const CameraPose pose = pose_at(path, t);
            const double bearing = std::atan2(-pose.x, 1 - pose.z) * kDegrees;
            double off = std::fmod(bearing - pose.pan + 540, 360) - 180;
            EXPECT_LT(std::abs(std::tan(off / kDegrees)) / frame_width(), 0.005) << t;
        }
    }
    const CameraPath plain = compiled({track(CameraMove::orbit)});
    EXPECT_GT(pose_at(plain, 4).x, 0);
    EXPECT_LT(pose_at(plain, 4).pan, 0);
    EXPECT_NEAR(-pose_at(plain, 4).pan / kDegrees, 0.2 * frame_width(), 1e-9);
}

TEST(CompileCamera, AmountsAreExact) {
    const auto said = [](CameraMove move, double direction, double amount) {
        CameraTrack t = track(move, direction, 2.5);
        t.amount = amount;
        return pose_at(compiled({t}), 4);
    };
    EXPECT_NEAR(said(CameraMove::pan, -1, 30).pan, -30, 1e-9);
    EXPECT_NEAR(said(CameraMove::roll, 1, 45).roll, 45, 1e-9);
    EXPECT_NEAR(said(CameraMove::zoom, 1, 2).focal_mm, 70, 1e-9);
    EXPECT_NEAR(said(CameraMove::zoom, -1, 2).focal_mm, 17.5, 1e-9);
    EXPECT_NEAR(said(CameraMove::dolly, 1, 2).z, 0.5, 1e-9);
    EXPECT_NEAR(said(CameraMove::truck, 1, 0.25).x, 0.25 * frame_width(), 1e-9);
}

TEST(CompileCamera, EasesInAndOutAndCruisesBetween) {
    const CameraPath path = compiled({track(CameraMove::roll)});
    const auto rate = [&](double t) {
        return (pose_at(path, t + 1e-4).roll - pose_at(path, t - 1e-4).roll) / 2e-4;
    };
    EXPECT_NEAR(rate(0.001), 0, 0.05);
    EXPECT_NEAR(rate(3.999), 0, 0.05);
    EXPECT_NEAR(rate(2), 3 / 0.88, 1e-6);
    EXPECT_NEAR(pose_at(path, 2).roll, 6, 1e-9);
}

TEST(CompileCamera, VelocityIsContinuousAtJoins) {
    const CameraPath path =
        compiled({track(CameraMove::orbit, 1, 2.5), track(CameraMove::zoom, -1, 2.5, {0, 0.5}),
                  track(CameraMove::dolly, 1, 1, {0.3, 0.9}), track(CameraMove::truck, -1, 1, {0.5, 1})});
    ASSERT_GT(path.segments.size(), 6u);
    for (std::size_t i = 1; i < path.segments.size(); ++i) {
        const CameraSegment &a = path.segments[i - 1], &b = path.segments[i];
        EXPECT_EQ(a.end_s, b.begin_s);
        EXPECT_EQ(a.p3, b.p0);
        const double la = a.end_s - a.begin_s, lb = b.end_s - b.begin_s;
        EXPECT_NEAR((a.p3.x - a.p2.x) / la, (b.p1.x - b.p0.x) / lb, 1e-9) << i;
        EXPECT_NEAR((a.p3.pan - a.p2.pan) / la, (b.p1.pan - b.p0.pan) / lb, 1e-9) << i;
        EXPECT_NEAR((a.p3.focal_mm - a.p2.focal_mm) / la, (b.p1.focal_mm - b.p0.focal_mm) / lb, 1e-9) << i;
    }
}

TEST(CompileCamera, SequencesKeepTheRateOfEachPart) {
    const CameraPath path =
        compiled({track(CameraMove::roll, 1, 1, {0, 0.5}), track(CameraMove::roll, -1, 1, {0.5, 1})});
    EXPECT_NEAR(pose_at(path, 2).roll, 6, 1e-9);
    EXPECT_NEAR(pose_at(path, 4).roll, 0, 1e-9);
}

TEST(CompileCamera, OppositeTracksCancel) {
    EXPECT_NEAR(pose_at(compiled({track(CameraMove::pan), track(CameraMove::pan, -1)}), 3).pan, 0, 1e-12);
}

TEST(CompileCamera, FocalLengthsStayInRange) {
    std::vector<CameraTrack> zooms;
    for (int i = 0; i < 3; ++i) {
        zooms.push_back(track(CameraMove::zoom, -1, 1, {i / 3.0, (i + 1) / 3.0}));
        zooms.back().amount = 5;
    }
    for (const CameraSegment& s : compiled(zooms).segments)
        for (const CameraPose& pose : {s.p0, s.p1, s.p2, s.p3}) EXPECT_GE(pose.focal_mm, kMinFocalMm);
}

TEST(CompileCamera, HoldIsStillAndHandheldIsNot) {
    EXPECT_TRUE(is_still(compiled({track(CameraMove::hold)})));
    EXPECT_FALSE(is_still(compiled({track(CameraMove::dolly)})));
    const CameraPath shaky = compiled({track(CameraMove::handheld, 1, 0.5)});
    EXPECT_FALSE(is_still(shaky));
    EXPECT_DOUBLE_EQ(shaky.shake.degrees, 0.25);
    EXPECT_DOUBLE_EQ(compiled({track(CameraMove::handheld, 1, 2)}).shake.degrees, 1.0);
}

TEST(CompileCamera, EndsHoldOutsideThePath) {
    const CameraPath path = compiled({track(CameraMove::roll)});
    EXPECT_EQ(pose_at(path, -1), path.segments.front().p0);
    EXPECT_EQ(pose_at(path, 99), path.segments.back().p3);
    EXPECT_EQ(pose_at({}, 1), CameraPose{});
}

}  // namespace
}  // namespace stillreel::prompt
