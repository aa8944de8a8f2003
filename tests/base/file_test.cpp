#include "base/file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel {
namespace {

using testing::ScratchFolder;

TEST(PartFile, UncommittedLeavesNothing) {
    const ScratchFolder scratch;
    { const PartFile part = PartFile::create(scratch / "a.bin"); }
    EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(PartFile, CommitReplacesAndCommitNewDoesNot) {
    const ScratchFolder scratch;
    write_file(scratch / "a.txt", "one");
    write_file(scratch / "a.txt", "two");
    EXPECT_EQ(read_text_file(scratch / "a.txt", 100), "two");

    PartFile part = PartFile::create(scratch / "a.txt");
    std::ofstream(part.path()) << "three";
    EXPECT_FALSE(part.commit_new());
    EXPECT_EQ(read_text_file(scratch / "a.txt", 100), "two");
}

TEST(PartFile, CreatesFoldersAndNamesTheReasonWhenItCannot) {
    const ScratchFolder scratch;
    write_file(scratch / "deep/er/a.txt", "x");
    EXPECT_TRUE(fs::exists(scratch / "deep/er/a.txt"));
    EXPECT_ERROR(write_file(scratch / "deep/er/a.txt/b", "x"), ErrorCode::io, "a.txt");
}

TEST(ReadFile, SaysWhatIsWrong) {
    const ScratchFolder scratch;
    EXPECT_ERROR(read_file(scratch / "none", 10), ErrorCode::not_found, "none");
    EXPECT_ERROR(read_file(scratch.path(), 10), ErrorCode::io, "not a regular file");
    write_file(scratch / "big", "12345678901");
    EXPECT_ERROR(read_file(scratch / "big", 10), ErrorCode::invalid_argument, "11 bytes");
}

TEST(Sha256, KnownAnswer) {
    const std::string expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    EXPECT_EQ(sha256_hex("abc"), expected);
    const ScratchFolder scratch;
    write_file(scratch / "abc", "abc");
    EXPECT_EQ(sha256_hex_of_file(scratch / "abc"), expected);
}

TEST(FreeBytes, WorksForFoldersThatDoNotExistYet) {
    const ScratchFolder scratch;
    EXPECT_GT(free_bytes(scratch / "not/yet/there"), 0u);
}

}  // namespace
}  // namespace stillreel
