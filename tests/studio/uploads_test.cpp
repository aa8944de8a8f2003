#include "studio/uploads.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/scratch.h"

namespace stillreel::studio {
namespace {

TEST(UploadStore, KeepsOneCopyForEachContent) {
    const testing::ScratchFolder scratch;
    const UploadStore store(scratch / "uploads");
    const std::string digest = sha256_hex("picture");
    EXPECT_FALSE(store.find(digest));
    store.keep(digest, "jpg", {'p', 'i', 'c', 't', 'u', 'r', 'e'});
    store.keep(digest, "png", {'p', 'i', 'c', 't', 'u', 'r', 'e'});
    ASSERT_TRUE(store.find(digest));
    EXPECT_EQ(sha256_hex_of_file(*store.find(digest)), digest);
    EXPECT_EQ(std::distance(fs::directory_iterator(scratch / "uploads"), {}), 1);
}

TEST(UploadStore, LooksForNothingButDigests) {
    const testing::ScratchFolder scratch;
    write_file(scratch / "secret.jpg", "x");
    EXPECT_FALSE(UploadStore(scratch / "uploads").find("../secret"));
}

}  // namespace
}  // namespace stillreel::studio
