// Water, clouds and leaves move where they are, and nowhere else: on the lake of examples/, by a camera that
// stands.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "image/picture_file.h"
#include "image/resize.h"
#include "proof/shot.h"
#include "support/flow.h"

namespace stillreel::testing {
namespace {

/// Where things are in lake.jpg, as fractions of its width and height.
struct Region {
    double left, top, right, bottom;
};
const std::map<std::string, Region> kRegions = {
    {"sky", {0.52, 0.04, 0.76, 0.30}},    {"mountain", {0.84, 0.26, 0.98, 0.36}},
    {"water", {0.32, 0.64, 0.50, 0.80}},  {"jetty", {0.565, 0.80, 0.70, 0.96}},
    {"leaves", {0.02, 0.02, 0.20, 0.28}},
};

image::Plane mask_of(const Region& region) {
    image::Plane mask(200, 200);
    for (int y = static_cast<int>(region.top * 200); y < static_cast<int>(region.bottom * 200); ++y)
        for (int x = static_cast<int>(region.left * 200); x < static_cast<int>(region.right * 200); ++x)
            mask.at(x, y) = 1;
    return mask;
}

/// How much each region changes between two frames, 0.75 s apart, of a clip of the lake.
std::map<std::string, double> changes(const std::string& words) {
    const auto folder = std::filesystem::path(STILLREEL_SOURCE_DIR) / "examples";
    Shot shot;
    image::ReadOptions reading;
    reading.at_least = {shot.frame.width_px * 2, shot.frame.height_px * 2};
    animatic::Animatic clip =
        shoot(animatic::Inputs{image::read_picture(folder / "lake.jpg", reading), std::nullopt, std::nullopt},
              "Static camera, " + words, shot);
    const image::Image first = frame_of(clip, 2), second = frame_of(clip, 11);
    std::map<std::string, double> result;
    for (const auto& [name, region] : kRegions)
        result[name] = mean_difference(first, second, mask_of(region));
    return result;
}

TEST(Surfaces, WaterMovesAndTheLandDoesNot) {
    for (const char* words : {"water rippling", "gentle waves on the lake", "湖水波光粼粼"}) {
        SCOPED_TRACE(words);
        auto change = changes(words);
        EXPECT_GT(change["water"], 0.5);
        EXPECT_LT(change["mountain"], 0.1 * change["water"]);
        EXPECT_LT(change["sky"], 0.1 * change["water"]);
        EXPECT_LT(change["jetty"], 0.35 * change["water"]);
    }
}

TEST(Surfaces, CloudsDriftInTheSkyOnly) {
    for (const char* words : {"clouds drifting across the sky", "time-lapse of clouds moving"}) {
        SCOPED_TRACE(words);
        auto change = changes(words);
        EXPECT_GT(change["sky"], 0.08);  // the clouds there are faint
        EXPECT_LT(change["mountain"], 0.3 * change["sky"]);
        EXPECT_LT(change["water"], 0.3 * change["sky"]);
        EXPECT_LT(change["jetty"], 0.1 * change["sky"]);
    }
}

TEST(Surfaces, LeavesSwayInTheBreezeAndTheMountainStands) {
    auto change = changes("leaves gently swaying in the breeze");
    EXPECT_GT(change["leaves"], 0.5);
    EXPECT_LT(change["mountain"], 0.15 * change["leaves"]);
    EXPECT_LT(change["jetty"], 0.1 * change["leaves"]);
}

}  // namespace
}  // namespace stillreel::testing
