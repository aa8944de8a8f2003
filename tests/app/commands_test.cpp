#include <nlohmann/json.hpp>

#include "app_fixture.h"

namespace stillreel::app {
namespace {

using nlohmann::json;

class Commands : public AppTest {};

TEST_F(Commands, BareProgramPrintsHelp) {
    const auto finished = run({});
    EXPECT_EQ(finished.exit_code, 0);
    for (const char* word : {"generate", "plan", "inspect", "presets", "doctor", "Examples:"})
        EXPECT_NE(finished.out.find(word), std::string::npos) << word;
}

TEST_F(Commands, HelpNamesEveryOption) {
    const auto finished = run({"generate", "--help"});
    EXPECT_EQ(finished.exit_code, 0);
    for (const char* option :
         {"--prompt",   "--output",  "--preset",   "--size",           "--aspect",    "--frames",
          "--duration", "--fps",     "--seed",     "--camera",         "--depth",     "--mask",
          "--engine",   "--dry-run", "--json",     "--quiet",          "--threads",   "--quality",
          "--crf",      "--loop",    "--fit",      "--background",     "--focus",     "--debug-dir",
          "--from",     "--recipe",  "--ai-label", "--allow-flashing", "--overwrite", "Examples:"})
        EXPECT_NE(finished.out.find(option), std::string::npos) << option;
}

TEST_F(Commands, VersionIsOneLine) {
    const auto finished = run({"--version"});
    EXPECT_EQ(finished.exit_code, 0);
    EXPECT_EQ(finished.out.rfind("stillreel ", 0), 0u) << finished.out;
}

TEST_F(Commands, PlanShowsTheReadingAndTheCamera) {
    const auto table = run({"plan", "-p", "Camera pans right, heavy rain"});
    EXPECT_EQ(table.exit_code, 0);
    EXPECT_NE(table.out.find("pan"), std::string::npos) << table.out;
    EXPECT_EQ(run({"plan", "Camera pans right, heavy rain"}).out, table.out);
    const auto plan = json::parse(run({"plan", "-p", "Camera pans right, heavy rain", "--json"}).out);
    EXPECT_EQ(plan["camera"][0]["move"], "pan");
    EXPECT_EQ(plan["effects"][0]["kind"], "rain");
    EXPECT_GT(plan["camera_path"]["segments"].size(), 0u);
}

TEST_F(Commands, PresetsAreListed) {
    const auto list = json::parse(run({"presets", "--json"}).out);
    ASSERT_EQ(list.size(), 3u);
    EXPECT_EQ(list[2]["name"], "high");
    EXPECT_EQ(list[2]["size"], 768);
    EXPECT_NE(run({"presets"}).out.find("standard"), std::string::npos);
}

TEST_F(Commands, DoctorFindsEverythingHere) {
    const auto finished = run({"doctor", "--json"});
    EXPECT_EQ(finished.exit_code, 0) << finished.out;
    std::set<std::string> names;
    for (const auto& finding : json::parse(finished.out)) names.insert(finding["name"]);
    for (const char* name :
         {"processor", "memory", "libpng", "libavcodec", "licence", "writes .mp4", "outputs", "data"})
        EXPECT_TRUE(names.contains(name)) << name;
    EXPECT_TRUE(files_in(home()).empty());
}

TEST_F(Commands, DoctorSaysWhatToDo) {
    write_text("home", "a file where the folder should be");
    auto broken = options();
    broken.environment["STILLREEL_HOME"] = (work() / "home").string();
    const auto finished = stillreel::testing::Process(command({"doctor"}), broken).wait();
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_NE(finished.out.find("is not a folder"), std::string::npos) << finished.out;
}

TEST_F(Commands, InspectTellsStreamRecipeAndLabel) {
    ASSERT_EQ(small({"photo.png", "-p", "zoom in", "-o", "clip.mp4", "--seed", "5"}).exit_code, 0);
    const auto facts = json::parse(run({"inspect", "clip.mp4", "--json"}).out);
    EXPECT_EQ(facts["stream"]["codec"], "h264");
    EXPECT_EQ(facts["stream"]["frames"], 6);
    EXPECT_EQ(facts["stream"]["width"], 64);
    EXPECT_EQ(facts["recipe"]["spec"]["prompt"], "zoom in");
    EXPECT_EQ(facts["recipe"]["seed"], 5);
    EXPECT_EQ(facts["label"]["Label"], "1");
    const auto text = run({"inspect", "clip.mp4"});
    EXPECT_NE(text.out.find("stillreel generate --from clip.mp4"), std::string::npos) << text.out;
}

TEST_F(Commands, InspectOfAForeignClipSaysThatThereIsNoRecipe) {
    const auto made = stillreel::testing::Process({"ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                                                   "testsrc2=size=64x48:duration=0.2", "foreign.mp4"},
                                                  options())
                          .wait();
    if (made.exit_code != 0) GTEST_SKIP() << "the ffmpeg command is needed to make a foreign clip";
    const auto finished = run({"inspect", "foreign.mp4"});
    EXPECT_EQ(finished.exit_code, 0);
    EXPECT_NE(finished.out.find("recipe  none"), std::string::npos) << finished.out;
    EXPECT_NE(finished.out.find("no AI-content label"), std::string::npos) << finished.out;
    EXPECT_EQ(run({"generate", "--from", "foreign.mp4"}).exit_code, 3);
}

}  // namespace
}  // namespace stillreel::app
