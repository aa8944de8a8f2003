#include "base/http.h"

#include <gtest/gtest.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/ticker.h"
#include "support/throws.h"
#include "support/web_receiver.h"

namespace stillreel {
namespace {

using testing::ReceivedRequest;
using testing::ReceiverAnswer;
using testing::WebReceiver;
using Manner = ReceiverAnswer::Manner;

HttpPost message_to(const std::string& url) {
    HttpPost message;
    message.url = url;
    message.headers = {{"X-Test", "one two"}};
    message.body = std::string("{\"a\":1}\n\0z", 10);
    message.timeout_s = 2;
    message.reach = Reach::anywhere;
    return message;
}

TEST(HttpPost, SendsTheMessageAsItIs) {
    WebReceiver receiver;
    const HttpReply reply = HttpClient().post(message_to(receiver.url("/in?x=1")), nullptr);
    EXPECT_EQ(reply.status, 200);
    ASSERT_EQ(receiver.requests().size(), 1u);
    const ReceivedRequest request = receiver.requests()[0];
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/in?x=1");
    EXPECT_EQ(request.headers.at("x-test"), "one two");
    EXPECT_EQ(request.body, message_to("").body);
}

TEST(HttpPost, FollowsNoRedirect) {
    WebReceiver elsewhere;
    WebReceiver receiver([&](const ReceivedRequest&, int) {
        return ReceiverAnswer{307, {{"Location", elsewhere.url("/secret")}}};
    });
    EXPECT_EQ(HttpClient().post(message_to(receiver.url()), nullptr).status, 307);
    EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(HttpPost, ReachesThePublicOnlyWhateverTheNameSays) {
    WebReceiver receiver;
    for (const std::string host : {"127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1",
                                   "127.1", "0", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"}) {
        HttpPost message = message_to("http://" + host + ":" + std::to_string(receiver.port()) + "/");
        message.reach = Reach::public_only;
        EXPECT_ERROR(HttpClient().post(message, nullptr), ErrorCode::invalid_argument, "open internet");
    }
    EXPECT_TRUE(receiver.requests().empty());
}

TEST(HttpPost, AsksNoProxyWhichWouldConnectInOurStead) {
    WebReceiver proxy;
    setenv("http_proxy", proxy.url().c_str(), 1);
    HttpPost message = message_to("http://[64:ff9b::a9fe:a9fe]/");
    message.reach = Reach::public_only;
    EXPECT_ERROR(HttpClient().post(message, nullptr), ErrorCode::invalid_argument, "open internet");
    unsetenv("http_proxy");
    EXPECT_TRUE(proxy.requests().empty());
}

TEST(HttpPost, SpeaksHttpAndHttpsOnly) {
    for (const char* url :
         {"ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "127.0.0.1", ""}) {
        EXPECT_ERROR(HttpClient().post(message_to(url), nullptr), ErrorCode::invalid_argument, "");
    }
}

TEST(HttpPost, GivesUpOnWhoDoesNotAnswer) {
    WebReceiver receiver([](const ReceivedRequest&, int) {
        ReceiverAnswer answer;
        answer.manner = Manner::never;
        return answer;
    });
    HttpPost message = message_to(receiver.url());
    message.timeout_s = 1;
    EXPECT_ERROR(HttpClient().post(message, nullptr), ErrorCode::io, "did not answer within 1 s");
}

TEST(HttpPost, ReadsAnAnswerOnlySoFar) {
    WebReceiver receiver([](const ReceivedRequest&, int) {
        ReceiverAnswer answer{201};
        answer.manner = Manner::endless_body;
        return answer;
    });
    EXPECT_EQ(HttpClient().post(message_to(receiver.url()), nullptr).status, 201);
    WebReceiver babbler([](const ReceivedRequest&, int) {
        ReceiverAnswer answer;
        answer.manner = Manner::endless_head;
        return answer;
    });
    EXPECT_ERROR(HttpClient().post(message_to(babbler.url()), nullptr), ErrorCode::io, "127.0.0.1");
}

TEST(HttpPost, StopsWhenAskedTo) {
    WebReceiver receiver([](const ReceivedRequest&, int) {
        ReceiverAnswer answer;
        answer.manner = Manner::never;
        return answer;
    });
    CancelFlag cancel;
    const Ticker soon(std::chrono::milliseconds(50), [&] { cancel.request(); });
    HttpPost message = message_to(receiver.url());
    message.timeout_s = 60;
    const Stopwatch since;
    EXPECT_ERROR(HttpClient().post(message, &cancel), ErrorCode::cancelled, "");
    EXPECT_LT(since.seconds(), 20);
}

TEST(HttpPost, SaysThatNobodyListens) {
    int port = 0;
    {
        const WebReceiver gone;
        port = gone.port();
    }
    const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/";
    EXPECT_ERROR(HttpClient().post(message_to(url), nullptr), ErrorCode::io, "cannot connect to 127.0.0.1");
}

TEST(Origin, HoldsWhatDecidesWhoSeesAToken) {
    EXPECT_EQ(origin_of("https://Hub.example/a?b"), origin_of("https://hub.example:443/c"));
    EXPECT_NE(origin_of("https://hub.example"), origin_of("http://hub.example"));
    EXPECT_NE(origin_of("https://hub.example"), origin_of("https://hub.example:8443"));
    EXPECT_NE(origin_of("https://hub.example"), origin_of("https://hub.example.evil"));
}

TEST(PercentEncoded, KeepsPathsReadable) {
    EXPECT_EQ(percent_encoded("unet/a b#c?.json"), "unet/a%20b%23c%3F.json");
    EXPECT_EQ(percent_encoded("ü"), "%C3%BC");
}

}  // namespace
}  // namespace stillreel
