// Attacks on who may talk to the server.
#include "server/access.h"

#include "base/error.h"
#include "service_fixture.h"

namespace stillreel::testing {
namespace {

const std::string kToken = "correct horse battery staple";

class AccessTest : public ServiceTest {};

TEST_F(AccessTest, ListeningElsewhereDemandsAToken) {
    EXPECT_THROW(server::check_rules({"0.0.0.0", "", ""}), Error);
    EXPECT_THROW(server::check_rules({"0.0.0.0", "short", ""}), Error);
    EXPECT_THROW(server::check_rules({"example.org", kToken, ""}), Error);
    EXPECT_THROW(server::check_rules({"127.0.0.1", "", "ftp://x"}), Error);
    EXPECT_NO_THROW(server::check_rules({"0.0.0.0", kToken, ""}));
    EXPECT_NO_THROW(server::check_rules({"127.0.0.1", "", ""}));
    EXPECT_NO_THROW(server::check_rules({"::1", "", ""}));
}

TEST_F(AccessTest, AnotherHostNameIsRefused) {
    start();
    for (const char* host : {"evil.example", "evil.example:7860", "localhost.evil.example",
                             "127.0.0.1.evil.example", "192.168.1.4", "[::2]:80", "[", ":"})
        EXPECT_EQ(get("/v1/clips", {{"Host", host}}).status, 403) << host;
    for (const char* host : {"localhost", "LOCALHOST:7860", "127.0.0.1:1", "[::1]:7860"})
        EXPECT_EQ(get("/v1/clips", {{"Host", host}}).status, 200) << host;
}

TEST_F(AccessTest, ARequestNamesExactlyOneHost) {
    start();
    EXPECT_EQ(get("/healthz", {{"Host", ""}}).status, 400);
    Connection connection(port());
    connection.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n");
    EXPECT_NE(connection.read_answer().status, 200);
}

TEST_F(AccessTest, PostsOfOtherSitesAreRefused) {
    start();
    const std::string here = "localhost:" + std::to_string(port());
    for (const std::string origin :
         {"http://evil.example", "null", "http://localhost:1", "https://evil.example"})
        EXPECT_EQ(post("/v1/queue/pause", "", {{"Origin", origin}}).status, 403) << origin;
    EXPECT_FALSE(store().paused());
    EXPECT_EQ(post("/v1/queue/pause", "", {{"Origin", "http://" + here}}).status, 200);
    EXPECT_TRUE(store().paused());
}

TEST_F(AccessTest, ThePublicUrlIsLetIn) {
    start({"127.0.0.1", kToken, "https://clips.example.org"});
    const HeaderList right = {{"Host", "clips.example.org"},
                              {"Origin", "https://clips.example.org"},
                              {"Authorization", "Bearer " + kToken}};
    EXPECT_EQ(get("/v1/clips", right).status, 200);
    EXPECT_EQ(get("/v1/clips", {{"Host", "other.example.org"}, {"Authorization", "Bearer " + kToken}}).status,
              403);
    const Answer login =
        post("/v1/session", R"({"token":")" + kToken + "\"}", {{"Host", "clips.example.org"}});
    EXPECT_NE(login.header("set-cookie").find("; Secure"), std::string::npos);
}

TEST_F(AccessTest, WithoutTheTokenNothingIsShown) {
    start({"127.0.0.1", kToken, ""});
    for (const auto& [method, pattern] : service_->interface_routes()) {
        std::string target = pattern;
        for (const char* parameter : {"{id}", "{n}"})
            if (const auto at = target.find(parameter); at != std::string::npos)
                target.replace(at, std::string(parameter).size(), "1");
        const int status = ask(port(), method, target).status;
        const bool open = target == "/healthz" || target == "/readyz" || target == "/openapi.json" ||
                          target == "/v1/session";
        if (open)
            EXPECT_NE(status, 403) << target;
        else
            EXPECT_EQ(status, 401) << method << " " << target;
    }
    EXPECT_EQ(get("/v1/nothing").status, 401) << "what exists must not show";
    EXPECT_EQ(get("/v1/clips").header("www-authenticate"), "Bearer");
    EXPECT_EQ(get("/").status, 200) << "the page has the login";
}

TEST_F(AccessTest, OnlyTheRightBearerIsLetIn) {
    start({"127.0.0.1", kToken, ""});
    const auto with = [&](const std::string& value) {
        return get("/v1/clips", {{"Authorization", value}}).status;
    };
    EXPECT_EQ(with("Bearer " + kToken), 200);
    EXPECT_EQ(with("bearer " + kToken), 200);
    EXPECT_EQ(with("Bearer " + kToken + "x"), 401);
    EXPECT_EQ(with("Bearer " + kToken.substr(1)), 401);
    EXPECT_EQ(with("Bearer "), 401);
    EXPECT_EQ(with("Basic " + kToken), 401);
    EXPECT_EQ(get("/v1/clips?token=correct+horse+battery+staple").status, 401) << "never in an address";
}

TEST_F(AccessTest, TheLoginGivesACookieThatScriptsCannotRead) {
    start({"127.0.0.1", kToken, ""});
    EXPECT_EQ(post("/v1/session", R"({"token":"wrong, but long enough"})").status, 401);
    const Answer login = post("/v1/session", R"({"token":")" + kToken + "\"}");
    ASSERT_EQ(login.status, 204);
    const std::string cookie = login.header("set-cookie");
    EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
    EXPECT_NE(cookie.find("SameSite=Strict"), std::string::npos);
    EXPECT_EQ(cookie.find(kToken), std::string::npos);
    const std::string session = cookie.substr(0, cookie.find(';'));
    EXPECT_EQ(get("/v1/clips", {{"Cookie", session}}).status, 200);
    EXPECT_EQ(get("/v1/clips", {{"Cookie", session + "0"}}).status, 401);
    EXPECT_EQ(get("/v1/session", {{"Cookie", session}}).json(),
              nlohmann::json::parse(R"({"token_needed":true,"logged_in":true})"));
    EXPECT_EQ(ask(port(), "DELETE", "/v1/session", "", {{"Cookie", session}}).status, 204);
    EXPECT_EQ(get("/v1/clips", {{"Cookie", session}}).status, 401);
}

TEST_F(AccessTest, GuessingTheTokenIsSlowedDown) {
    start({"127.0.0.1", kToken, ""});
    int status = 0;
    for (int i = 0; i < 25; ++i) status = post("/v1/session", R"({"token":"guess"})").status;
    EXPECT_EQ(status, 429);
    EXPECT_EQ(get("/v1/clips", {{"Authorization", "Bearer " + kToken}}).status, 200);
}

TEST_F(AccessTest, ComparesWholeTexts) {
    EXPECT_TRUE(server::equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(server::equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(server::equal_in_constant_time("abc", "ab"));
    EXPECT_FALSE(server::equal_in_constant_time("", "a"));
}

}  // namespace
}  // namespace stillreel::testing
