#include "studio/output_name.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "base/file.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel::studio {
namespace {

using testing::ScratchFolder;

TEST(FreshName, CountsOnWhereTheSecondIsTaken) {
    const ScratchFolder scratch;
    write_file(scratch / "video_20260101_120000.mp4", "a finished clip");
    const NameClaim second = claim_fresh_name(scratch.path(), "20260101_120000");
    EXPECT_EQ(second.target().filename(), "video_20260101_120000-2.mp4");
    const NameClaim third = claim_fresh_name(scratch.path(), "20260101_120000");
    EXPECT_EQ(third.target().filename(), "video_20260101_120000-3.mp4");
}

TEST(Writable, NamesWhatIsInTheWay) {
    const ScratchFolder scratch;
    write_file(scratch / "file", "x");
    EXPECT_ERROR(check_writable(scratch / "file/outputs", 0), ErrorCode::io, "is not a folder");
    EXPECT_ERROR(check_writable(scratch.path(), std::uint64_t{1} << 60), ErrorCode::io, "make room");
    check_writable(scratch / "not/there/yet", 1);
    EXPECT_FALSE(fs::exists(scratch / "not"));
    if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
    fs::permissions(scratch.path(), fs::perms::owner_read | fs::perms::owner_exec);
    EXPECT_ERROR(check_writable(scratch / "outputs", 0), ErrorCode::io, "no permission");
    fs::permissions(scratch.path(), fs::perms::owner_all);
}

TEST(FileOfFrame, IsTheClipOrOnePictureOfASequence) {
    EXPECT_EQ(file_of_frame("a/clip.mp4", 3), "a/clip.mp4");
    EXPECT_EQ(file_of_frame("a/shot.png", 3), "a/shot_0003.png");
    EXPECT_EQ(file_of_frame("a/100%s.png", 3), "a/100%s_0003.png");
    EXPECT_EQ(file_of_frame("a/s_%05d_x.png", 12), "a/s_00012_x.png");
}

}  // namespace
}  // namespace stillreel::studio
