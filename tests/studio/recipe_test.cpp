#include "studio/recipe.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "support/throws.h"

namespace stillreel::studio {
namespace {

using nlohmann::json;

const std::string kSha(64, 'a');

Recipe sample() {
    Recipe recipe;
    recipe.version = "0.1.0";
    recipe.spec = parse_clip_spec(R"({"picture":"night.jpg","prompt":"heavy rain","seed":7,"mask":"m.png"})");
    recipe.engine = "animatic";
    recipe.picture = {"night.jpg", kSha, {1920, 1080}};
    recipe.mask = FileRecord{"m.png", std::string(64, 'b'), {192, 108}};
    recipe.frame = {1280, 720};
    recipe.fps = {24000, 1001};
    recipe.frames = 96;
    recipe.seed = 7;
    recipe.backend = {"avx2", "libx264", 2, "veryfast", 18, 10};
    return recipe;
}

TEST(Recipe, SurvivesTheRoundTrip) {
    const Recipe before = sample();
    const Recipe after = parse_recipe(comment_of(before));
    EXPECT_EQ(comment_of(after), comment_of(before));
    EXPECT_EQ(to_json(after.spec), to_json(before.spec));
    EXPECT_EQ(after.backend, before.backend);
    EXPECT_EQ(after.fps, before.fps);
    EXPECT_EQ(after.mask->sha256, before.mask->sha256);
}

TEST(Recipe, CarriesTheLabelUnlessSwitchedOff) {
    Recipe recipe = sample();
    const auto comment = json::parse(comment_of(recipe));
    EXPECT_EQ(comment["AIGC"], json::parse(aigc_of(recipe)));
    recipe.spec.ai_label = AiLabel::none;
    EXPECT_FALSE(json::parse(comment_of(recipe)).contains("AIGC"));
    EXPECT_EQ(aigc_of(recipe), "");
}

TEST(Recipe, EqualClipsHaveEqualNumbersAndOthersOthers) {
    Recipe other = sample();
    EXPECT_EQ(aigc_of(sample()), aigc_of(other));
    other.spec.seed = 8;
    EXPECT_NE(aigc_of(sample()), aigc_of(other));
}

TEST(Recipe, PrivateLeavesOutTextsAndNames) {
    Recipe recipe = sample();
    recipe.spec.recipe = RecipeMode::without_texts;
    const std::string comment = comment_of(recipe);
    for (const char* secret : {"rain", "night", "m.png"})
        EXPECT_EQ(comment.find(secret), std::string::npos) << secret;
    const Recipe read = parse_recipe(comment);
    EXPECT_EQ(read.withheld, std::vector<std::string>{"prompt"});
    EXPECT_EQ(read.picture.sha256, kSha);
    EXPECT_EQ(read.spec.seed, 7u);

    // Not even as a digest that could be guessed at.
    const std::string label = aigc_of(recipe);
    recipe.spec.prompt = "snow";
    EXPECT_EQ(aigc_of(recipe), label);
}

TEST(Recipe, NoneKeepsTheLabelAlone) {
    Recipe recipe = sample();
    recipe.spec.recipe = RecipeMode::none;
    const auto comment = json::parse(comment_of(recipe));
    EXPECT_EQ(comment.size(), 1u);
    EXPECT_TRUE(comment.contains("AIGC"));
    EXPECT_FALSE(looks_like_recipe(comment_of(recipe)));
    recipe.spec.ai_label = AiLabel::none;
    EXPECT_EQ(comment_of(recipe), "");
}

TEST(Recipe, DamageIsNamed) {
    const std::string good = comment_of(sample());
    const auto damaged = [&](const std::function<void(json&)>& change) {
        json object = json::parse(good);
        change(object);
        return object.dump();
    };
    EXPECT_ERROR(parse_recipe("my holiday"), ErrorCode::corrupt_data, "not a stillreel recipe");
    EXPECT_ERROR(parse_recipe(std::string(100000, '[')), ErrorCode::corrupt_data, "not a stillreel recipe");
    EXPECT_ERROR(parse_recipe(good.substr(0, good.size() / 2)), ErrorCode::corrupt_data,
                 "not a stillreel recipe");
    EXPECT_ERROR(parse_recipe(damaged([](json& r) { r["picture"]["sha256"] = "../../etc/passwd"; })),
                 ErrorCode::corrupt_data, "picture.sha256");
    EXPECT_ERROR(parse_recipe(damaged([](json& r) { r["picture"]["name"] = "/etc/passwd"; })),
                 ErrorCode::corrupt_data, "picture.name");
    EXPECT_ERROR(parse_recipe(damaged([](json& r) { r["spec"]["frames"] = 0; })), ErrorCode::corrupt_data,
                 "frames");
    EXPECT_ERROR(parse_recipe(damaged([](json& r) { r["frame"]["width"] = -1; })), ErrorCode::corrupt_data,
                 "frame.width");
    EXPECT_ERROR(parse_recipe(damaged([](json& r) { r.erase("backend"); })), ErrorCode::corrupt_data,
                 "backend");
    EXPECT_ERROR(parse_recipe(damaged([](json& r) { r["fps"] = "0/0"; })), ErrorCode::corrupt_data, "fps");
}

}  // namespace
}  // namespace stillreel::studio
