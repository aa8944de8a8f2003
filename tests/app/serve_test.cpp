// `stillreel serve` as a user starts and stops it.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <regex>
#include <thread>

#include "app_fixture.h"

namespace stillreel::app {
namespace {

using stillreel::testing::Process;

/// A port that somebody listens on.
class TakenPort {
  public:
    TakenPort() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof where;
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&where), size), 0);
        EXPECT_EQ(::listen(socket_, 1), 0);
        EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&where), &size), 0);
        number_ = ntohs(where.sin_port);
    }
    ~TakenPort() { ::close(socket_); }
    std::string number() const { return std::to_string(number_); }

  private:
    int socket_;
    int number_ = 0;
};

class ServeTest : public AppTest {};

TEST_F(ServeTest, SaysWhereItIsAndStopsCleanly) {
    Process server(command({"serve", "--port", "0", "--workers", "0"}), options());
    const std::string out = said(server, "Ctrl-C");
    EXPECT_TRUE(std::regex_search(out, std::regex("listens on http://localhost:[0-9]+"))) << out;
    EXPECT_NE(out.find("engine   animatic"), std::string::npos) << out;
    EXPECT_NE(out.find((home() / "logs" / "stillreel_").string()), std::string::npos) << out;
    EXPECT_TRUE(fs::exists(home() / "stillreel.db"));
    server.signal(SIGINT);
    EXPECT_EQ(server.wait().exit_code, 0);
}

TEST_F(ServeTest, OffersAnotherPortWhenItsOwnIsTaken) {
    const TakenPort taken;
    const auto result = run({"serve", "--port", taken.number(), "--workers", "0"});
    EXPECT_EQ(result.exit_code, 8);
    EXPECT_NE(result.err.find("port " + taken.number() + " is taken"), std::string::npos) << result.err;
    EXPECT_TRUE(std::regex_search(result.err, std::regex("is free: start with --port [0-9]+"))) << result.err;
    EXPECT_FALSE(fs::exists(home())) << "it touches nothing before it knows that it can listen";
}

TEST_F(ServeTest, RefusesToListenElsewhereWithoutAToken) {
    const auto result = run({"serve", "--port", "0", "--listen", "0.0.0.0"});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_NE(result.err.find("--token"), std::string::npos) << result.err;
}

TEST_F(ServeTest, SaysWhatIsWrongWithTheConfigOfItsWorkers) {
    write_text("../config/stillreel/config.toml", "packed_cache = 3\n");
    const auto result = run({"serve", "--port", "0"});
    EXPECT_EQ(result.exit_code, 3);
    expect_one_sentence(result.err, "config.toml:1: packed_cache must be true or false");
    EXPECT_FALSE(fs::exists(home()));
}

TEST_F(ServeTest, SaysWhichFolderItCannotWrite) {
    write_text("file", "in the way");
    const auto result = run({"serve", "--port", "0", "--home", (work() / "file" / "home").string()});
    EXPECT_EQ(result.exit_code, 6);
    EXPECT_NE(result.err.find("file/home"), std::string::npos) << result.err;
}

TEST_F(ServeTest, KeepsItsTokenOutOfTheLog) {
    auto with_token = options();
    with_token.environment["STILLREEL_TOKEN"] = "a token that must not show";
    Process server(command({"serve", "--port", "0", "--workers", "0"}), with_token);
    EXPECT_EQ(said(server, "Ctrl-C").find("must not show"), std::string::npos);
    server.signal(SIGTERM);
    EXPECT_EQ(server.wait().err.find("must not show"), std::string::npos);
    for (const auto& entry : fs::directory_iterator(home() / "logs"))
        EXPECT_EQ(bytes(entry.path()).find("must not show"), std::string::npos);
}

TEST_F(ServeTest, TakesItsWebhookSecretFromTheEnvironmentAndKeepsItToItself) {
    auto with_secret = options();
    with_secret.environment["STILLREEL_WEBHOOK_SECRET"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    {
        Process server(command({"serve", "--port", "0", "--workers", "1"}), with_secret);
        EXPECT_EQ(said(server, "Ctrl-C").find("MfKQ9r"), std::string::npos);
        server.signal(SIGTERM);
        EXPECT_EQ(server.wait().err.find("MfKQ9r"), std::string::npos);
    }
    for (const auto& entry : fs::directory_iterator(home() / "logs"))
        EXPECT_EQ(bytes(entry.path()).find("MfKQ9r"), std::string::npos);
    EXPECT_FALSE(fs::exists(home() / "webhook.secret"));
    with_secret.environment["STILLREEL_WEBHOOK_SECRET"] = "MfKQ9r-no-secret";
    Process refused(command({"serve", "--port", "0", "--workers", "0"}), with_secret);
    const auto result = refused.wait();
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_NE(result.err.find("STILLREEL_WEBHOOK_SECRET"), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("MfKQ9r"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace stillreel::app
