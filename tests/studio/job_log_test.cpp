// What is found in log files about one job, and how little of them is read for it.
#include "studio/job_log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/scratch.h"

namespace stillreel::studio {
namespace {

namespace fs = std::filesystem;

class JobLog : public ::testing::Test {
  protected:
    fs::path write(const std::string& name, const std::string& text) const {
        std::ofstream(scratch_ / name, std::ios::binary | std::ios::app) << text;
        return scratch_ / name;
    }
    static std::string line(int second, const std::string& text, const char* level = "info") {
        return "2026-11-22T16:02:" + std::to_string(10 + second) + ".000Z " + level + " " + text + "\n";
    }
    std::vector<std::string> texts(const std::string& job, const LogLimits& limits = {}) const {
        std::vector<std::string> found;
        for (const log::Line& one : job_log(scratch_.path(), job, 0, limits)) found.push_back(one.text);
        return found;
    }
    testing::ScratchFolder scratch_;
};

TEST_F(JobLog, HoldsTheLinesOfTheJobAloneInTheOrderOfTime) {
    write("stillreel_2.log",
          line(3, "job a: third") + line(4, "job ab: another's") + line(1, "job a: first"));
    write("stillreel_1.log", line(0, "listening") + line(2, "job a: second", "error"));
    write("other.log", line(0, "job a: of another program"));
    EXPECT_EQ(texts("a"), (std::vector<std::string>{"first", "second", "third"}));
    EXPECT_EQ(texts("ab"), std::vector<std::string>{"another's"});
    EXPECT_TRUE(texts("c").empty());
    const auto json = nlohmann::json::parse(log_json(job_log(scratch_.path(), "a", 0)));
    EXPECT_EQ(json[1],
              (nlohmann::json{{"at", "2026-11-22T16:02:12.000Z"}, {"level", "error"}, {"text", "second"}}));
}

TEST_F(JobLog, TakesNoWordsWithinALineForItsBeginning) {
    write("stillreel_1.log", line(0, "job b: a prompt that says job a: failed") + "job a: without a time\n" +
                                 line(1, "job a: cut off").substr(0, 44));
    EXPECT_EQ(texts("a"), std::vector<std::string>{"cut off"});
}

TEST_F(JobLog, IsBoundedInBytesLinesAndFiles) {
    std::string many;
    for (int i = 0; i < 50; ++i) many += line(i, "job a: " + std::to_string(i));
    write("stillreel_1.log", many);
    EXPECT_EQ(texts("a", {.lines = 3}), (std::vector<std::string>{"47", "48", "49"}));
    const auto end = texts("a", {.bytes = 100});
    EXPECT_EQ(end, (std::vector<std::string>{"48", "49"})) << "whole lines only";
    const fs::path newer = write("stillreel_0.log", line(0, "job a: newest file"));
    fs::last_write_time(newer, fs::file_time_type::clock::now() + std::chrono::seconds(60));
    EXPECT_EQ(texts("a", {.files = 1}), std::vector<std::string>{"newest file"});
}

TEST_F(JobLog, LooksAtNoFileThatIsOlderThanTheJob) {
    write("stillreel_1.log", line(0, "job a: first"));
    const auto later = std::chrono::system_clock::now() + std::chrono::seconds(60);
    const auto later_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(later.time_since_epoch()).count();
    EXPECT_TRUE(job_log(scratch_.path(), "a", later_ms).empty());
    EXPECT_TRUE(job_log(scratch_ / "nowhere", "a", 0).empty());
}

}  // namespace
}  // namespace stillreel::studio
