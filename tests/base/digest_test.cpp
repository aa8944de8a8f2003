#include "base/digest.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace stillreel
