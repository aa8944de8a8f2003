#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "prompt/camera_path.h"
#include "support/throws.h"

namespace stillreel::prompt {
namespace {

using Json = nlohmann::json;

constexpr const char* kGood = R"({"version": 1, "focal_mm": 50, "segments": [
    {"begin_s": 0, "end_s": 2, "points": [{}, {"z": 0.1}, {"z": 0.2}, {"z": 0.3, "pan": -4}]},
    {"begin_s": 2, "end_s": 3, "points": [{"z": 0.3, "pan": -4}, {"focal_mm": 70}]}],
    "shake": {"degrees": 0.5, "hertz": 2}})";

Json good() { return Json::parse(kGood); }

#define EXPECT_REFUSED(json, part) \
    EXPECT_ERROR(parse_camera_path((json).dump()), ErrorCode::invalid_argument, part)

TEST(CameraJson, ReadsSegmentsShakeAndFocalLength) {
    const CameraPath path = parse_camera_path(kGood);
    ASSERT_EQ(path.segments.size(), 2u);
    EXPECT_DOUBLE_EQ(path.segments[0].p2.z, 0.2);
    EXPECT_DOUBLE_EQ(path.segments[0].p3.pan, -4);
    EXPECT_DOUBLE_EQ(path.segments[0].p0.focal_mm, 50);
    EXPECT_DOUBLE_EQ(path.shake.degrees, 0.5);
    EXPECT_DOUBLE_EQ(path.shake.hertz, 2);
    EXPECT_EQ(path.segments[1].p0, path.segments[1].p1);
    EXPECT_EQ(path.segments[1].p2, path.segments[1].p3);
    EXPECT_DOUBLE_EQ(pose_at(path, 2.5).focal_mm, 60);
}

/// The indented block in front of the manual's first heading of the second level.
std::string example_of_the_manual() {
    std::ifstream in(STILLREEL_SOURCE_DIR "/docs/camera-path.md");
    std::string json;
    for (std::string line; std::getline(in, line) && !line.starts_with("## ");)
        if (line.starts_with("    ")) json += line.substr(4) + "\n";
    return json;
}

TEST(CameraJson, ReadsTheExampleOfTheManual) {
    const CameraPath path = parse_camera_path(example_of_the_manual());
    ASSERT_EQ(path.segments.size(), 2u);
    EXPECT_DOUBLE_EQ(pose_at(path, 4).focal_mm, 50);
    EXPECT_DOUBLE_EQ(pose_at(path, 2.5).pan, -3);
    EXPECT_DOUBLE_EQ(path.shake.degrees, 0.25);
}

TEST(CameraJson, CompiledPathsComeBackEqual) {
    MotionPlan plan;
    plan.camera = {{CameraMove::orbit, 1, 2.5, {}, {}},
                   {CameraMove::zoom, -1, 0.6, {}, {0, 0.5}},
                   {CameraMove::handheld, 1, 0.5, {}, {}}};
    const CameraPath path = compile_camera(plan, {3.7, 2.39, 28});
    const CameraPath back = parse_camera_path(to_json(path));
    ASSERT_EQ(back.segments.size(), path.segments.size());
    for (std::size_t i = 0; i < path.segments.size(); ++i) {
        EXPECT_EQ(back.segments[i].p1, path.segments[i].p1);
        EXPECT_EQ(back.segments[i].p3, path.segments[i].p3);
        EXPECT_EQ(back.segments[i].end_s, path.segments[i].end_s);
    }
    EXPECT_EQ(back.shake.degrees, path.shake.degrees);
    EXPECT_EQ(back.shake.travel, path.shake.travel);
}

TEST(CameraJson, ErrorsNameTheField) {
    Json json = good();
    json.erase("version");
    EXPECT_REFUSED(json, "version is missing");
    json = good();
    json["version"] = 2;
    EXPECT_REFUSED(json, "version is 2, expected 1");
    json = good();
    json["segments"][1].erase("end_s");
    EXPECT_REFUSED(json, "segments[1].end_s is missing");
    json = good();
    json["segments"][1]["end_s"] = 1.5;
    EXPECT_REFUSED(json, "segments[1].end_s is 1.5");
    json = good();
    json["segments"][1]["begin_s"] = 2.5;
    EXPECT_REFUSED(json, "segments[1].begin_s is 2.5, expected 2");
    json = good();
    json["segments"][1]["begin_s"] = 1.0;
    EXPECT_REFUSED(json, "no overlaps");
    json = good();
    json["segments"][0]["points"][3]["focal_mm"] = 4;
    EXPECT_REFUSED(json, "segments[0].points[3].focal_mm is 4, expected 5 to 1200");
    json = good();
    json["segments"][0]["points"][1]["z"] = 2e6;
    EXPECT_REFUSED(json, "segments[0].points[1].z is 2000000.0");
    json = good();
    json["segments"][0]["points"][1]["z"] = "near";
    EXPECT_REFUSED(json, "segments[0].points[1].z is \"near\", expected a number");
    json = good();
    json["segments"][0]["points"][1]["zoom"] = 2;
    EXPECT_REFUSED(json, "segments[0].points[1] has the unknown field \"zoom\"");
    json = good();
    json["segments"][0]["points"].erase(0);
    EXPECT_REFUSED(json, "segments[0].points");
    json = good();
    json["segments"] = Json::array();
    EXPECT_REFUSED(json, "segments is []");
    json = good();
    json["shake"]["degrees"] = -1;
    EXPECT_REFUSED(json, "shake.degrees is -1");
}

TEST(CameraJson, RefusesWhatIsNotJson) {
    for (const char* text :
         {"", "camera", "{\"version\": 1", "[1, 2", "{\"version\": NaN}", "{\"version\": 1e999}"})
        EXPECT_ERROR(parse_camera_path(text), ErrorCode::invalid_argument, "not valid JSON");
    EXPECT_ERROR(parse_camera_path("\xff\xfe{}"), ErrorCode::invalid_argument, "not valid JSON");
    EXPECT_ERROR(parse_camera_path("[]"), ErrorCode::invalid_argument, "expected an object");
}

TEST(CameraJson, RefusesWhatIsTooMuch) {
    EXPECT_ERROR(parse_camera_path(std::string(100000, '[')), ErrorCode::invalid_argument, "nested deeper");
    EXPECT_ERROR(parse_camera_path(std::string((1 << 20) + 1, ' ')), ErrorCode::invalid_argument,
                 "1048577 bytes");
    Json json = good();
    Json points = Json::array({Json::object(), Json::object()});
    json["segments"] = Json::array();
    for (int i = 0; i <= 1000; ++i)
        json["segments"].push_back({{"begin_s", i}, {"end_s", i + 1}, {"points", points}});
    EXPECT_REFUSED(json, "segments has 1001 entries, at most 1000");
}

}  // namespace
}  // namespace stillreel::prompt
