#include "base/name_claim.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel {
namespace {

namespace fs = std::filesystem;
using testing::ScratchFolder;

TEST(NameClaim, OneHolderAtATime) {
    const ScratchFolder scratch;
    auto first = NameClaim::take(scratch / "a.mp4");
    ASSERT_TRUE(first);
    EXPECT_FALSE(NameClaim::take(scratch / "a.mp4"));
    EXPECT_TRUE(fs::exists(scratch / "a.mp4.part"));
    first.reset();
    EXPECT_TRUE(NameClaim::take(scratch / "a.mp4"));
    EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(NameClaim, ALeftOverPartOfAKilledProcessIsNoObstacle) {
    const ScratchFolder scratch;
    std::ofstream(scratch / "a.mp4.part") << "half a clip";
    EXPECT_TRUE(NameClaim::take(scratch / "a.mp4"));
}

TEST(NameClaim, RemovesTheFoldersThatItMadeUnlessTheyHoldSomething) {
    const ScratchFolder scratch;
    { const auto claim = NameClaim::take(scratch / "x/y/a.mp4"); }
    EXPECT_TRUE(fs::is_empty(scratch.path()));
    {
        const auto claim = NameClaim::take(scratch / "x/y/a.mp4");
        std::ofstream(scratch / "x/b.txt") << "kept";
    }
    EXPECT_TRUE(fs::exists(scratch / "x/b.txt"));
    EXPECT_FALSE(fs::exists(scratch / "x/y"));
}

TEST(NameClaim, ARenamedPartIsNotTouched) {
    const ScratchFolder scratch;
    {
        const auto claim = NameClaim::take(scratch / "a.mp4");
        fs::rename(scratch / "a.mp4.part", scratch / "a.mp4");
    }
    EXPECT_TRUE(fs::exists(scratch / "a.mp4"));
}

TEST(NameClaim, SaysWhyANameCannotBeHad) {
    const ScratchFolder scratch;
    std::ofstream(scratch / "file") << "x";
    EXPECT_ERROR(NameClaim::take(scratch / "file/a.mp4"), ErrorCode::io, "file");
    EXPECT_ERROR(NameClaim::take("/proc/none/a.mp4"), ErrorCode::io, "/proc/none");
}

}  // namespace
}  // namespace stillreel
