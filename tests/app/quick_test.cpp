// The quick lane as serve runs it: a process of its own beside the one that renders.
#include <signal.h>

#include <chrono>
#include <future>
#include <regex>
#include <thread>

#include "app_fixture.h"
#include "server/http_client.h"

namespace stillreel::app {
namespace {

using namespace std::chrono_literals;
using stillreel::testing::Answer;
using stillreel::testing::ask;
using stillreel::testing::eventually;
using stillreel::testing::Process;
using stillreel::testing::send_form;

constexpr auto kPatience = 40s;

class QuickLaneTest : public AppTest {
  protected:
    void serve(const std::string& workers) {
        server_ =
            std::make_unique<Process>(command({"serve", "--port", "0", "--workers", workers}), options());
        port_ = port_of(*server_);
        ASSERT_NE(port_, 0);
    }
    Answer get(const std::string& target) const { return ask(port_, "GET", target); }
    Answer post(const std::string& target, const std::string& body = "") const {
        return ask(port_, "POST", target, body);
    }
    std::string upload() const {
        const Answer answer =
            send_form(port_, "/v1/assets", {{"file", "photo.png", bytes(work() / "photo.png")}});
        EXPECT_EQ(answer.status, 201) << answer.body;
        return answer.json().at("id");
    }
    /// Of the living quick worker; 0: there is none.
    int quick_process() const {
        const auto queue = get("/v1/queue").json();
        for (const auto& worker : queue.at("workers"))
            if (worker.at("lane") == "quick") return worker.at("process_id");
        return 0;
    }

    std::unique_ptr<Process> server_;
    int port_ = 0;
};

TEST_F(QuickLaneTest, APreviewIsAnsweredWhileAClipIsMade) {
    serve("1");
    const std::string picture = upload();
    const std::string subject = "{\"picture\":\"" + picture + "\",\"prompt\":\"pan right\"";
    const std::string id = post("/v1/clips", subject + ",\"size\":1080,\"frames\":9000}").json().at("id");
    const auto state = [&] { return get("/v1/clips/" + id).json().at("state"); };
    ASSERT_TRUE(eventually([&] { return state() == "running"; }, kPatience));
    const Answer preview = post("/v1/previews", subject + "}");
    EXPECT_EQ(preview.status, 200) << preview.body.substr(0, 300);
    EXPECT_EQ(preview.body.substr(4, 4), "ftyp");
    EXPECT_EQ(state(), "running") << "both at the same time";
    post("/v1/clips/" + id + "/cancel");
}

TEST_F(QuickLaneTest, AKilledWorkerIsReplacedAndItsTaskDone) {
    serve("0");
    const std::string picture = upload();
    ASSERT_TRUE(eventually([&] { return quick_process() != 0; }, kPatience));
    const int first = quick_process();
    // Stopped, it takes the task no further: the kill comes while somebody waits.
    ::kill(first, SIGSTOP);
    auto preview = std::async(std::launch::async, [&] {
        return post("/v1/previews",
                    "{\"picture\":\"" + picture + "\",\"prompt\":\"pan right\",\"duration\":1}");
    });
    std::this_thread::sleep_for(200ms);
    ::kill(first, SIGKILL);
    EXPECT_EQ(preview.get().status, 200);
    EXPECT_NE(quick_process(), first);
    EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(QuickLaneTest, TheWorkerBoundsItself) {
    serve("0");
    ASSERT_TRUE(eventually([&] { return quick_process() != 0; }, kPatience));
    const std::string limits = bytes(fs::path("/proc") / std::to_string(quick_process()) / "limits");
    const auto limit = [&](const std::string& name) {
        std::smatch found;
        return std::regex_search(limits, found, std::regex(name + " +([0-9a-z]+)")) ? found[1].str() : limits;
    };
    EXPECT_EQ(limit("Max address space"), "4294967296");
    EXPECT_EQ(limit("Max file size"), "1073741824");
    EXPECT_EQ(limit("Max core file size"), "0");
    EXPECT_EQ(limit("Max open files"), "256");
}

}  // namespace
}  // namespace stillreel::app
