// Models fetched through the service: by a process of its own, which may be killed with the server.
#include <signal.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "hub_fixture.h"
#include "server/http_client.h"

namespace stillreel::app {
namespace {

using nlohmann::json;
using stillreel::testing::Answer;
using stillreel::testing::Fault;
using stillreel::testing::Process;

class Pulls : public HubAppTest {
  protected:
    void start() {
        service_ = std::make_unique<Process>(command({"serve", "--port", "0", "--workers", "0"}), with_hub());
        port_ = port_of(*service_);
        ASSERT_NE(port_, 0);
    }
    static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(10)); }

    Answer get(const std::string& target) const { return stillreel::testing::ask(port_, "GET", target); }
    Answer post(const std::string& target, const std::string& body = "") const {
        return stillreel::testing::ask(port_, "POST", target, body);
    }
    std::string begin(const std::string& body = R"({"model":"i2vgen-xl"})") const {
        const Answer answer = post("/v1/models/pulls", body);
        EXPECT_EQ(answer.status, 202) << answer.body;
        return answer.json().at("id");
    }
    json pull(const std::string& id) const { return get("/v1/models/pulls/" + id).json(); }
    /// The pull once `enough` is true of it.
    template <class Enough>
    json pull_when(const std::string& id, const Enough& enough) const {
        const Stopwatch since;
        json now = pull(id);
        for (; !enough(now) && since.seconds() < 30; now = pull(id)) pause();
        return now;
    }
    json ended(const std::string& id) const {
        return pull_when(
            id, [](const json& now) { return now["state"] != "queued" && now["state"] != "running"; });
    }
    /// The process that pulls; 0: there is none.
    int worker() const {
        const json queue = get("/v1/queue").json();
        for (const json& worker : queue.at("workers"))
            if (worker.at("lane") == "pull") return worker.at("process_id");
        return 0;
    }

    std::unique_ptr<Process> service_;
    int port_ = 0;
};

TEST_F(Pulls, AModelIsFetchedAndThenListed) {
    start();
    EXPECT_EQ(get("/v1/models").json().at("models").size(), 0u);
    EXPECT_EQ(worker(), 0) << "a process for pulls while there is none";
    server_.slow_down(15);
    const std::string id = begin();
    const json under_way = pull_when(id, [](const json& now) { return now["progress"] > 0.1; });
    server_.slow_down(0);
    EXPECT_EQ(under_way.at("state"), "running");
    EXPECT_LT(under_way.at("progress"), 1);
    EXPECT_TRUE(under_way.at("file").is_string()) << under_way;
    EXPECT_GT(under_way.at("bytes"), 0);
    EXPECT_LT(under_way.at("bytes"), under_way.at("total_bytes"));
    const json done = ended(id);
    EXPECT_EQ(done.at("state"), "completed") << done;
    EXPECT_EQ(done.at("progress"), 1);
    EXPECT_EQ(done.at("bytes"), done.at("total_bytes"));
    EXPECT_EQ(done.at("model"), "i2vgen-xl");
    const json models = get("/v1/models").json().at("models");
    ASSERT_EQ(models.size(), 1u);
    EXPECT_EQ(models[0].at("name"), "i2vgen-xl");
    const Stopwatch since;
    while (worker() != 0 && since.seconds() < 10) pause();
    EXPECT_EQ(worker(), 0) << "it leaves when nothing waits";
    EXPECT_EQ(ended(begin()).at("state"), "completed") << "what is there already is fine, too";
}

TEST_F(Pulls, GoesOnWhereItWasAfterEverythingWasKilled) {
    start();
    server_.slow_down(20);
    const std::string id = begin();
    pull_when(id, [](const json& now) { return now["progress"] > 0.3; });
    const int process = worker();
    ASSERT_GT(process, 0);
    // Both at once: nobody tidies up.
    ::kill(process, SIGKILL);
    service_->signal(SIGKILL);
    service_->wait();
    EXPECT_FALSE(fs::exists(root()));
    server_.forget_requests();
    server_.slow_down(0);
    start();
    EXPECT_EQ(ended(id).at("state"), "completed") << pull(id);
    EXPECT_EQ(get("/v1/models").json().at("models").size(), 1u);
    bool took_up = false;
    for (const auto& request : server_.requests()) took_up = took_up || request.headers.contains("range");
    EXPECT_TRUE(took_up) << "it began anew";
}

TEST_F(Pulls, IsCancelledWhileItRunsAndGoesOnLater) {
    start();
    server_.slow_down(20);
    const std::string id = begin();
    pull_when(id, [](const json& now) { return now["progress"] > 0.05; });
    const std::string waiting = begin(R"({"model":"someone/another"})");
    EXPECT_EQ(pull(waiting).at("state"), "queued");
    EXPECT_EQ(post("/v1/models/pulls/" + waiting + "/cancel").json().at("state"), "cancelled");
    EXPECT_EQ(post("/v1/models/pulls/" + id + "/cancel").status, 200);
    const json cancelled = ended(id);
    EXPECT_EQ(cancelled.at("state"), "cancelled");
    EXPECT_FALSE(fs::exists(root()));
    server_.slow_down(0);
    const std::string again = begin();
    EXPECT_NE(again, id);
    EXPECT_EQ(ended(again).at("state"), "completed");
}

TEST_F(Pulls, SaysInASentenceWhyItFailed) {
    start();
    const json nobody = ended(begin(R"({"model":"someone/nothing"})"));
    EXPECT_EQ(nobody.at("state"), "failed");
    EXPECT_EQ(nobody.at("error").at("code"), "not_found") << nobody;
    EXPECT_NE(nobody.at("error").at("message").get<std::string>().find("no such model"), std::string::npos);
    server_.require_token("a token that nobody has");
    const json denied = ended(begin());
    EXPECT_EQ(denied.at("error").at("code"), "unauthorized") << denied;
    const json all = get("/v1/models/pulls").json().at("pulls");
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0], denied) << "newest first";
}

TEST_F(Pulls, ListenersHearOfThem) {
    start();
    stillreel::testing::Connection stream(port_);
    stream.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.read_until("event: hello");
    const std::string id = begin();
    const std::string heard = stream.read_until("\"state\":\"completed\"", 20000);
    const std::size_t at = heard.find("event: pull\ndata: ");
    ASSERT_NE(at, std::string::npos) << heard;
    const json told = json::parse(heard.substr(at + 18, heard.find('\n', at + 18) - at - 18));
    EXPECT_EQ(told.at("id"), id);
    EXPECT_EQ(heard.find("event: clip"), std::string::npos);
}

}  // namespace
}  // namespace stillreel::app
