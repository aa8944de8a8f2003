// The routes of model pulls, without anybody who works on them: tests/app has the whole way.
#include "service_fixture.h"

namespace stillreel::testing {
namespace {

class PullsTest : public ServiceTest {};

TEST_F(PullsTest, APullIsQueuedOnceAndShown) {
    start();
    const Answer made = post("/v1/models/pulls", R"({"model":"i2vgen-xl","variant":"fp16"})");
    ASSERT_EQ(made.status, 202) << made.body;
    const auto pull = made.json();
    EXPECT_EQ(pull.at("state"), "queued");
    EXPECT_EQ(pull.at("model"), "i2vgen-xl");
    EXPECT_EQ(pull.at("variant"), "fp16");
    EXPECT_EQ(pull.at("progress"), 0);
    for (const char* unknown : {"file", "bytes", "total_bytes", "eta_seconds", "error", "finished_at"})
        EXPECT_EQ(pull.at(unknown), nullptr) << unknown;
    EXPECT_EQ(get(made.header("location")).json(), pull);
    EXPECT_EQ(post("/v1/models/pulls", R"({"variant":"fp16","model":"i2vgen-xl"})").json().at("id"),
              pull.at("id"));
    EXPECT_NE(post("/v1/models/pulls", R"({"model":"i2vgen-xl"})").json().at("id"), pull.at("id"));
    EXPECT_EQ(get("/v1/models/pulls").json().at("pulls").size(), 2u);
    EXPECT_EQ(get("/v1/clips").json().at("clips").size(), 0u) << "a pull is no clip";
    const std::string as_clip = "/v1/clips/" + pull.at("id").get<std::string>();
    EXPECT_EQ(get(as_clip).status, 404);
    EXPECT_EQ(post(as_clip + "/duplicate").status, 404);
    EXPECT_EQ(ask(port(), "DELETE", as_clip).status, 404);
}

TEST_F(PullsTest, WhatCannotBePulledIsRefusedWithTheField) {
    start();
    const auto field = [&](const std::string& body) {
        const Answer answer = post("/v1/models/pulls", body);
        EXPECT_EQ(answer.status, 422) << answer.body;
        return answer.json().value("field", "none");
    };
    for (const char* model : {"", "nothing", "../../etc", "a/b/c", "https://evil.example/x", "a/.hidden"})
        EXPECT_EQ(field(R"({"model":")" + std::string(model) + "\"}"), "model") << model;
    EXPECT_EQ(field("{}"), "model");
    EXPECT_EQ(field(R"({"model":7})"), "model");
    EXPECT_EQ(field(R"({"model":"i2vgen-xl","variant":"../x"})"), "variant");
    EXPECT_EQ(field(R"({"model":"i2vgen-xl","endpoint":"http://evil.example"})"), "model");
    EXPECT_EQ(get("/v1/models/pulls").json().at("pulls").size(), 0u);
}

TEST_F(PullsTest, AWaitingPullIsCancelledAtOnce) {
    start();
    const std::string id = post("/v1/models/pulls", R"({"model":"i2vgen-xl"})").json().at("id");
    EXPECT_EQ(post("/v1/models/pulls/" + id + "/cancel").json().at("state"), "cancelled");
    EXPECT_NE(post("/v1/models/pulls", R"({"model":"i2vgen-xl"})").json().at("id"), id);
    EXPECT_EQ(get("/v1/models/pulls/nothing").status, 404);
    EXPECT_EQ(post("/v1/models/pulls/" + queued() + "/cancel").status, 404) << "a clip is no pull";
}

TEST_F(PullsTest, OneWhoseWorkerKeepsDyingSaysWhatToDo) {
    start();
    const std::string id = post("/v1/models/pulls", R"({"model":"i2vgen-xl"})").json().at("id");
    for (int i = 0; i < jobs::kCrashesAllowed; ++i) {
        {
            const auto life = jobs::WorkerLife::begin(store().workers_folder(), "hand");
            jobs::ClaimRequest request;
            request.worker = "hand";
            request.lane = "pull";
            ASSERT_TRUE(store().claim(request));
        }
        store().reclaim("pull", {});
    }
    const auto pull = get("/v1/models/pulls/" + id).json();
    EXPECT_EQ(pull.at("state"), "failed");
    EXPECT_NE(pull.at("error").at("message").get<std::string>().find("pull again"), std::string::npos)
        << pull;
}

}  // namespace
}  // namespace stillreel::testing
