#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "prompt/motion_plan.h"

namespace stillreel::prompt {
namespace {

TEST(PlanJson, HoldsEveryTrack) {
    const MotionPlan plan = parse_prompt(
        "A man slowly turns around in heavy rain at night, red police lights in the distance, pan left 30 "
        "degrees, "
        "then he walks, windy");
    const auto json = nlohmann::json::parse(to_json(plan));
    EXPECT_EQ(json["prompt"], plan.prompt);
    EXPECT_EQ(json["camera"][0]["move"], "pan");
    EXPECT_EQ(json["camera"][0]["direction"], -1);
    EXPECT_EQ(json["camera"][0]["amount"], 30);
    EXPECT_EQ(json["effects"][0]["kind"], "rain");
    EXPECT_EQ(json["effects"][0]["intensity"], 0.9);
    EXPECT_EQ(json["effects"][1]["colours"], "red");
    EXPECT_EQ(json["effects"][1]["distant"], true);
    EXPECT_EQ(json["subject"][0]["move"], "slow_turn");
    EXPECT_EQ(json["wind"]["strength"], 0.6);
    EXPECT_EQ(json["night"], true);
    EXPECT_EQ(json["not_rendered"][0]["text"], "walks");
    EXPECT_EQ(json["phrases"].size(), plan.phrases.size());
    EXPECT_EQ(json["lint"].size(), plan.lint.size());
    EXPECT_EQ(json["notes"].size(), plan.notes.size());
}

}  // namespace
}  // namespace stillreel::prompt
