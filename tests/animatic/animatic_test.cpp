#include "animatic/animatic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "base/random.h"
#include "support/scratch.h"

namespace stillreel::animatic {
namespace {

using prompt::CameraMove;
using prompt::EffectKind;

constexpr image::Size kFrame{192, 108};

// Sky over ground, a figure in the middle, texture everywhere.
image::Image made_picture(image::Size size) {
    image::Image picture(size.width_px, size.height_px, 3);
    for (int y = 0; y < size.height_px; ++y)
        for (int x = 0; x < size.width_px; ++x) {
            const double down = static_cast<double>(y) / size.height_px;
            const double dx = (static_cast<double>(x) / size.width_px - 0.5) / 0.1, dy = (down - 0.6) / 0.28;
            const float grain = 40 * hash_unit(1, x / 5, y / 5);
            const bool figure = dx * dx + dy * dy < 1;
            const float base[3] = {figure       ? 170.0f
                                   : down < 0.5 ? 90.0f
                                                : 80.0f,
                                   figure       ? 60.0f
                                   : down < 0.5 ? 130.0f
                                                : 100.0f,
                                   figure       ? 50.0f
                                   : down < 0.5 ? 190.0f
                                                : 70.0f};
            for (int c = 0; c < 3; ++c)
                picture.at(x, y)[c] =
                    static_cast<std::uint8_t>(base[c] + (down < 0.5 && !figure ? 0.2f : 1.0f) * grain);
        }
    return picture;
}

prompt::CameraTrack track(CameraMove move, double speed = 1) {
    prompt::CameraTrack made;
    made.move = move;
    made.speed = speed;
    return made;
}

prompt::MotionPlan plan_of(std::vector<prompt::CameraTrack> camera, std::vector<EffectKind> effects = {}) {
    prompt::MotionPlan plan;
    plan.camera = std::move(camera);
    for (EffectKind kind : effects) {
        prompt::EffectTrack effect;
        effect.kind = kind;
        if (kind == EffectKind::police_lights) effect.colours = "red";
        plan.effects.push_back(effect);
    }
    return plan;
}

Options options_of(int frames = 12) {
    Options options;
    options.frame = kFrame;
    options.fps = {12, 1};
    options.frames = frames;
    options.seed = 5;
    return options;
}

Animatic prepared(const prompt::MotionPlan& plan, const Options& options, image::Size picture = {320, 180}) {
    const prompt::CameraPath path = prompt::compile_camera(
        plan, {.duration_s = options.frames / options.fps.value(), .aspect = 16.0 / 9});
    return Animatic::prepare({made_picture(picture), {}, {}}, plan, path, options);
}

FrameBuffer frame_of(Animatic& animatic, int number) {
    FrameBuffer frame;
    animatic.render(number, frame);
    return frame;
}

prompt::MotionPlan busy_plan() {
    return plan_of({track(CameraMove::dolly), track(CameraMove::handheld)},
                   {EffectKind::rain, EffectKind::fog, EffectKind::police_lights});
}

TEST(Animatic, FramesAreWhole) {
    Animatic animatic = prepared(busy_plan(), options_of());
    for (int number = 0; number < 12; ++number) {
        const FrameBuffer frame = frame_of(animatic, number);
        ASSERT_EQ(frame.size(), kFrame);
        for (int y = 0; y < kFrame.height_px; ++y)
            for (int x = 0; x < kFrame.width_px; ++x) {
                ASSERT_EQ(frame.at(x, y)[3], 255);
                ASSERT_GT(frame.at(x, y)[0] + frame.at(x, y)[1] + frame.at(x, y)[2], 20);
            }
    }
}

TEST(Animatic, ThreadsAndOrderDoNotChangeBits) {
    Options options = options_of();
    Animatic one = prepared(busy_plan(), options);
    options.threads = 2;
    Animatic two = prepared(busy_plan(), options);
    options.threads = 3;
    Animatic three = prepared(busy_plan(), options);
    std::vector<FrameBuffer> expected;
    for (int number = 0; number < 12; ++number) expected.push_back(frame_of(one, number));
    for (int number : {11, 0, 7, 3, 7}) {
        EXPECT_EQ(frame_of(two, number).pixels, expected[number].pixels) << number;
        EXPECT_EQ(frame_of(three, number).pixels, expected[number].pixels) << number;
    }
    EXPECT_NE(expected[0].pixels, expected[11].pixels);
}

TEST(Animatic, AStillPlanGivesIdenticalFramesOfTheWholeCrop) {
    prompt::MotionPlan plan = plan_of({track(CameraMove::hold)});
    plan.still = true;
    Animatic animatic = prepared(plan, options_of());
    const FrameBuffer first = frame_of(animatic, 3);
    for (int number : {0, 11}) EXPECT_EQ(frame_of(animatic, number).pixels, first.pixels);
    EXPECT_TRUE(animatic.notes().empty());
    EXPECT_EQ(animatic.move_fraction(), 1);
    const image::Image picture = made_picture({320, 180});
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(first.at(0, 0)[c], picture.at(0, 0)[c], 30);
}

TEST(Animatic, ARestingCameraShowsOnlyTheEffectsMove) {
    Animatic animatic = prepared(plan_of({track(CameraMove::hold)}, {EffectKind::rain}), options_of());
    EXPECT_NE(frame_of(animatic, 2).pixels, frame_of(animatic, 3).pixels);
}

TEST(Animatic, PingpongFolds) {
    Options options = options_of();
    options.loop = Loop::pingpong;
    Animatic animatic = prepared(busy_plan(), options);
    for (int number = 1; number < 6; ++number)
        EXPECT_EQ(frame_of(animatic, number).pixels, frame_of(animatic, 12 - number).pixels) << number;
    EXPECT_NE(frame_of(animatic, 0).pixels, frame_of(animatic, 6).pixels);
}

double mean_difference(const FrameBuffer& a, const FrameBuffer& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
    return sum / static_cast<double>(a.pixels.size());
}

TEST(Animatic, SeamlessCloses) {
    Options options = options_of(24);
    options.loop = Loop::seamless;
    Animatic animatic = prepared(plan_of({track(CameraMove::dolly)}, {EffectKind::fog}), options);
    const FrameBuffer first = frame_of(animatic, 0);
    const double over_the_seam = mean_difference(frame_of(animatic, 23), first);
    EXPECT_LT(over_the_seam, 1.5 * mean_difference(first, frame_of(animatic, 1)) + 0.05);
    EXPECT_GT(mean_difference(first, frame_of(animatic, 12)), 2 * over_the_seam);
}

TEST(Animatic, ContainLaysTheWholePictureOnItsSurround) {
    Options options = options_of();
    options.fit = Fit::contain;
    options.background = image::Colour{10, 200, 30};
    Animatic coloured = prepared(plan_of({track(CameraMove::hold)}), options, {120, 160});
    const FrameBuffer frame = frame_of(coloured, 0);
    ASSERT_EQ(frame.size(), kFrame);
    EXPECT_EQ(frame.at(2, 50)[1], 200);
    EXPECT_EQ(frame.at(189, 50)[0], 10);
    EXPECT_NE(frame.at(96, 50)[1], 200);
    options.background.reset();
    Animatic blurred = prepared(plan_of({track(CameraMove::pan)}), options, {120, 160});
    const FrameBuffer around = frame_of(blurred, 5);
    EXPECT_LT(around.at(2, 20)[2], 150);
    EXPECT_GT(around.at(2, 20)[2], 20);
    EXPECT_EQ(around.at(2, 20)[3], 255);
}

TEST(Animatic, TakesPicturesOfAnyShape) {
    for (image::Size size : {image::Size{64, 48}, image::Size{1600, 120}, image::Size{100, 900}}) {
        Animatic animatic = prepared(busy_plan(), options_of(2), size);
        EXPECT_EQ(frame_of(animatic, 1).size(), kFrame);
    }
}

TEST(Animatic, TheFocusDecidesTheCrop) {
    Options options = options_of(2);
    options.focus = FocusPoint{0.0, 0.5};
    Animatic left = prepared(plan_of({track(CameraMove::hold)}), options, {640, 180});
    options.focus = FocusPoint{1.0, 0.5};
    Animatic right = prepared(plan_of({track(CameraMove::hold)}), options, {640, 180});
    EXPECT_GT(mean_difference(frame_of(left, 0), frame_of(right, 0)), 3);
}

TEST(Animatic, AFastPanSaysWhereItHolds) {
    Animatic animatic = prepared(plan_of({track(CameraMove::pan, 10)}), options_of(48));
    EXPECT_LT(animatic.move_fraction(), 0.9);
    ASSERT_FALSE(animatic.notes().empty());
    EXPECT_NE(animatic.notes()[0].find("holds there"), std::string::npos);
    EXPECT_EQ(frame_of(animatic, 46).pixels, frame_of(animatic, 47).pixels);
}

double mean_gradient_across(const FrameBuffer& frame) {
    double sum = 0;
    for (int y = 0; y < frame.height_px; ++y)
        for (int x = 1; x < frame.width_px; ++x) sum += std::abs(frame.at(x, y)[1] - frame.at(x - 1, y)[1]);
    return sum / (frame.width_px * frame.height_px);
}

TEST(Animatic, AWhipPanIsAStreakAndASlowPanIsSharp) {
    Animatic whip = prepared(plan_of({track(CameraMove::pan, 14)}), options_of(12), {900, 120});
    Animatic slow = prepared(plan_of({track(CameraMove::pan, 1)}), options_of(12), {900, 120});
    const FrameBuffer streak = frame_of(whip, 2), sharp = frame_of(slow, 2);
    EXPECT_LT(mean_gradient_across(streak), 0.7 * mean_gradient_across(sharp));
    EXPECT_EQ(streak.at(50, 50)[3], 255);
}

TEST(Animatic, WritesWhatItMadeOfThePicture) {
    const testing::ScratchFolder scratch;
    Animatic animatic = prepared(busy_plan(), options_of(2));
    animatic.write_debug(scratch.path());
    for (const char* name : {"depth.png", "subject.png", "layer_0.png", "framing.json"})
        EXPECT_TRUE(std::filesystem::exists(scratch / name)) << name;
}

TEST(WantedPictureSize, IsAQuarterMoreThanTheFrameShows) {
    EXPECT_EQ(wanted_picture_size({6000, 4000}, {1920, 1080}, Fit::cover), (image::Size{2400, 1600}));
    EXPECT_EQ(wanted_picture_size({4000, 6000}, {1920, 1080}, Fit::contain), (image::Size{900, 1350}));
}

}  // namespace
}  // namespace stillreel::animatic
