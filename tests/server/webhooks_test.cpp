// Clips tell of their end: signed, again and again until somebody takes it, and to nobody who should not be
// reached.
#include <openssl/hmac.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "server/webhook_message.h"
#include "service_fixture.h"
#include "studio/field_error.h"
#include "support/throws.h"
#include "support/web_receiver.h"

namespace stillreel::testing {
namespace {

using nlohmann::json;
using server::WebhookSecret;

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

// The example that the libraries of Standard Webhooks test themselves with.
TEST(WebhookSecretTest, SignsAsTheStandardsLibrariesDo) {
    const std::string expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    for (const char* text : {kSecret, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
        EXPECT_EQ(WebhookSecret::parse(text, "test")
                      .signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
                  expected);
}

TEST(WebhookSecretTest, RefusesWhatIsNoneWithoutQuotingIt) {
    for (const std::string text :
         {"", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64 at all!", "password1234"}) {
        EXPECT_ERROR(WebhookSecret::parse(text, "THE_PLACE"), ErrorCode::invalid_argument, "THE_PLACE");
        try {
            WebhookSecret::parse(text, "THE_PLACE");
        } catch (const Error& error) {
            if (text.size() > 8) {
                EXPECT_EQ(std::string(error.what()).find(text), std::string::npos) << error.what();
            }
        }
    }
}

TEST(WebhookSecretTest, IsMadeOnceForItsOwnersEyes) {
    const ScratchFolder folder;
    const fs::path file = folder / "home" / "webhook.secret";
    const std::string first = WebhookSecret::kept_in(file).signature("a", 1, "b");
    EXPECT_EQ(WebhookSecret::kept_in(file).signature("a", 1, "b"), first);
    const std::string text = read_text_file(file, 1000);
    EXPECT_EQ(text.rfind("whsec_", 0), 0u);
    EXPECT_EQ(text.size(), 6u + 44 + 1);
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(std::distance(fs::directory_iterator(file.parent_path()), fs::directory_iterator{}), 1);
    write_file(file, "damaged");
    EXPECT_ERROR(WebhookSecret::kept_in(file), ErrorCode::invalid_argument, file.string());
}

TEST(WebhookUrlTest, OfTheOpenInternetIsTaken) {
    for (const char* url :
         {"https://example.org/hook?a=b%20c", "http://example.org", "HTTPS://Example.org:8443/",
          "https://8.8.8.8/", "https://[2606:4700:4700::1111]/x", "https://example.org./",
          "https://example.org/@me"})
        server::check_webhook_url(url, Reach::public_only);
    for (const char* url : {"http://127.0.0.1:9/", "http://localhost/", "http://10.1.2.3/", "http://[::1]/"})
        server::check_webhook_url(url, Reach::anywhere);
}

TEST(WebhookUrlTest, ThatLeadsInsideIsRefusedHoweverItIsSpelt) {
    for (const std::string host : {"127.0.0.1",
                                   "127.1",
                                   "2130706433",
                                   "0x7f000001",
                                   "0x7f.1",
                                   "0177.0.0.1",
                                   "017700000001",
                                   "0",
                                   "0.0.0.0",
                                   "10.0.0.1",
                                   "172.16.9.9",
                                   "192.168.0.1",
                                   "169.254.169.254",
                                   "2852039166",
                                   "100.64.0.1",
                                   "224.0.0.1",
                                   "255.255.255.255",
                                   "localhost",
                                   "LOCALHOST",
                                   "localhost.",
                                   "a.localhost",
                                   "127.0.0.1.",
                                   "[::1]",
                                   "[::]",
                                   "[::ffff:127.0.0.1]",
                                   "[::ffff:7f00:1]",
                                   "[fe80::1]",
                                   "[fe80::1%25eth0]",
                                   "[fd00::1]",
                                   "[ff02::1]",
                                   "[64:ff9b::7f00:1]",
                                   "[2002:7f00:1::]",
                                   "%31%32%37.0.0.1",
                                   "127.0.0.1%2f"})
        for (const std::string& url : {"http://" + host + "/", "https://" + host + ":8080/x?y=z"})
            EXPECT_THROW(server::check_webhook_url(url, Reach::public_only), studio::FieldError) << url;
}

TEST(WebhookUrlTest, ThatIsNoneOrSmugglesIsRefusedAlways) {
    const std::string longest = "https://example.org/" + std::string(2000, 'x');
    for (const std::string& url : {std::string("example.org"),
                                   std::string("//example.org"),
                                   std::string("https:/example.org/"),
                                   std::string("https:///etc"),
                                   std::string("https://"),
                                   std::string("https://?x"),
                                   std::string("ftp://example.org/"),
                                   std::string("file:///etc/passwd"),
                                   std::string("gopher://example.org"),
                                   std::string("javascript:alert(1)"),
                                   std::string("https://user@example.org/"),
                                   std::string("https://user:secret@example.org/"),
                                   std::string("https://@example.org/"),
                                   std::string("https://example.org@127.0.0.1/"),
                                   std::string("https://example.org\\@127.0.0.1/"),
                                   std::string("https://example.org/\r\nX-Evil: 1"),
                                   std::string("https://example.org/%0d%0a\nx"),
                                   std::string("https://example.org/a b"),
                                   std::string("https://exämple.org/"),
                                   std::string("https://example.org/\0x", 22),
                                   std::string("https://example.org:99999/"),
                                   std::string("https://exa\tmple.org/"),
                                   std::string(" https://example.org/"),
                                   longest})
        EXPECT_THROW(server::check_webhook_url(url, Reach::anywhere), studio::FieldError) << url;
}

class WebhooksTest : public ServiceTest {
  protected:
    WebhooksTest() {
        webhooks_.reach = Reach::anywhere;
        webhooks_.secret = kSecret;
        webhooks_.waits_s = {0.05, 0.05, 0.05};
        webhooks_.timeout_s = 1;
        webhooks_.poll = std::chrono::milliseconds(10);
    }

    std::string clip_with(const std::string& webhook) const {
        const Answer made = post("/v1/clips", clip_of(asset(), R"(,"webhook":")" + webhook + "\""));
        EXPECT_EQ(made.status, 202) << made.body;
        return made.json().at("id");
    }
    json webhook_of(const std::string& clip) const { return get("/v1/clips/" + clip).json().at("webhook"); }
    /// The webhook of the clip once its state is this.
    json webhook_when(const std::string& clip, const std::string& state) const {
        const Stopwatch since;
        while (webhook_of(clip).at("state") != state && since.seconds() < 20)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return webhook_of(clip);
    }

    /// With OpenSSL alone, as a receiver would.
    static void expect_signed(const ReceivedRequest& request) {
        const std::string key(
            "\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6\x48\xa3\x62\xda\x2d\xa4"
            "\xb0",
            24);
        const std::string text = request.headers.at("webhook-id") + "." +
                                 request.headers.at("webhook-timestamp") + "." + request.body;
        unsigned char digest[32], base64[48];
        unsigned length = 0;
        HMAC(EVP_sha256(), key.data(), 24, reinterpret_cast<const unsigned char*>(text.data()), text.size(),
             digest, &length);
        EVP_EncodeBlock(base64, digest, 32);
        EXPECT_EQ(request.headers.at("webhook-signature"),
                  std::string("v1,") + reinterpret_cast<const char*>(base64));
        const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
        EXPECT_NEAR(static_cast<double>(now), std::stod(request.headers.at("webhook-timestamp")), 60);
    }
};

TEST_F(WebhooksTest, ACompletedClipIsToldOfSignedAndOnce) {
    start();
    WebReceiver receiver;
    const std::string id = clip_with(receiver.url("/hook?project=7"));
    EXPECT_EQ(webhook_of(id), (json{{"url", receiver.url("/hook?project=7")},
                                    {"state", "pending"},
                                    {"tries", 0},
                                    {"error", nullptr}}));
    EXPECT_TRUE(receiver.requests().empty());
    finish_next("video");
    ASSERT_TRUE(receiver.wait_for(1));
    EXPECT_EQ(webhook_when(id, "delivered").at("state"), "delivered");
    ASSERT_EQ(receiver.requests().size(), 1u);
    const ReceivedRequest request = receiver.requests()[0];
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/hook?project=7");
    EXPECT_EQ(request.headers.at("content-type"), "application/json");
    expect_signed(request);
    const json body = json::parse(request.body);
    EXPECT_EQ(body.at("type"), "clip.completed");
    EXPECT_EQ(body.at("timestamp"), get("/v1/clips/" + id).json().at("finished_at"));
    EXPECT_EQ(body.at("data").at("id"), id);
    EXPECT_EQ(body.at("data").at("state"), "completed");
}

TEST_F(WebhooksTest, FailedAndCancelledClipsAreToldOfToo) {
    start();
    WebReceiver receiver;
    const std::string id = clip_with(receiver.url());
    post("/v1/clips/" + id + "/cancel");
    ASSERT_TRUE(receiver.wait_for(1));
    EXPECT_EQ(json::parse(receiver.requests()[0].body).at("type"), "clip.cancelled");
    EXPECT_EQ(webhook_when(id, "delivered").at("state"), "delivered");
    post("/v1/clips/" + id + "/retry");
    EXPECT_EQ(webhook_of(id).at("state"), "pending") << "it will be told of anew";
    const auto life = jobs::WorkerLife::begin(store().workers_folder(), "hand");
    jobs::ClaimRequest claim;
    claim.worker = "hand";
    ASSERT_TRUE(store().fail(store().claim(claim).value(), "io", "the disk is full"));
    ASSERT_TRUE(receiver.wait_for(2));
    const json body = json::parse(receiver.requests()[1].body);
    EXPECT_EQ(body.at("type"), "clip.failed");
    EXPECT_EQ(body.at("data").at("error").at("message"), "the disk is full");
    EXPECT_NE(receiver.requests()[0].headers.at("webhook-id"),
              receiver.requests()[1].headers.at("webhook-id"));
}

TEST_F(WebhooksTest, IsTriedAgainUnderTheSameIdUntilItIsTaken) {
    start();
    WebReceiver receiver([](const ReceivedRequest&, int before) {
        ReceiverAnswer answer;
        if (before == 0) answer.status = 500;
        if (before == 1) answer.manner = ReceiverAnswer::Manner::hang_up;
        return answer;
    });
    const std::string id = clip_with(receiver.url());
    finish_next("video");
    EXPECT_EQ(webhook_when(id, "delivered"),
              (json{{"url", receiver.url()}, {"state", "delivered"}, {"tries", 2}, {"error", nullptr}}));
    ASSERT_EQ(receiver.requests().size(), 3u);
    for (const ReceivedRequest& request : receiver.requests()) {
        EXPECT_EQ(request.headers.at("webhook-id"), receiver.requests()[0].headers.at("webhook-id"));
        expect_signed(request);
    }
}

TEST_F(WebhooksTest, IsTriedAgainWhenNobodyListensAndGivenUpWithTheReason) {
    start();
    int port = 0;
    {
        const WebReceiver gone;
        port = gone.port();
    }
    const std::string id = clip_with("http://127.0.0.1:" + std::to_string(port) + "/");
    finish_next("video");
    const json webhook = webhook_when(id, "failed");
    EXPECT_EQ(webhook.at("tries"), 4) << "as many as there are waits, and one";
    EXPECT_NE(webhook.at("error").get<std::string>().find("cannot connect to 127.0.0.1"), std::string::npos)
        << webhook;
}

TEST_F(WebhooksTest, FollowsNoRedirect) {
    start();
    WebReceiver elsewhere;
    WebReceiver receiver([&](const ReceivedRequest&, int) {
        return ReceiverAnswer{302, {{"Location", elsewhere.url()}}};
    });
    const std::string id = clip_with(receiver.url());
    finish_next("video");
    EXPECT_NE(webhook_when(id, "failed").at("error").get<std::string>().find("redirects are not followed"),
              std::string::npos);
    EXPECT_TRUE(elsewhere.requests().empty());
}

TEST_F(WebhooksTest, WhoIsGoneIsNotCalledAgain) {
    start();
    WebReceiver receiver([](const ReceivedRequest&, int) { return ReceiverAnswer{410}; });
    const std::string id = clip_with(receiver.url());
    finish_next("video");
    EXPECT_NE(webhook_when(id, "failed").at("error").get<std::string>().find("410"), std::string::npos);
    EXPECT_EQ(receiver.requests().size(), 1u);
}

TEST_F(WebhooksTest, OneThatNeverAnswersKeepsNobodyWaitingForLong) {
    start();
    WebReceiver silent([](const ReceivedRequest&, int) {
        ReceiverAnswer answer;
        answer.manner = ReceiverAnswer::Manner::never;
        return answer;
    });
    WebReceiver receiver;
    clip_with(silent.url());
    clip_with(receiver.url());
    finish_next("video");
    finish_next("video");
    EXPECT_TRUE(receiver.wait_for(1));
    ASSERT_TRUE(silent.wait_for(1));
    const Stopwatch since;
    service_.reset();
    EXPECT_LT(since.seconds(), 8) << "a call under way does not hold up the end";
}

TEST_F(WebhooksTest, WhatWasNotDeliveredSurvivesARestart) {
    webhooks_.waits_s = {0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3};
    start();
    WebReceiver receiver(
        [](const ReceivedRequest&, int before) { return ReceiverAnswer{before == 0 ? 503 : 204}; });
    const std::string id = clip_with(receiver.url());
    finish_next("video");
    ASSERT_TRUE(receiver.wait_for(1));
    service_.reset();
    start();
    EXPECT_EQ(webhook_when(id, "delivered").at("state"), "delivered");
    ASSERT_EQ(receiver.requests().size(), 2u);
    EXPECT_EQ(receiver.requests()[0].headers.at("webhook-id"),
              receiver.requests()[1].headers.at("webhook-id"));
}

TEST_F(WebhooksTest, PrivateAddressesAreRefusedAtOnceOrWhenTheirNameTurnsOutToBeOne) {
    webhooks_.reach = Reach::public_only;
    start();
    WebReceiver receiver;
    const Answer refused = post("/v1/clips", clip_of(asset(), R"(,"webhook":")" + receiver.url() + "\""));
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.json().at("field"), "webhook");
    EXPECT_NE(refused.json().at("detail").get<std::string>().find("--allow-private-webhooks"),
              std::string::npos);
    EXPECT_EQ(get("/v1/clips").json().at("clips").size(), 0u);
    // A name whose address nobody knew at submit.
    jobs::NewJob job;
    job.webhook = "http://localhost:" + std::to_string(receiver.port()) + "/";
    const std::string id = store().submit(job).id;
    finish_next("video");
    const json webhook = webhook_when(id, "failed");
    EXPECT_NE(webhook.at("error").get<std::string>().find("open internet"), std::string::npos) << webhook;
    EXPECT_TRUE(receiver.requests().empty());
}

TEST_F(WebhooksTest, EveryWayToMakeAClipTakesOne) {
    start();
    WebReceiver receiver;
    const std::string url = receiver.url(), picture = asset();
    const Answer form = send_form(
        port(), "/v1/clips",
        {{"file", "a.png", png_bytes()}, {"size", "", "64"}, {"frames", "", "2"}, {"webhook", "", url}});
    ASSERT_EQ(form.status, 202) << form.body;
    EXPECT_EQ(form.json().at("webhook").at("url"), url);
    const std::string path = "/v1/clips/" + form.json().at("id").get<std::string>() + "/duplicate";
    EXPECT_EQ(post(path).json().at("webhook").at("url"), url);
    EXPECT_EQ(post(path, R"({"webhook":null})").json().at("webhook"), nullptr);
    EXPECT_EQ(post(path, R"({"webhook":")" + url + R"(x"})").json().at("webhook").at("url"), url + "x");
    const Answer batch =
        post("/v1/batches", R"({"pictures":[")" + picture + R"("],"webhook":")" + url + "\"}");
    ASSERT_EQ(batch.status, 202) << batch.body;
    EXPECT_EQ(batch.json().at("clips").at(0).at("webhook").at("url"), url);
    const Answer sheet =
        send_form(port(), "/v1/batches",
                  {{"file", "a.png", png_bytes()}, {"options", "", R"({"webhook":")" + url + "\"}"}});
    ASSERT_EQ(sheet.status, 202) << sheet.body;
    EXPECT_EQ(sheet.json().at("clips").at(0).at("webhook").at("url"), url);
    for (const char* bad : {R"(,"webhook":7)", R"(,"webhook":["x"])", R"(,"webhook":"nonsense")"})
        EXPECT_EQ(post("/v1/clips", clip_of(picture, bad)).json().at("field"), "webhook") << bad;
    EXPECT_EQ(post("/v1/clips", clip_of(picture)).json().at("webhook"), nullptr);
}

TEST_F(WebhooksTest, TheSecretIsMadeWhenTheFirstClipNeedsOne) {
    webhooks_.secret = "";
    start();
    queued();
    EXPECT_FALSE(fs::exists(scratch_ / "webhook.secret"));
    clip_with("https://hooks.invalid/");
    EXPECT_TRUE(fs::exists(scratch_ / "webhook.secret"));
}

TEST_F(WebhooksTest, WhoListensHearsOfTheDelivery) {
    start();
    WebReceiver receiver;
    Connection stream(port());
    stream.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.read_until("event: hello");
    clip_with(receiver.url());
    finish_next("video");
    EXPECT_NE(stream.read_until("\"state\":\"delivered\"").find("\"state\":\"delivered\""),
              std::string::npos);
}

}  // namespace
}  // namespace stillreel::testing
