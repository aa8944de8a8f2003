#include "server/http_text.h"

#include <gtest/gtest.h>

namespace stillreel::server {
namespace {

int status_thrown(const std::function<void()>& work) {
    try {
        work();
    } catch (const Refusal& refusal) {
        return refusal.status();
    }
    return 0;
}

TEST(HttpText, DecodesEscapesAndRefusesDamagedOnesAndZeroBytes) {
    EXPECT_EQ(percent_decoded("a%20b%2Fc"), "a b/c");
    EXPECT_EQ(status_thrown([] { percent_decoded("%4"); }), 400);
    EXPECT_EQ(status_thrown([] { percent_decoded("%zz"); }), 400);
    EXPECT_EQ(status_thrown([] { percent_decoded("a%00b"); }), 400);
}

TEST(HttpText, ReadsQueries) {
    const auto fields = parse_query("a=1&b=x+y%21&&c&a=2");
    EXPECT_EQ(fields.at("a"), "2");
    EXPECT_EQ(fields.at("b"), "x y!");
    EXPECT_EQ(fields.at("c"), "");
}

TEST(HttpText, FindsTheCookieAmongOthers) {
    Request request;
    request.headers = {{"cookie", "one=1; two=2"}, {"cookie", "three=3"}};
    EXPECT_EQ(cookie(request, "two"), "2");
    EXPECT_EQ(cookie(request, "three"), "3");
    EXPECT_EQ(cookie(request, "tw"), "");
}

TEST(HttpText, RangesFollowTheStandard) {
    const auto range = [](const char* text, std::uint64_t total) {
        const auto found = parse_range(text, total);
        return found ? std::to_string(found->first) + "+" + std::to_string(found->bytes) : "none";
    };
    EXPECT_EQ(range("bytes=0-4", 10), "0+5");
    EXPECT_EQ(range("bytes=5-", 10), "5+5");
    EXPECT_EQ(range("bytes=-3", 10), "7+3");
    EXPECT_EQ(range("bytes=-30", 10), "0+10");
    EXPECT_EQ(range("bytes=8-99", 10), "8+2");
    EXPECT_EQ(range("bytes=4-2", 10), "none");
    EXPECT_EQ(range("bytes=0-1,3-4", 10), "none");
    EXPECT_EQ(range("lines=0-1", 10), "none");
    EXPECT_EQ(range("bytes=99999999999999999999-", 10), "none");
    EXPECT_EQ(status_thrown([] { parse_range("bytes=10-", 10); }), 416);
    EXPECT_EQ(status_thrown([] { parse_range("bytes=-0", 10); }), 416);
}

TEST(HttpText, FormsComeApartByTheirBoundary) {
    const std::string body =
        "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--x\r\n"
        "Content-Disposition: form-data; name=\"file\"; filename=\"a;\\\"b.png\"\r\n"
        "Content-Type: image/png\r\n\r\n\r\n--y\r\n--x--\r\n";
    const auto parts = parse_form("multipart/form-data; boundary=x", body);
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(parts[0].content, "one");
    EXPECT_EQ(parts[1].filename, "a;\"b.png");
    EXPECT_EQ(parts[1].content, "\r\n--y");
    EXPECT_EQ(parts[1].content_type, "image/png");
}

TEST(HttpText, DamagedFormsAreRefused) {
    const char* type = "multipart/form-data; boundary=x";
    for (const char* body : {"", "--x", "--x\r\n", "--x\r\n\r\n", "--x\r\nA: b\r\n\r\nno end",
                             "--x\r\n\r\nno name\r\n--x--", "--xjunk--x"})
        EXPECT_EQ(status_thrown([&] { parse_form(type, body); }), 400) << body;
    EXPECT_EQ(status_thrown([&] { parse_form("multipart/form-data", "--x--"); }), 400);
    EXPECT_EQ(status_thrown([&] { parse_form("text/plain", "--x--"); }), 415);
}

}  // namespace
}  // namespace stillreel::server
