// The real service, killed, stopped and asked to go in the middle of its work. No clip may be lost, made
// twice, or seen half done.
#include <sqlite3.h>

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

#include "app_fixture.h"
#include "server/http_client.h"

namespace stillreel::app {
namespace {

using nlohmann::json;
using stillreel::testing::ask;
using stillreel::testing::eventually;
using stillreel::testing::Process;
using namespace std::chrono_literals;

constexpr int kLongClip = 1500;  // frames: seconds of work
constexpr int kShortClip = 12;

class SurvivalTest : public AppTest {
  protected:
    SurvivalTest() { start(); }

    void start() {
        server_ = std::make_unique<Process>(command({"serve", "--port", "0"}), options());
        port_ = port_of(*server_);
        ASSERT_NE(port_, 0);
    }

    json get(const std::string& target) const { return ask(port_, "GET", target).json(); }

    std::string picture() const {
        const auto answer = stillreel::testing::send_form(
            port_, "/v1/assets", {{"file", "photo.png", bytes(work() / "photo.png")}});
        EXPECT_EQ(answer.status, 201) << answer.body;
        return answer.json().value("id", "");
    }
    /// The id of a clip in the queue.
    std::string queue(json spec) const {
        spec["picture"] = picture();
        spec["prompt"] = "pan left";
        const auto answer = ask(port_, "POST", "/v1/clips", spec.dump());
        EXPECT_EQ(answer.status, 202) << answer.body;
        return answer.json().value("id", "");
    }
    std::string queue(int frames) const { return queue({{"size", 256}, {"frames", frames}}); }
    json clip(const std::string& id) const { return get("/v1/clips/" + id); }
    bool reaches(const std::string& id, const std::string& state) const {
        return eventually([&] { return clip(id).at("state") == state; });
    }
    bool is_under_way(const std::string& id, double progress = 0.05) const {
        return eventually([&] {
            const json now = clip(id);
            return now.at("state") == "running" && now.at("progress") > progress;
        });
    }

    /// All of them, or those of a lane.
    std::vector<pid_t> workers(const std::string& lane = "") const {
        const json facts = get("/v1/queue");
        std::vector<pid_t> found;
        for (const json& one : facts.at("workers"))
            if (lane.empty() || one.at("lane") == lane) found.push_back(one.at("process_id"));
        return found;
    }
    /// 0: there is none now.
    pid_t worker(const std::string& lane = "render") const {
        const std::vector<pid_t> found = workers(lane);
        return found.empty() ? 0 : found.front();
    }
    static bool is_alive(pid_t process) {
        std::string stat = bytes("/proc/" + std::to_string(process) + "/stat");
        return !stat.empty() && stat.find(") Z") == std::string::npos;
    }
    /// Zero would be this test and all that it started.
    static void signal_to(pid_t process, int number) {
        ASSERT_GT(process, 0) << "there is no worker";
        ::kill(process, number);
    }
    double restarts() const {
        const std::string text = ask(port_, "GET", "/metrics").body;
        std::smatch found;
        const bool there =
            std::regex_search(text, found, std::regex("stillreel_worker_restarts_total ([0-9]+)"));
        return there ? std::stod(found[1]) : -1;
    }

    void kill_everything() {
        for (const pid_t process : workers()) signal_to(process, SIGKILL);
        kill_server();
    }
    void kill_server() {
        server_->signal(SIGKILL);
        EXPECT_EQ(server_->wait().exit_code, 128 + SIGKILL);
    }

    /// The clips in the folder of outputs. What has a clip's name must be whole at any moment.
    std::vector<fs::path> clips_on_disk() const {
        std::vector<fs::path> clips;
        for (const fs::path& file : files_in(home() / "outputs"))
            if (file.extension() == ".mp4") clips.push_back(file);
        for (const fs::path& file : clips)
            EXPECT_EQ(run({"inspect", file.string()}).exit_code, 0) << file << " is half a clip";
        return clips;
    }
    /// One whole file with the clip's name and all of its frames, and nothing beside it.
    void expect_made(const std::string& id, int frames, int attempt) const {
        const json made = clip(id);
        EXPECT_EQ(made.at("state"), "completed") << made.at("error");
        EXPECT_EQ(made.at("attempt"), attempt);
        EXPECT_EQ(made.at("result").at("frames"), frames);
        const fs::path file = home() / "outputs" / made.at("output").get<std::string>();
        const std::string content = ask(port_, "GET", "/v1/clips/" + id + "/content").body;
        EXPECT_TRUE(content == bytes(file) && !content.empty()) << file;
    }
    void expect_files(std::size_t count) const {
        EXPECT_EQ(clips_on_disk().size(), count);
        EXPECT_TRUE(eventually([&] { return files_in(home() / "outputs").size() == count; }))
            << "something unfinished was left behind";
    }

