#include "studio/clip_spec.h"

#include <gtest/gtest.h>

#include "support/throws.h"

namespace stillreel::studio {
namespace {

TEST(ClipSpec, NothingSaidIsAnEmptyObject) {
    EXPECT_EQ(to_json(ClipSpec{}), "{}");
    EXPECT_EQ(to_json(parse_clip_spec("{}")), "{}");
}

TEST(ClipSpec, EveryFieldSurvivesTheRoundTrip) {
    const std::string text =
        R"({"picture":"a.jpg","prompt":"雨 \"rain\"","negative_prompt":"blur","engine":"animatic","model":"tiny",)"
        R"("variant":"fp16","preset":"high",)"
        R"("size":512,"aspect":"2.39:1","frames":48,"fps":"24000/1001","steps":20,"guidance":7.5,)"
        R"("guidance_rescale":0.7,"scheduler":"dpmpp-2m","eta":0.5,"image_latent":"mode","clip_skip":2,)"
        R"("low_memory":true,"precision":"int8","speed":"draft","cache_interval":3,"cache_branch":2,)"
        R"("guidance_start":0.25,"guidance_end":0.75,"guidance_interval":4,"merge_tokens":0.5,"auto_fit":true,)"
        R"("seed":9007199254740991,"camera":{"segments":[]},"depth":"d.png","mask":"m.png","fit":"contain",)"
        R"("background":"#102030","focus":"0.25,0.75","loop":"pingpong","quality":"high","crf":23,)"
        R"("ai_label":"visible:zh","recipe":"private","allow_flashing":true})";
    EXPECT_EQ(to_json(parse_clip_spec(text)), text);
    const std::string sides = R"({"width":640,"height":360,"duration":2.5,"fps":25,"camera":"path.json"})";
    EXPECT_EQ(to_json(parse_clip_spec(sides)), sides);
}

TEST(ClipSpec, SizeIsAShortSideOrBothSides) {
    EXPECT_EQ(parse_clip_spec(R"({"size": "512"})").size, 512);
    EXPECT_EQ(to_json(parse_clip_spec(R"({"size": "1280x720"})")), R"({"width":1280,"height":720})");
}

struct Refusal {
    const char* json;
    const char* part;
};

class StrictSpec : public ::testing::TestWithParam<Refusal> {};

TEST_P(StrictSpec, NamesTheField) {
    EXPECT_ERROR(parse_clip_spec(GetParam().json), ErrorCode::invalid_argument, GetParam().part);
}

INSTANTIATE_TEST_SUITE_P(
    ClipSpec, StrictSpec,
    ::testing::Values(
        Refusal{"[]", "object"}, Refusal{"{", "JSON"},
        Refusal{R"({"pormpt": "x"})", "did you mean \"prompt\""},
        Refusal{R"({"prompt": 3})", "prompt must be a text"}, Refusal{R"({"frames": 0})", "frames must be"},
        Refusal{R"({"frames": -3})", "not -3"}, Refusal{R"({"frames": 10001})", "10000"},
        Refusal{R"({"frames": 4.5})", "frames"}, Refusal{R"({"frames": 18446744073709551615})", "frames"},
        Refusal{R"({"fps": 0})", "fps"}, Refusal{R"({"fps": 241})", "fps"}, Refusal{R"({"fps": "x"})", "fps"},
        Refusal{R"({"duration": 0})", "duration"}, Refusal{R"({"size": "7x7"})", "16 to 4096"},
        Refusal{R"({"size": "1280x"})", "size"}, Refusal{R"({"size": 5000})", "size"},
        Refusal{R"({"size": 512, "width": 640})", "size and width"},
        Refusal{R"({"size": "640x360", "aspect": "1:1"})", "aspect"},
        Refusal{R"({"frames": 8, "duration": 1})", "frames and duration"},
        Refusal{R"({"aspect": "wide"})", "aspect"}, Refusal{R"({"aspect": "1:0"})", "aspect"},
        Refusal{R"({"aspect": "nan:1"})", "aspect"}, Refusal{R"({"seed": -1})", "seed"},
        Refusal{R"({"seed": 9007199254740992})", "seed"},
        Refusal{R"({"preset": "standart"})", "\"standard\""},
        Refusal{R"({"fit": "crop"})", "cover and contain"}, Refusal{R"({"focus": "2,0"})", "focus"},
        Refusal{R"({"focus": "nan,0"})", "focus"}, Refusal{R"({"background": "red"})", "background"},
        Refusal{R"({"crf": 52})", "crf"}, Refusal{R"({"ai_label": "visibel"})", "did you mean \"visible\""},
        Refusal{R"({"allow_flashing": 1})", "true or false"},
        Refusal{R"({"scheduler": "dpmpp2m"})", "did you mean \"dpmpp-2m\""},
        Refusal{R"({"image_latent": "mean"})", "sample and mode"}, Refusal{R"({"eta": 1.5})", "eta"},
        Refusal{R"({"guidance_rescale": -0.1})", "guidance_rescale"},
        Refusal{R"({"clip_skip": 24})", "clip_skip"}, Refusal{R"({"low_memory": "yes"})", "low_memory"},
        Refusal{R"({"precision": "int4"})", "f32, bf16 and int8"},
        Refusal{R"({"speed": "quick"})", "exact, fast and draft"},
        Refusal{R"({"cache_interval": 0})", "cache_interval"},
        Refusal{R"({"cache_branch": 12})", "cache_branch"},
        Refusal{R"({"guidance_interval": 0})", "guidance_interval"},
        Refusal{R"({"merge_tokens": 0.76})", "merge_tokens"},
        Refusal{R"({"merge_tokens": -0.1})", "merge_tokens"},
        Refusal{R"({"guidance_start": -0.1})", "guidance_start"},
        Refusal{R"({"guidance_end": 1.1})", "guidance_end"}, Refusal{R"({"variant": "../fp16"})", "variant"},
        Refusal{R"({"camera": 3})", "camera"}));

TEST(Merge, TheLaterWordReplacesWhatSaysTheSame) {
    ClipSpec spec = parse_clip_spec(R"({"width": 640, "height": 360, "duration": 2})");
    merge(spec, R"({"size": 512, "frames": 8})");
    EXPECT_EQ(to_json(spec), R"({"size":512,"frames":8})");
    merge(spec, R"({"preset": "preview", "fps": 30})");
    EXPECT_EQ(to_json(spec), R"({"preset":"preview","fps":30})");
    merge(spec, R"({"preset": null, "fps": null})");
    EXPECT_EQ(to_json(spec), "{}");
}

TEST(Merge, NullIsTheDefaultOfEveryField) {
    ClipSpec spec = parse_clip_spec(
        R"({"engine":"i2vgen-xl","model":"m","variant":"fp16","steps":3,"guidance":2,"guidance_rescale":0.5,)"
        R"("scheduler":"euler","eta":0.5,"image_latent":"mode","clip_skip":0,"low_memory":true,)"
        R"("precision":"bf16","speed":"fast","cache_interval":2,"cache_branch":1,"guidance_start":0.1,)"
        R"("guidance_end":0.9,"guidance_interval":3,"merge_tokens":0.25,"auto_fit":true,"ai_label":"visible:zh","fit":"contain","seed":3,"crf":20})");
    merge(
        spec,
        R"({"engine":null,"model":null,"variant":null,"steps":null,"guidance":null,)"
        R"("guidance_rescale":null,"scheduler":null,"eta":null,"image_latent":null,"clip_skip":null,)"
        R"("low_memory":null,"precision":null,"speed":null,"cache_interval":null,"cache_branch":null,)"
        R"("guidance_start":null,"guidance_end":null,"guidance_interval":null,"merge_tokens":null,"auto_fit":null,"ai_label":null,"fit":null,"seed":null,"crf":null})");
    EXPECT_EQ(to_json(spec), "{}");
    EXPECT_EQ(spec.label_language, LabelLanguage::from_prompt);
}

TEST(Merge, APresetReplacesStepsAndGuidanceToo) {
    ClipSpec spec = parse_clip_spec(R"({"steps": 3, "guidance": 2})");
    merge(spec, R"({"preset": "high", "steps": 10})");
    EXPECT_EQ(to_json(spec), R"({"preset":"high","steps":10})");
}

TEST(Merge, ANewAspectReplacesAnExactSizeAndTheOtherWayRound) {
    ClipSpec spec = parse_clip_spec(R"({"width": 640, "height": 360})");
    merge(spec, R"({"aspect": "9:16"})");
    EXPECT_EQ(to_json(spec), R"({"aspect":"9:16"})");
    merge(spec, R"({"size": "640x360"})");
    EXPECT_EQ(to_json(spec), R"({"width":640,"height":360})");
}

}  // namespace
}  // namespace stillreel::studio
