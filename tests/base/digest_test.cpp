#include "base/digest.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace stillreel {
namespace {

TEST(Digest, Sha256OfPiecesIsThatOfTheWhole) {
    Digest digest = Digest::sha256();
    digest.add("a", 1);
    digest.add("bc", 2);
    // FIPS 180-4, example "abc".
    EXPECT_EQ(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, GitBlobIsWhatGitHashObjectSays) {
    Digest empty = Digest::git_blob(0);
    EXPECT_EQ(empty.hex(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    Digest hello = Digest::git_blob(6);
    hello.add("hello\n", 6);
    EXPECT_EQ(hello.hex(), "ce013625030ba8dba906f756967f9e9ca394464a");
}

// RFC 4231, test cases 2 and 6 (a key longer than a block).
TEST(Hmac, AgreesWithItsStandard) {
    const auto hex = [](const std::string& bytes) {
        std::string text;
        char two[3];
        for (const char c : bytes) {
            std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
            text += two;
        }
        return text;
    };
    EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(
        hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// RFC 4648, section 10.
TEST(Base64, IsWrittenAndReadAsItsStandardSays) {
    const std::vector<std::pair<std::string, std::string>> pairs = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"},
                                                                    {std::string("\0\xff\xfe", 3), "AP/+"}};
    for (const auto& [bytes, text] : pairs) {
        EXPECT_EQ(base64(bytes), text);
        EXPECT_EQ(parse_base64(text), bytes);
    }
    for (const char* bad :
         {"Z", "Zg", "Zg=", "Zh==", " Zg==", "Zg==\n", "Zm9v====", "Zm9-", "====", "Z===", "Zg==Zg=="})
        EXPECT_FALSE(parse_base64(bad).has_value()) << bad;
}

}  // namespace
}  // namespace stillreel
