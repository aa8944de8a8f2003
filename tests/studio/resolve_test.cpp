#include "studio/resolve.h"

#include <gtest/gtest.h>

#include "support/throws.h"

namespace stillreel::studio {
namespace {

struct Case {
    const char* name;
    const char* spec;
    image::Size picture;
    image::Size frame;
    int frames;
    Rational fps;
};

class Resolve : public ::testing::TestWithParam<Case> {};

TEST_P(Resolve, Rule) {
    const ResolvedClip clip = resolve(parse_clip_spec(GetParam().spec), GetParam().picture, EvenSize::needed);
    EXPECT_EQ(clip.frame.width_px, GetParam().frame.width_px);
    EXPECT_EQ(clip.frame.height_px, GetParam().frame.height_px);
    EXPECT_EQ(clip.frames, GetParam().frames);
    EXPECT_EQ(clip.fps, GetParam().fps);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Resolve,
    ::testing::Values(
        Case{"defaults", "{}", {1920, 1080}, {1280, 720}, 96, {24, 1}},
        Case{"portrait", "{}", {1080, 1920}, {720, 1280}, 96, {24, 1}},
        Case{
            "preset_sets_size_and_length", R"({"preset":"standard"})", {1600, 1200}, {682, 512}, 48, {24, 1}},
        Case{"preset_with_rate", R"({"preset":"high","fps":12})", {1000, 1000}, {768, 768}, 24, {12, 1}},
        Case{"said_beats_preset",
             R"({"preset":"preview","size":256,"frames":5})",
             {100, 100},
             {256, 256},
             5,
             {24, 1}},
        Case{"wide", R"({"size":512,"aspect":"2.39:1"})", {1000, 1000}, {1224, 512}, 96, {24, 1}},
        Case{"tall", R"({"size":512,"aspect":"9:16"})", {1600, 900}, {512, 910}, 96, {24, 1}},
        Case{"one_side", R"({"width":640})", {1600, 900}, {640, 360}, 96, {24, 1}},
        Case{"odd_given", R"({"size":"641x361"})", {1600, 900}, {640, 360}, 96, {24, 1}},
        Case{"seconds", R"({"duration":2.5,"fps":"30000/1001"})", {16, 16}, {720, 720}, 75, {30000, 1001}},
        Case{"at_least_one_frame", R"({"duration":0.001})", {1600, 900}, {1280, 720}, 1, {24, 1}}),
    [](const auto& rule) { return rule.param.name; });

TEST(Resolve, OddSizesAreKeptWhereTheFormatTakesThemAndSaidWhereNot) {
    const ClipSpec spec = parse_clip_spec(R"({"size":"641x361"})");
    EXPECT_EQ(resolve(spec, {2000, 2000}, EvenSize::any).frame, (image::Size{641, 361}));
    const ResolvedClip even = resolve(spec, {2000, 2000}, EvenSize::needed);
    ASSERT_EQ(even.notes.size(), 1u);
    EXPECT_NE(even.notes[0].find("640x360 instead of 641x361"), std::string::npos) << even.notes[0];
}

TEST(Resolve, RefusesFramesOutsideOfTheLimits) {
    EXPECT_ERROR(resolve(parse_clip_spec(R"({"size":2000,"aspect":"3:1"})"), {10, 10}, EvenSize::needed),
                 ErrorCode::invalid_argument, "6000x2000");
    EXPECT_ERROR(resolve(parse_clip_spec(R"({"duration":500})"), {10, 10}, EvenSize::needed),
                 ErrorCode::invalid_argument, "12000 frames");
}

TEST(Resolve, SeedIsTheGivenOneOrFresh) {
    EXPECT_EQ(resolve(parse_clip_spec(R"({"seed":7})"), {100, 100}, EvenSize::any).seed, 7u);
    const ClipSpec spec;
    EXPECT_NE(resolve(spec, {100, 100}, EvenSize::any).seed, resolve(spec, {100, 100}, EvenSize::any).seed);
}

TEST(Resolve, SaysWhichKnobsTheEngineIgnores) {
    const ResolvedClip clip =
        resolve(parse_clip_spec(R"({"steps":30,"guidance":9})"), {2000, 2000}, EvenSize::any);
    ASSERT_EQ(clip.notes.size(), 1u);
    EXPECT_NE(clip.notes[0].find("steps, guidance"), std::string::npos);
}

}  // namespace
}  // namespace stillreel::studio
