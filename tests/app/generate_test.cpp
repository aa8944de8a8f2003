#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app_fixture.h"

namespace stillreel::app {
namespace {

using nlohmann::json;
using stillreel::testing::Process;

const std::string kPrompt = "Camera pushes in, heavy rain, red police lights in the distance";

class GenerateCommand : public AppTest {};

TEST_F(GenerateCommand, PrintsTheClipAndNothingElseOnStdout) {
    const auto finished = small({"photo.png", "-p", kPrompt});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    const auto made = files_in(work() / "outputs");
    ASSERT_EQ(made.size(), 1u);
    EXPECT_EQ(finished.out, "outputs/" + made[0].filename().string() + "\n");
    EXPECT_NE(finished.err.find("64x48"), std::string::npos);
    EXPECT_EQ(small({"photo.png", "--quiet"}).err, "");
}

TEST_F(GenerateCommand, RepeatsAClipBitForBit) {
    ASSERT_EQ(small({"photo.png", "-p", kPrompt, "-o", "a.mp4"}).exit_code, 0);
    fs::remove(work() / "photo.png");
    for (const char* again : {"b.mp4", "c.mp4"}) {
        const auto finished = run({"generate", "--from", "a.mp4", "-o", again});
        ASSERT_EQ(finished.exit_code, 0) << finished.err;
        EXPECT_EQ(bytes(work() / again), bytes(work() / "a.mp4"));
    }
    fs::remove_all(home());
    const auto gone = run({"generate", "--from", "a.mp4", "-o", "d.mp4"});
    EXPECT_EQ(gone.exit_code, 4);
    expect_one_sentence(gone.err, "stillreel generate PICTURE --from a.mp4");
}

TEST_F(GenerateCommand, RepeatsWithMapsAndCameraOfTheirOwn) {
    image::write_png(work() / "depth.png", image::Plane(96, 64, 0.5f));
    image::write_png(work() / "mask.png", image::Plane(96, 64, 1.0f));
    const auto path = json::parse(run({"plan", "-p", "pan right", "--json"}).out)["camera_path"];
    write_text("path.json", path.dump());
    const auto first = small(
        {"photo.png", "--depth", "depth.png", "--mask", "mask.png", "--camera", "path.json", "-o", "a.mp4"});
    ASSERT_EQ(first.exit_code, 0) << first.err;
    for (const char* name : {"photo.png", "depth.png", "mask.png", "path.json"}) fs::remove(work() / name);
    const auto finished = run({"generate", "--from", "a.mp4", "-o", "b.mp4"});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_EQ(bytes(work() / "a.mp4"), bytes(work() / "b.mp4"));
}

TEST_F(GenerateCommand, ThreadsNeverChangeTheFile) {
    for (const char* threads : {"1", "2", "3"})
        ASSERT_EQ(small({"photo.png", "-p", kPrompt, "--seed", "4", "--threads", threads, "-o",
                         std::string(threads) + ".mp4"})
                      .exit_code,
                  0);
    EXPECT_EQ(bytes(work() / "1.mp4"), bytes(work() / "2.mp4"));
    EXPECT_EQ(bytes(work() / "1.mp4"), bytes(work() / "3.mp4"));
    ASSERT_EQ(small({"photo.png", "-p", kPrompt, "--seed", "5", "-o", "other.mp4"}).exit_code, 0);
    EXPECT_NE(bytes(work() / "1.mp4"), bytes(work() / "other.mp4"));
}

TEST_F(GenerateCommand, TheTenthOfABatchEqualsTheSameAlone) {
    fs::create_directory(work() / "panels");
    for (int i = 0; i < 10; ++i) write_picture("panels/p" + std::to_string(i) + ".png", 96, 64, 120 + 10 * i);
    const auto batch = small({"panels", "-p", kPrompt, "--seed", "4", "-o", "shots/", "--json"});
    ASSERT_EQ(batch.exit_code, 0) << batch.err;
    std::string tenth;
    std::istringstream lines(batch.out);
    for (std::string line; std::getline(lines, line);)
        if (const auto event = json::parse(line); event["event"] == "done") tenth = event["output"];
    ASSERT_EQ(files_in(work() / "shots").size(), 10u);
    ASSERT_EQ(small({"panels/p9.png", "-p", kPrompt, "--seed", "4", "-o", "alone.mp4"}).exit_code, 0);
    EXPECT_EQ(bytes(work() / "alone.mp4"), bytes(work() / tenth));
}

TEST_F(GenerateCommand, OneBadPictureDoesNotStopTheRest) {
    write_text("bad.jpg", "not a picture");
    const auto planned = small({"bad.jpg", "photo.png", "-p", "zoom in", "--dry-run"});
    EXPECT_EQ(planned.exit_code, 7);
    EXPECT_NE(planned.out.find("photo.png (96x64)"), std::string::npos) << planned.out;
    const auto finished = small({"photo.png", "bad.jpg", "photo.png", "-p", "zoom in", "-o", "shots/"});
    EXPECT_EQ(finished.exit_code, 7);
    EXPECT_EQ(files_in(work() / "shots").size(), 2u);
    EXPECT_NE(finished.err.find("2 of 3 clips made"), std::string::npos) << finished.err;
    EXPECT_NE(finished.err.find("bad.jpg    failed"), std::string::npos) << finished.err;
}

TEST_F(GenerateCommand, CtrlCLeavesNothingBehind) {
    const auto before = listing();
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        Process process(command({"generate", "photo.png", "-p", kPrompt, "--size", "320x240", "--frames",
                                 "10000", "--json"}),
                        options());
        for (int i = 0; i < 2000 && process.out().find("\"progress\"") == std::string::npos; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        process.signal(number);
        const auto finished = process.wait(std::chrono::seconds(10));
        EXPECT_EQ(finished.exit_code, 130) << number << " " << finished.err;
        EXPECT_EQ(listing(), before) << number;
    }
}

TEST_F(GenerateCommand, IsMadeThoughNobodyReadsItsEvents) {
    const auto piped = Process({"bash", "-c",
                                STILLREEL_BINARY_DIR "/bin/stillreel generate photo.png --size 64x48 "
                                                     "--frames 48 --json -o a.mp4 | head -n 1; "
                                                     "exit ${PIPESTATUS[0]}"},
                               options())
                           .wait();
    EXPECT_EQ(piped.exit_code, 0) << piped.err;
    ASSERT_EQ(files_in(work()), (std::vector<fs::path>{work() / "a.mp4", work() / "photo.png"}));
    EXPECT_EQ(run({"inspect", "a.mp4"}).exit_code, 0);
}

TEST_F(GenerateCommand, ManyAtOnceGetNamesOfTheirOwn) {
    std::vector<std::unique_ptr<Process>> crowd;
    for (int i = 0; i < 4; ++i)
        crowd.push_back(
            std::make_unique<Process>(command({"generate", "photo.png", "--seed", std::to_string(i), "--size",
                                               "64x48", "--frames", "4"}),
                                      options()));
    std::set<std::string> names;
    for (auto& process : crowd) {
        const auto finished = process->wait();
        EXPECT_EQ(finished.exit_code, 0) << finished.err;
        names.insert(finished.out);
    }
    EXPECT_EQ(names.size(), 4u);
    EXPECT_EQ(files_in(work() / "outputs").size(), 4u);
    for (const fs::path& clip : files_in(work() / "outputs"))
        EXPECT_EQ(run({"inspect", clip.string()}).exit_code, 0) << clip;
}

TEST_F(GenerateCommand, JsonIsOneObjectForEachEvent) {
    const auto finished = small({"photo.png", "-p", "the woman walks away", "--json"});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    std::vector<std::string> kinds;
    std::istringstream lines(finished.out);
    for (std::string line; std::getline(lines, line);) {
        const auto event = json::parse(line);
        kinds.push_back(event.at("event"));
        if (kinds.back() == "started") {
            EXPECT_EQ(event["frames"], 6);
        }
        if (kinds.back() == "progress") {
            EXPECT_LE(event["progress"], 1.0);
        }
        if (kinds.back() == "done") {
            EXPECT_TRUE(fs::exists(work() / event["output"].get<std::string>()));
        }
    }
    EXPECT_EQ(kinds.front(), "started");
    EXPECT_EQ(kinds.back(), "done");
    EXPECT_GT(std::count(kinds.begin(), kinds.end(), "note"), 0);

    const auto failed = small({"none.png", "--json"});
    EXPECT_EQ(failed.exit_code, 4);
    const auto error = json::parse(failed.out);
    EXPECT_EQ(error["event"], "error");
    EXPECT_EQ(error["code"], "not_found");
    EXPECT_EQ(error["exit_code"], 4);
}

TEST_F(GenerateCommand, ARemuxKeepsTheRecipe) {
    ASSERT_EQ(small({"photo.png", "-p", kPrompt, "-o", "a.mp4"}).exit_code, 0);
    const auto remuxed =
        Process({"ffmpeg", "-v", "error", "-i", "a.mp4", "-c", "copy", "b.mp4"}, options()).wait();
    if (remuxed.exit_code != 0) GTEST_SKIP() << "the ffmpeg command is needed";
    const auto before = json::parse(run({"inspect", "a.mp4", "--json"}).out);
    const auto after = json::parse(run({"inspect", "b.mp4", "--json"}).out);
    EXPECT_EQ(after["recipe"], before["recipe"]);
    EXPECT_EQ(after["label"], before["label"]);
    ASSERT_EQ(run({"generate", "--from", "b.mp4", "-o", "c.mp4"}).exit_code, 0);
    EXPECT_EQ(bytes(work() / "c.mp4"), bytes(work() / "a.mp4"));
}

TEST_F(GenerateCommand, RecipeNoneKeepsTheLabelAlone) {
    ASSERT_EQ(small({"photo.png", "-p", "secret words", "--recipe", "none", "-o", "a.mp4"}).exit_code, 0);
    const auto facts = json::parse(run({"inspect", "a.mp4", "--json"}).out);
    EXPECT_TRUE(facts["recipe"].is_null());
    EXPECT_EQ(facts["label"]["Label"], "1");
    EXPECT_EQ(bytes(work() / "a.mp4").find("secret"), std::string::npos);
    ASSERT_EQ(small({"photo.png", "--recipe", "none", "--ai-label", "none", "-o", "b.mp4"}).exit_code, 0);
    EXPECT_TRUE(json::parse(run({"inspect", "b.mp4", "--json"}).out)["label"].is_null());
    EXPECT_EQ(bytes(work() / "b.mp4").find("AIGC"), std::string::npos);
}

TEST_F(GenerateCommand, NoRecipeHoldsAnAbsolutePath) {
    ASSERT_EQ(small({(work() / "photo.png").string(), "-o", (work() / "a.mp4").string()}).exit_code, 0);
    EXPECT_EQ(bytes(work() / "a.mp4").find(work().string()), std::string::npos);
}

TEST_F(GenerateCommand, DryRunWritesNothing) {
    const auto before = listing();
    const auto finished = small({"photo.png", "-p", kPrompt, "--dry-run"});
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    for (const char* part : {"64x48", "6 frames", "estimate", "rain"})
        EXPECT_NE(finished.out.find(part), std::string::npos) << part;
    const auto plan = json::parse(small({"photo.png", "-p", kPrompt, "--dry-run", "--json"}).out);
    EXPECT_GT(plan["estimate"]["bytes"], 0);
    EXPECT_EQ(listing(), before);
}

TEST_F(GenerateCommand, ConfigGivesDefaultsThatOptionsReplace) {
    write_text("config.toml", "fps = 12\nduration = 1\nsize = \"64x48\"\nrecipe = \"private\"\n");
    auto with_config = options();
    with_config.environment["STILLREEL_CONFIG"] = "config.toml";
    const auto made =
        Process(command({"generate", "photo.png", "--fps", "6", "-o", "a.mp4"}), with_config).wait();
    ASSERT_EQ(made.exit_code, 0) << made.err;
    const auto facts = json::parse(run({"inspect", "a.mp4", "--json"}).out);
    EXPECT_EQ(facts["stream"]["frames"], 6);
    EXPECT_EQ(facts["stream"]["height"], 48);
    EXPECT_FALSE(facts["recipe"]["picture"].contains("name"));
}

TEST_F(GenerateCommand, OtherFormatsByTheirName) {
    for (const char* name : {"a.mov", "a.gif", "a.webp"}) {
        const auto finished = small({"photo.png", "-p", "zoom in", "-o", name});
        EXPECT_EQ(finished.exit_code, 0) << name << " " << finished.err;
        EXPECT_GT(fs::file_size(work() / name), 500u) << name;
    }
    const auto sequence = small({"photo.png", "-o", "frames/a.png"});
    ASSERT_EQ(sequence.exit_code, 0) << sequence.err;
    EXPECT_EQ(sequence.out, "frames/a_0000.png\n");
    EXPECT_EQ(run({"inspect", "frames/a_0000.png"}).exit_code, 0);
    EXPECT_EQ(files_in(work() / "frames").size(), 6u);
}

}  // namespace
}  // namespace stillreel::app
