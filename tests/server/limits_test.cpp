// Attacks with size, shape, slowness and paths.
#include <chrono>
#include <thread>

#include "service_fixture.h"

namespace stillreel::testing {
namespace {

using std::chrono::seconds;

class LimitsTest : public ServiceTest {};

TEST_F(LimitsTest, DeepJsonIsRefused) {
    start();
    const std::string deep(100'000, '[');
    EXPECT_EQ(post("/v1/plan", "{\"prompt\":" + deep).status, 400);
    EXPECT_EQ(post("/v1/plan", "{\"a\":" + std::string(40, '[') + std::string(40, ']') + "}").status, 400);
    EXPECT_EQ(post("/v1/plan", "not json").status, 400);
    EXPECT_EQ(post("/v1/plan", "[1]").status, 400);
    EXPECT_EQ(post("/v1/plan", "{}", {{"Content-Type", "text/plain"}}).status, 415);
    EXPECT_EQ(post("/v1/plan", "{\"prompt\":\"" + std::string(2 << 20, 'x') + "\"}").status, 413);
}

TEST_F(LimitsTest, BodiesHeadersAndAddressesAreBounded) {
    server::HttpSettings http;
    http.max_body_bytes = 1000;
    start({}, http);
    EXPECT_EQ(post("/v1/plan", std::string(2000, ' ')).status, 0);
    EXPECT_EQ(get("/" + std::string(9000, 'x')).status, 0);
    EXPECT_EQ(get("/healthz", {{"X-Long", std::string(9000, 'x')}}).status, 0);
    HeaderList many;
    for (int i = 0; i < 100; ++i) many["X-" + std::to_string(i)] = "1";
    EXPECT_EQ(get("/healthz", many).status, 0);
    EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(LimitsTest, SlowClientsAreHungUpOn) {
    server::HttpSettings http;
    http.read_timeout = seconds(1);
    start({}, http);
    Connection slow(port());
    const auto begin = std::chrono::steady_clock::now();
    // A byte at a time does not buy more time.
    for (const char c : std::string("GET /healthz HTTP/1.1\r\nHost: localho")) {
        slow.send(std::string(1, c));
        if (slow.read_more(100) || slow.closed()) break;
    }
    slow.read_until("never", 5000);
    EXPECT_TRUE(slow.closed());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
}

TEST_F(LimitsTest, MoreConnectionsThanAllowedWait) {
    server::HttpSettings http;
    http.max_connections = 4;
    http.read_timeout = seconds(2);
    start({}, http);
    std::vector<std::unique_ptr<Connection>> idle;
    for (int i = 0; i < 8; ++i) idle.push_back(std::make_unique<Connection>(port()));
    idle.clear();
    EXPECT_EQ(get("/healthz").status, 200) << "the server survives, and serves again";
}

TEST_F(LimitsTest, OnlyPicturesAreTaken) {
    start();
    EXPECT_EQ(upload("<html><script>alert(1)</script></html>", "x.png").status, 415);
    EXPECT_EQ(upload("MZ not a picture", "x.jpg").status, 415);
    EXPECT_EQ(upload("", "x.jpg").status, 422);
    EXPECT_EQ(upload(png_bytes().substr(0, 20)).status, 422);
    const Answer answer = upload("GIF89a................", "x.gif");
    EXPECT_EQ(answer.status, 415);
    EXPECT_EQ(answer.json().at("field"), "file");
    EXPECT_EQ(send_form(port(), "/v1/assets", {{"other", "a.png", png_bytes()}}).status, 422);
    EXPECT_TRUE(get("/v1/assets").json()["assets"].empty());
}

TEST_F(LimitsTest, ABombOfPixelsIsRefusedByItsHeader) {
    start();
    std::string bomb = png_bytes();
    // Width and height in IHDR: 60000 x 60000. Its check sum is wrong then, or its size is too large:
    // refused.
    for (const int at : {16, 20}) {
        bomb[at] = 0;
        bomb[at + 1] = 0;
        bomb[at + 2] = static_cast<char>(0xEA);
        bomb[at + 3] = 0x60;
    }
    EXPECT_EQ(upload(bomb).status, 422);
}

TEST_F(LimitsTest, UploadsAreBoundedAndNamedAtRandom) {
    start();
    const std::string large = png_bytes() + std::string((64u << 20) + 1, 'x');
    EXPECT_EQ(upload(large).status, 413);
    const Answer one = upload(png_bytes(), "../../etc/passwd"), two = upload(png_bytes(), "..\\evil.png");
    ASSERT_EQ(one.status, 201);
    EXPECT_EQ(one.json().at("name"), "passwd");
    EXPECT_EQ(two.json().at("name"), "evil.png");
    EXPECT_NE(one.json().at("id"), two.json().at("id"));
    for (const auto& entry : std::filesystem::directory_iterator(scratch_ / "assets"))
        EXPECT_EQ(entry.path().filename().string().find("passwd"), std::string::npos);
}

TEST_F(LimitsTest, NoPathLeavesItsFolder) {
    start();
    std::ofstream(scratch_ / "secret.txt") << "secret";
    for (const char* path :
         {"/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt",
          "/..\\secret.txt", "/%5c..%5csecret.txt", "/secret.txt%00", "//secret.txt", "/./secret.txt",
          "/v1/assets/..%2f..%2fsecret.txt", "/v1/clips/%2e%2e/content"}) {
        const Answer answer = get(path);
        EXPECT_TRUE(answer.status == 400 || answer.status == 404) << path << " " << answer.status;
        EXPECT_EQ(answer.body.find("secret.txt\n"), std::string::npos);
    }
}

TEST_F(LimitsTest, AnOutputThatIsALinkIsNotFollowed) {
    start();
    queued();
    const std::string id = finish_next("video");
    const std::string output = store().get(id).output;
    std::ofstream(scratch_ / "secret.txt") << "secret";
    std::filesystem::remove(outputs() / output);
    std::filesystem::create_symlink(scratch_ / "secret.txt", outputs() / output);
    EXPECT_EQ(get("/v1/clips/" + id + "/content").status, 404);
}

TEST_F(LimitsTest, OpensOnlyPlainFilesInsideOfTheFolder) {
    const auto inside = scratch_ / "root";
    std::filesystem::create_directories(inside / "sub");
    std::ofstream(inside / "sub" / "file") << "x";
    std::ofstream(scratch_ / "outside") << "x";
    std::filesystem::create_directory_symlink(scratch_.path(), inside / "link");
    EXPECT_NO_THROW(server::open_inside(inside, "sub/file"));
    for (const std::string& name :
         {std::string("../outside"), std::string("link/outside"), std::string("sub"),
          std::string("/etc/passwd"), std::string("sub//file"), std::string("sub\\file"),
          std::string("sub/file\0x", 10), std::string(""), std::string(".")})
        EXPECT_THROW(server::open_inside(inside, name), Error) << name;
}

TEST_F(LimitsTest, NothingIsServedAsSomethingThatRuns) {
    start();
    queued();
    const std::string id = finish_next("<script>alert(1)</script>");
    for (const std::string& target : {std::string("/v1/clips/") + id + "/content", std::string("/v1/clips"),
                                      std::string("/"), std::string("/nothing")}) {
        const Answer answer = get(target);
        EXPECT_EQ(answer.header("x-content-type-options"), "nosniff") << target;
        const std::string policy = answer.header("content-security-policy");
        EXPECT_NE(policy.find("script-src 'self';"), std::string::npos) << target;
        EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
        EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    }
    EXPECT_EQ(get("/v1/clips/" + id + "/content").header("content-type"), "video/mp4");
}

TEST_F(LimitsTest, TextsOfUsersStayTexts) {
    start();
    const std::string evil = R"(<script>alert(\"x\")</script>)";
    const std::string id =
        post("/v1/clips", R"({"picture":")" + asset() + R"(","size":64,"frames":2,"prompt":")" + evil + "\"}")
            .json()
            .at("id");
    const Answer answer = get("/v1/clips/" + id);
    EXPECT_EQ(answer.header("content-type"), "application/json");
    EXPECT_EQ(answer.json().at("spec").at("prompt"), "<script>alert(\"x\")</script>");
}

TEST_F(LimitsTest, ClientsNameNoFilesOfTheServer) {
    start();
    for (const char* field : {"camera", "depth", "mask", "model"}) {
        const Answer answer =
            post("/v1/clips", clip_of(asset(), std::string(",\"") + field + "\":\"/etc/passwd\""));
        EXPECT_TRUE(answer.status == 422 || answer.status == 404) << field << " " << answer.status;
        EXPECT_EQ(answer.json().at("field"), field);
    }
    EXPECT_EQ(post("/v1/clips", clip_of("/etc/passwd")).json().at("field"), "picture");
}

}  // namespace
}  // namespace stillreel::testing
