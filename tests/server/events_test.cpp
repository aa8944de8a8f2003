#include <chrono>
#include <thread>

#include "service_fixture.h"

namespace stillreel::testing {
namespace {

class EventsTest : public ServiceTest {
  protected:
    std::unique_ptr<Connection> listen(const std::string& more = "") const {
        auto stream = std::make_unique<Connection>(port());
        stream->send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n");
        return stream;
    }
};

TEST_F(EventsTest, ChangesAreToldAsTheyHappen) {
    start();
    const auto stream = listen();
    const std::string begin = stream->read_until("event: hello");
    EXPECT_NE(begin.find("text/event-stream"), std::string::npos) << begin;
    const std::string id = queued();
    EXPECT_NE(stream->read_until(id).find("\"kind\":\"created\""), std::string::npos);
    post("/v1/queue/pause");
    EXPECT_NE(stream->read_until("event: queue").find("\"paused\":true"), std::string::npos);
    ask(port(), "DELETE", "/v1/clips/" + id);
    EXPECT_NE(stream->read_until("event: deleted").find("event: deleted"), std::string::npos);
}

TEST_F(EventsTest, AListenerThatComesBackMissesNothing) {
    start();
    const std::int64_t known = store().last_event();
    const std::string one = queued(), two = queued();
    const auto stream = listen("Last-Event-ID: " + std::to_string(known) + "\r\n");
    const std::string text = stream->read_until(two);
    EXPECT_NE(text.find(one), std::string::npos) << text;
    const auto again = listen("Last-Event-ID: " + std::to_string(store().last_event()) + "\r\n");
    again->read_until("event: hello");
    EXPECT_EQ(again->read_until("event: clip", 300).find("event: clip"), std::string::npos) << "told twice";
}

TEST_F(EventsTest, WhoKnowsNonsenseBeginsAnew) {
    start();
    for (const char* known : {"999999", "-1", "x", "99999999999999999999999"})
        EXPECT_NE(
            listen("Last-Event-ID: " + std::string(known) + "\r\n")->read_until("event: ").find("reset"),
            std::string::npos)
            << known;
}

TEST_F(EventsTest, ManyListenersDoNotStarveReads) {
    start();
    std::vector<std::unique_ptr<Connection>> streams;
    for (int i = 0; i < 200; ++i) streams.push_back(listen());
    for (const auto& stream : streams) stream->read_until("event: hello");
    EXPECT_EQ(get("/v1/clips").status, 200);
    const std::string id = queued();
    for (const auto& stream : streams) ASSERT_NE(stream->read_until(id).find(id), std::string::npos);
    EXPECT_EQ(get("/v1/system").json().at("listeners"), 200);
}

TEST_F(EventsTest, AListenerThatDoesNotReadIsGivenUp) {
    server::HttpSettings http;
    http.max_stream_backlog_bytes = 4096;
    http.write_timeout = std::chrono::seconds(1);
    start({}, http);
    const auto stream = listen();
    stream->read_until("event: hello");
    int small = 2048;
    ::setsockopt(stream->socket(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    jobs::NewJob large;
    large.spec = R"({"prompt":")" + std::string(200'000, 'x') + "\"}";
    for (int i = 0; i < 100 && get("/v1/system").json().at("listeners") != 0; ++i) {
        store().submit(large);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(get("/v1/system").json().at("listeners"), 0);
}

}  // namespace
}  // namespace stillreel::testing
