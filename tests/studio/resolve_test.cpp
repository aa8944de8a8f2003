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

class ResolveDiffusion : public ::testing::TestWithParam<Case> {};

TEST_P(ResolveDiffusion, Rule) {
    const ResolvedClip clip = resolve_diffusion(parse_clip_spec(GetParam().spec), GetParam().picture, 8);
    EXPECT_EQ(clip.frame, GetParam().frame);
    EXPECT_EQ(clip.frames, GetParam().frames);
    EXPECT_EQ(clip.fps, GetParam().fps);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, ResolveDiffusion,
    ::testing::Values(
        Case{"defaults_are_the_standard_preset", "{}", {1920, 1080}, {912, 512}, 16, {8, 1}},
        Case{"portrait", "{}", {1080, 1920}, {512, 912}, 16, {8, 1}},
        Case{"preset_is_literal", R"({"preset":"high"})", {1000, 1000}, {768, 768}, 24, {12, 1}},
        Case{"said_beats_preset",
             R"({"preset":"high","size":256,"frames":5,"fps":16})",
             {100, 100},
             {256, 256},
             5,
             {16, 1}},
        Case{"seconds_at_the_rate", R"({"duration":1.5,"fps":16})", {512, 512}, {512, 512}, 24, {16, 1}},
        Case{
            "given_sides_round_to_the_nearest", R"({"size":"645x359"})", {1600, 900}, {648, 360}, 16, {8, 1}},
        Case{"never_nothing", R"({"size":"17x16"})", {1600, 900}, {16, 16}, 16, {8, 1}}),
    [](const auto& rule) { return rule.param.name; });

TEST(ResolveDiffusion, StepsAndGuidanceAreTheSpecsOrThePresets) {
    const ResolvedClip plain = resolve_diffusion(ClipSpec{}, {512, 512}, 8);
    EXPECT_EQ(plain.steps, 50);
    EXPECT_DOUBLE_EQ(plain.guidance, 9);
    const ResolvedClip high =
        resolve_diffusion(parse_clip_spec(R"({"preset":"high","guidance":3})"), {900, 900}, 8);
    EXPECT_EQ(high.steps, 80);
    EXPECT_DOUBLE_EQ(high.guidance, 3);
    EXPECT_EQ(plain.memory, diffusion::Memory::normal);
    EXPECT_EQ(resolve_diffusion(parse_clip_spec(R"({"low_memory":true})"), {512, 512}, 8).memory,
              diffusion::Memory::low);
}

TEST(ResolveDiffusion, SaysThatItRoundsAndWhatItDoesNotUse) {
    const ResolvedClip clip = resolve_diffusion(
        parse_clip_spec(R"({"size":"645x359","camera":"c.json","depth":"d.png","fit":"contain"})"),
        {2000, 2000}, 8);
    ASSERT_EQ(clip.notes.size(), 2u);
    EXPECT_NE(clip.notes[0].find("648x360 instead of 645x359"), std::string::npos) << clip.notes[0];
    EXPECT_NE(clip.notes[1].find("camera, depth, fit"), std::string::npos) << clip.notes[1];
    EXPECT_TRUE(resolve_diffusion(parse_clip_spec(R"({"size":512})"), {2000, 2000}, 8).notes.empty());
}

}  // namespace
}  // namespace stillreel::studio
