// Every camera word, confirmed by what a viewer sees: optical flow between frames of a scene whose depth is
// known.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "proof/shot.h"
#include "support/flow.h"

namespace stillreel::testing {
namespace {

const MadeScene& scene() {
    static const MadeScene made = made_scene();
    return made;
}

/// What moved between two frames of a clip, in the whole frame: measured in short steps and added up, since a
/// texture that has gone far can be taken for its neighbour.
Motion motion_between(animatic::Animatic& clip, int first, int last) {
    constexpr int kStep = 3;
    Motion sum;
    image::Image before = frame_of(clip, first);
    for (int number = first; number < last; number += kStep) {
        const image::Image after = frame_of(clip, std::min(number + kStep, last));
        const Motion step = motion_of(flow_between(before, after));
        sum.x += step.x;
        sum.y += step.y;
        sum.expansion += step.expansion;
        sum.turn_degrees += step.turn_degrees;
        before = after;
    }
    return sum;
}

Motion motion_of_prompt(const std::string& prompt) {
    animatic::Animatic clip = shoot(scene(), prompt);
    return motion_between(clip, 0, Shot().frames - 1);
}

/// The disc's and the wall's share of a move. The masks are the picture's; a move of one second shifts them
/// little.
struct NearAndFar {
    Motion near, far;
};
NearAndFar near_and_far(const std::string& prompt) {
    animatic::Animatic clip = shoot(scene(), prompt);
    const Flow flow = flow_between(frame_of(clip, 0), frame_of(clip, Shot().frames - 1));
    return {motion_of(flow, scene().disc), motion_of(flow, scene().wall)};
}

struct Shift {
    const char* prompt;
    int x, y;  // sign of the picture's way on the screen
};

TEST(CameraWords, ShiftThePictureTheOtherWay) {
    const std::vector<Shift> shifts = {
        {"Camera pans right", -1, 0},
        {"Camera pans left", 1, 0},
        {"Camera tilts up", 0, 1},
        {"Camera tilts down", 0, -1},
        {"Camera trucks right", -1, 0},
        {"Camera trucks left", 1, 0},
        {"Camera pedestals up", 0, 1},
        {"Camera pedestals down", 0, -1},
        {"The camera cranes up", 0, 1},
        {"镜头向右摇", -1, 0},
        {"镜头向左摇", 1, 0},
        {"镜头向上摇", 0, 1},
        {"镜头向左平移", 1, 0},
        {"镜头向右横移", -1, 0},
        {"镜头上升", 0, 1},
        {"镜头下降", 0, -1},
    };
    for (const Shift& shift : shifts) {
        SCOPED_TRACE(shift.prompt);
        const Motion motion = motion_of_prompt(shift.prompt);
        const double along = shift.x ? motion.x * shift.x : motion.y * shift.y;
        const double across = shift.x ? motion.y : motion.x;
        EXPECT_GT(along, 2.0);
        EXPECT_LT(std::abs(across), 0.25 * along);
        EXPECT_LT(std::abs(motion.turn_degrees), 0.3);
    }
}

struct Growth {
    const char* prompt;
    int sign;
};

TEST(CameraWords, ZoomAndDollyGrowOrShrinkThePicture) {
    for (const Growth& growth : std::vector<Growth>{{"Camera zooms in", 1},
                                                    {"Camera zooms out", -1},
                                                    {"Camera dollies in", 1},
                                                    {"Camera dolly out", -1},
                                                    {"Camera pushes in", 1},
                                                    {"Camera pulls back", -1},
                                                    {"镜头推近", 1},
                                                    {"镜头拉远", -1},
                                                    {"镜头缓慢拉近", 1}}) {
        SCOPED_TRACE(growth.prompt);
        const NearAndFar motion = near_and_far(growth.prompt);
        EXPECT_GT(motion.near.expansion * growth.sign, 0.012);
        EXPECT_GT(motion.far.expansion * growth.sign, 0.002);
        EXPECT_LT(std::abs(motion.far.x) + std::abs(motion.far.y), 1.0);
    }
}

TEST(CameraWords, ARollTurnsThePictureTheOtherWay) {
    EXPECT_NEAR(motion_of_prompt("Camera rolls clockwise").turn_degrees, -3, 0.6);
    EXPECT_NEAR(motion_of_prompt("Camera rolls counterclockwise").turn_degrees, 3, 0.6);
    EXPECT_LT(motion_of_prompt("镜头顺时针旋转").turn_degrees, -1.5);
}

TEST(CameraWords, AStaticCameraGivesIdenticalFrames) {
    for (const char* prompt : {"Static camera", "Locked-off shot", "nothing moves", "镜头固定"}) {
        SCOPED_TRACE(prompt);
        animatic::Animatic clip = shoot(scene(), prompt);
        const image::Image first = frame_of(clip, 0);
        EXPECT_EQ(first.pixels, frame_of(clip, 6).pixels);
        EXPECT_EQ(first.pixels, frame_of(clip, 12).pixels);
    }
}

TEST(CameraWords, WithoutAWordOfMotionTheCameraPushesInGently) {
    const NearAndFar motion = near_and_far("A painted disc before a wall");
    EXPECT_NEAR(motion.near.expansion, 0.4 * 0.04, 0.008);
}

TEST(Parallax, NearMovesMoreThanFarWhenTheCameraTravels) {
    for (const char* prompt : {"Camera trucks right", "Camera trucks left"}) {
        SCOPED_TRACE(prompt);
        const NearAndFar motion = near_and_far(prompt);
        EXPECT_GT(std::abs(motion.near.x), 1.4 * std::abs(motion.far.x));
        EXPECT_GT(motion.near.x * motion.far.x, 0);
    }
    const NearAndFar rise = near_and_far("Camera pedestals up");
    EXPECT_GT(std::abs(rise.near.y), 1.4 * std::abs(rise.far.y));
    const NearAndFar in = near_and_far("Camera dollies in");
    EXPECT_GT(in.near.expansion, 1.4 * in.far.expansion);
}

TEST(Parallax, ThereIsNoneWhenTheCameraOnlyTurnsOrZooms) {
    const NearAndFar zoom = near_and_far("Camera zooms in");
    EXPECT_NEAR(zoom.near.expansion, zoom.far.expansion, 0.08 * zoom.far.expansion);
    // Towards its sides a turning camera sees things pass a little faster: the wall is there, the disc is
    // not.
    const NearAndFar pan = near_and_far("Camera pans right");
    EXPECT_NEAR(pan.near.x, pan.far.x, 0.12 * std::abs(pan.far.x));
    const NearAndFar tilt = near_and_far("Camera tilts up");
    EXPECT_NEAR(tilt.near.y, tilt.far.y, 0.08 * std::abs(tilt.far.y));
}

TEST(Parallax, AnOrbitKeepsItsSubjectInTheMiddle) {
    // The camera travels right and looks back at the disc: what is behind the disc goes right.
    for (const auto& [prompt, sign] : {std::pair{"Camera orbits right around the subject", 1},
                                       std::pair{"Camera orbits left around the subject", -1}}) {
        SCOPED_TRACE(prompt);
        const NearAndFar motion = near_and_far(prompt);
        EXPECT_GT(motion.far.x * sign, 2.0);
        EXPECT_LT(std::abs(motion.near.x), 0.3 * std::abs(motion.far.x));
    }
}

TEST(Handheld, IsUnrestThatStaysAboutItsPlaceAndIsSmooth) {
    Shot shot;
    shot.fps = {24, 1};
    shot.frames = 72;
    animatic::Animatic clip = shoot(scene(), "Handheld camera", shot);
    const image::Image first = frame_of(clip, 0);
    std::vector<double> x, y;
    for (int i = 0; i < shot.frames; i += 2) {
        const Motion motion = motion_of(flow_between(first, frame_of(clip, i)));
        x.push_back(motion.x);
        y.push_back(motion.y);
    }
    for (const std::vector<double>& way : {x, y}) {
        const auto [low, high] = std::minmax_element(way.begin(), way.end());
        const double range = *high - *low;
        EXPECT_GT(range, 0.8);
        EXPECT_LT(range, 0.1 * shot.frame.width_px);
        EXPECT_LT(std::abs(way.back() - way.front()), range + 1e-9);
        EXPECT_LT(jerk(way), 0.8 * range);
    }
}

struct Rate {
    const char* word;  // goes before the verb
    double factor;
};

TEST(Speed, WordsScaleTheDefaultRatesOfEveryMove) {
    const std::vector<Rate> rates = {{"gently ", 0.4}, {"slowly ", 0.6}, {"", 1.0}, {"quickly ", 2.5}};
    const double seconds = 12.0 / 12;
    double last_pan = 0, last_zoom = 0, last_roll = 0;
    for (const Rate& rate : rates) {
        SCOPED_TRACE(rate.word);
        const std::string camera = std::string("Camera ") + rate.word;
        const double pan = std::abs(motion_of_prompt(camera + "pans right").x) / Shot().frame.width_px;
        const double zoom = motion_of_prompt(camera + "zooms in").expansion;
        const double roll = std::abs(motion_of_prompt(camera + "rolls clockwise").turn_degrees);
        EXPECT_NEAR(pan, 0.05 * rate.factor * seconds, 0.2 * 0.05 * rate.factor);
        EXPECT_NEAR(zoom, 0.04 * rate.factor * seconds, 0.2 * 0.04 * rate.factor);
        EXPECT_NEAR(roll, 3 * rate.factor * seconds, 0.2 * 3 * rate.factor);
        EXPECT_GT(pan, last_pan);
        EXPECT_GT(zoom, last_zoom);
        EXPECT_GT(roll, last_roll);
        last_pan = pan;
        last_zoom = zoom;
        last_roll = roll;
    }
}

TEST(Speed, ATruckMovesTheSubjectByItsRateAndADollyGrowsItByIts) {
    const double width = Shot().frame.width_px;
    EXPECT_NEAR(near_and_far("Camera trucks right").near.x, -0.05 * width, 0.25 * 0.05 * width);
    EXPECT_NEAR(near_and_far("Camera dollies in").near.expansion, 0.04, 0.25 * 0.04);
}

TEST(Sequences, HalvesOfTheClipDoWhatTheySay) {
    Shot shot;
    shot.frames = 25;
    animatic::Animatic clip = shoot(scene(), "Camera pans left, then tilts up", shot);
    const Motion first = motion_between(clip, 0, 11), second = motion_between(clip, 13, 24);
    EXPECT_GT(first.x, 3 * std::abs(first.y));
    EXPECT_GT(first.x, 2);
    EXPECT_GT(second.y, 3 * std::abs(second.x));
    EXPECT_GT(second.y, 1.2);

    animatic::Animatic chinese = shoot(scene(), "镜头先推近,然后向右摇", shot);
    const Motion in = motion_between(chinese, 0, 11), right = motion_between(chinese, 13, 24);
    EXPECT_GT(in.expansion, 0.008);
    EXPECT_LT(right.x, -2);
    EXPECT_LT(std::abs(in.x), 0.3 * std::abs(right.x));
}

TEST(Sequences, WhileMakesBothAtOnce) {
    const Motion both = motion_of_prompt("Camera pans right while zooming in");
    EXPECT_LT(both.x, -0.5 * 0.05 * 0.8 * Shot().frame.width_px);
    EXPECT_GT(both.expansion, 0.5 * 0.04 * 0.8);
}

bool is_magenta(const std::uint8_t* p) {
    return p[0] > 150 && p[2] > 150 && p[1] < 0.5 * std::min(p[0], p[2]);
}

/// The longest run of ring colour from an edge of the frame inwards.
int widest_ring(const image::Image& frame) {
    int widest = 0;
    const auto run = [&](int x, int y, int dx, int dy) {
        int length = 0;
        while (x >= 0 && y >= 0 && x < frame.width_px && y < frame.height_px && is_magenta(frame.at(x, y))) {
            ++length;
            x += dx;
            y += dy;
        }
        return length;
    };
    for (int y = 12; y < frame.height_px - 12; ++y)
        widest = std::max({widest, run(0, y, 1, 0), run(frame.width_px - 1, y, -1, 0)});
    for (int x = 12; x < frame.width_px - 12; ++x)
        widest = std::max({widest, run(x, 0, 0, 1), run(x, frame.height_px - 1, 0, -1)});
    return widest;
}

TEST(Border, NoMoveShowsAHoleOrWhatLiesOutsideOfThePicture) {
    constexpr int kRingPx = 3;
    const MadeScene ringed = made_scene({640, 360}, kRingPx);
    for (const char* prompt :
         {"Camera quickly pans right", "Camera quickly pans left", "Camera quickly tilts up",
          "Camera tilts down", "Camera quickly trucks left", "Camera trucks right", "Camera pedestals up",
          "Camera quickly zooms out", "Camera quickly dollies out", "Camera dollies in",
          "Camera quickly rolls clockwise", "Camera quickly orbits right around the subject",
          "Handheld camera", "Camera whip pans right", "Camera pans left, then tilts up while zooming out"}) {
        SCOPED_TRACE(prompt);
        animatic::Animatic clip = shoot(ringed, prompt);
        for (const int number : {0, 4, 8, 12}) {
            const image::Image frame = frame_of(clip, number);
            ASSERT_EQ(frame.size(), Shot().frame);
            EXPECT_LE(widest_ring(frame), kRingPx + 1) << "frame " << number;
            int dark = 0, clear = 0;
            for (int y = 0; y < frame.height_px; ++y)
                for (int x = 0; x < frame.width_px; ++x) {
                    const std::uint8_t* p = frame.at(x, y);
                    dark += p[0] + p[1] + p[2] < 75;
                    clear += p[3] != 255;
                }
            EXPECT_EQ(dark, 0) << "frame " << number;
            EXPECT_EQ(clear, 0) << "frame " << number;
        }
    }
}

TEST(Smoothness, ASlowMoveHasNoJitter) {
    Shot shot;
    shot.fps = {24, 1};
    shot.frames = 36;
    for (const char* prompt : {"Camera slowly pans right", "Camera gently trucks left"}) {
        SCOPED_TRACE(prompt);
        animatic::Animatic clip = shoot(scene(), prompt, shot);
        const image::Image first = frame_of(clip, 0);
        std::vector<double> way;
        for (int i = 0; i < shot.frames; ++i)
            way.push_back(motion_of(flow_between(first, frame_of(clip, i)), scene().wall).x);
        EXPECT_GT(std::abs(way.back()), 1.0);
        EXPECT_LT(jerk(way), 0.2);
        for (std::size_t i = 3; i < way.size(); ++i)
            EXPECT_LT((way[i] - way[i - 3]) * (way.back() > 0 ? -1 : 1), 0.1) << "goes back at frame " << i;
    }
}

TEST(Frames, AreEqualForAnyNumberOfThreadsAndInAnyOrder) {
    const std::string prompt = "Camera slowly pushes in, heavy rain, fog, red police lights in the distance";
    Shot shot;
    shot.threads = 1;
    animatic::Animatic one = shoot(scene(), prompt, shot);
    shot.threads = 3;
    animatic::Animatic three = shoot(scene(), prompt, shot);
    shot.threads = 2;
    animatic::Animatic two = shoot(scene(), prompt, shot);
    for (const int number : {9, 0, 5}) {
        const image::Image frame = frame_of(one, number);
        EXPECT_EQ(frame.pixels, frame_of(two, number).pixels);
        EXPECT_EQ(frame.pixels, frame_of(three, number).pixels);
    }
    EXPECT_EQ(frame_of(three, 5).pixels, frame_of(one, 5).pixels);
    shot.seed = 99;
    animatic::Animatic other = shoot(scene(), prompt, shot);
    EXPECT_NE(frame_of(other, 5).pixels, frame_of(one, 5).pixels);
}

}  // namespace
}  // namespace stillreel::testing