    std::unique_ptr<Process> server_;
    int port_ = 0;
};

TEST_F(SurvivalTest, AKilledWorkerIsReplacedAndItsClipIsMadeOnce) {
    const std::string id = queue(kLongClip);
    ASSERT_TRUE(is_under_way(id));
    const pid_t killed = worker();
    signal_to(killed, SIGKILL);
    ASSERT_TRUE(reaches(id, "completed"));
    EXPECT_NE(worker(), killed);
    expect_made(id, kLongClip, 2);
    expect_files(1);
    EXPECT_EQ(restarts(), 1);
}

TEST_F(SurvivalTest, AKilledServerTakesItsWorkersAlongAndTheNextOneFinishesTheClip) {
    const std::string id = queue(kLongClip);
    ASSERT_TRUE(is_under_way(id));
    const std::vector<pid_t> orphans = workers();
    ASSERT_FALSE(orphans.empty());
    kill_server();
    EXPECT_TRUE(eventually([&] { return std::none_of(orphans.begin(), orphans.end(), is_alive); }));
    EXPECT_TRUE(clips_on_disk().empty());
    start();
    ASSERT_TRUE(reaches(id, "completed"));
    EXPECT_EQ(clip(id).at("result").at("frames"), kLongClip);
    expect_files(1);
}

TEST_F(SurvivalTest, ThreeClipsAreThereAfterEverythingWasKilledInTheThird) {
    const std::string first = queue(kShortClip), second = queue(kShortClip), third = queue(kLongClip);
    ASSERT_TRUE(is_under_way(third));
    kill_everything();
    EXPECT_EQ(clips_on_disk().size(), 2u);
    start();
    ASSERT_TRUE(reaches(third, "completed"));
    expect_made(first, kShortClip, 1);
    expect_made(second, kShortClip, 1);
    expect_made(third, kLongClip, 2);
    expect_files(3);
}

TEST_F(SurvivalTest, AClipThatKillsThreeWorkersIsFailedAndTheNextIsMade) {
    const std::string deadly = queue(10'000), harmless = queue(kShortClip);
    pid_t killed = 0;
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(eventually([&] {
            const pid_t now = worker();
            return now != 0 && now != killed && clip(deadly).at("attempt") == i + 1 &&
                   clip(deadly).at("state") == "running";
        }));
        killed = worker();
        signal_to(killed, SIGKILL);
    }
    ASSERT_TRUE(reaches(deadly, "failed"));
    const json error = clip(deadly).at("error");
    EXPECT_EQ(error.at("code"), "crashed");
    EXPECT_NE(error.at("message").get<std::string>().find("3 times"), std::string::npos) << error;
    ASSERT_TRUE(reaches(harmless, "completed"));
    expect_made(harmless, kShortClip, 1);
    expect_files(1);
    EXPECT_EQ(restarts(), 3);
}

TEST_F(SurvivalTest, AWorkerThatSleptPastItsLeaseFinishesNothingTwice) {
    const std::string id = queue(kLongClip);
    ASSERT_TRUE(is_under_way(id));
    const pid_t sleeper = worker();
    signal_to(sleeper, SIGSTOP);
    // Half a minute later, without waiting for it.
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((home() / "stillreel.db").c_str(), &database), SQLITE_OK);
    sqlite3_busy_timeout(database, 5000);
    const char* sleep = "UPDATE jobs SET lease_ends_ms = 1 WHERE state = 'running'";
    EXPECT_EQ(sqlite3_exec(database, sleep, nullptr, nullptr, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_changes(database), 1);
    sqlite3_close(database);
    const auto other = run({"work", "--until-idle"});
    EXPECT_EQ(other.exit_code, 0) << other.err;
    expect_made(id, kLongClip, 2);
    signal_to(sleeper, SIGCONT);
    const std::string next = queue(kShortClip);
    ASSERT_TRUE(reaches(next, "completed")) << "the woken worker is free for other clips";
    EXPECT_EQ(worker(), sleeper);
    expect_made(id, kLongClip, 2);
    expect_files(2);
}

TEST_F(SurvivalTest, ADiffusionClipGoesOnFromItsLastStep) {
    constexpr int kSteps = 40;
    fs::create_directory(home() / "models");
    fs::copy(fs::path(STILLREEL_SOURCE_DIR) / "tests" / "goldens" / "models" / "tiny-i2vgenxl",
             home() / "models" / "i2vgen-xl", fs::copy_options::recursive);
    const std::string id =
        queue({{"engine", "i2vgen-xl"}, {"size", 64}, {"frames", 4}, {"steps", kSteps}, {"seed", 7}});
    ASSERT_TRUE(is_under_way(id, 0.4));
    kill_everything();
    start();
    ASSERT_TRUE(reaches(id, "completed")) << clip(id);
    expect_made(id, 4, 2);
    const std::string log = get("/v1/clips/" + id + "/log").dump();
    std::smatch found;
    ASSERT_TRUE(std::regex_search(log, found, std::regex("goes on after step ([0-9]+) of 40"))) << log;
    EXPECT_GE(std::stoi(found[1]), kSteps / 4);
}

TEST_F(SurvivalTest, AKilledQuickWorkerIsReplacedAndPicturesAreTakenAgain) {
    ASSERT_TRUE(eventually([&] { return worker("quick") != 0; }));
    const std::string first = picture();
    signal_to(worker("quick"), SIGKILL);
    const auto thumbnail = [&](const std::string& id) {
        return ask(port_, "GET", "/v1/assets/" + id + "/thumbnail").status;
    };
    EXPECT_TRUE(eventually([&] { return thumbnail(picture()) == 200; }));
    EXPECT_EQ(thumbnail(first), 200);
    EXPECT_EQ(restarts(), 1);
}

TEST_F(SurvivalTest, CtrlCPutsTheClipBackAndLeavesWithinSeconds) {
    const std::string id = queue(10'000);
    ASSERT_TRUE(is_under_way(id));
    const std::vector<pid_t> all = workers();
    const auto asked = std::chrono::steady_clock::now();
    server_->signal(SIGINT);
    const auto finished = server_->wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 10s);
    EXPECT_TRUE(std::none_of(all.begin(), all.end(), is_alive));
    const json job = json::parse(run({"jobs", "show", id, "--json"}).out, nullptr, false);
    EXPECT_EQ(job.value("state", ""), "queued") << job;
    EXPECT_TRUE(files_in(home() / "outputs").empty());
}

}  // namespace
}  // namespace stillreel::app
