#include "studio/resume_folder.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/scratch.h"

namespace stillreel::studio {
namespace {

using testing::ScratchFolder;

const std::string kPrint(64, 'e');

TEST(ResumeFolder, TheSecondTryFindsTheStepsAndTheSeedOfTheFirst) {
    const ScratchFolder cache;
    {
        const ResumeFolder first = ResumeFolder::claim(cache.path(), kPrint, 5);
        EXPECT_EQ(first.seed(), 5u);
        EXPECT_FALSE(first.goes_on());
        write_file(first.path() / "steps", "3");
    }
    const ResumeFolder second = ResumeFolder::claim(cache.path(), kPrint, 77);
    EXPECT_EQ(second.seed(), 5u);
    EXPECT_TRUE(second.goes_on());
    EXPECT_EQ(read_text_file(second.path() / "steps", 10), "3");
    EXPECT_FALSE(ResumeFolder::claim(cache.path(), std::string(64, 'f'), 77).goes_on());
}

TEST(ResumeFolder, TwoAtOnceDoNotShareOne) {
    const ScratchFolder cache;
    const ResumeFolder first = ResumeFolder::claim(cache.path(), kPrint, 5);
    const ResumeFolder second = ResumeFolder::claim(cache.path(), kPrint, 6);
    EXPECT_NE(first.path(), second.path());
    EXPECT_EQ(second.seed(), 6u);
}

TEST(ResumeFolder, FinishedNothingIsLeft) {
    const ScratchFolder cache;
    ResumeFolder folder = ResumeFolder::claim(cache.path(), kPrint, 5);
    write_file(folder.path() / "steps", "3");
    folder.finish();
    EXPECT_TRUE(fs::is_empty(cache.path()));
}

TEST(ResumeFolder, OldOnesAreRemovedAndYoungOnesAreNot) {
    const ScratchFolder cache;
    const auto now = fs::file_time_type::clock::now();
    for (const auto& [name, days] : {std::pair{"old", 15}, std::pair{"young", 13}}) {
        const fs::path folder = cache.path() / "resume" / name;
        write_file(folder / "steps", "3");
        fs::last_write_time(folder / "steps", now - std::chrono::hours(24 * days));
        fs::last_write_time(folder, now - std::chrono::hours(24 * days));
    }
    ResumeFolder::claim(cache.path(), kPrint, 5);
    EXPECT_FALSE(fs::exists(cache.path() / "resume/old"));
    EXPECT_TRUE(fs::exists(cache.path() / "resume/young/steps"));
}

}  // namespace
}  // namespace stillreel::studio
