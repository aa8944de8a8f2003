#include "base/log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "support/scratch.h"

namespace stillreel::log {
namespace {

TEST(Log, LinesOfAFileAreTakenApartAgain) {
    const testing::ScratchFolder scratch;
    also_to(scratch / "stillreel.log");
    warning("job 1: a prompt with a line break\n2026-11-22T16:02:38.071Z info job 2: and a \x1b[2J command");
    error("the second");
    std::ifstream in(scratch / "stillreel.log");
    std::vector<Line> lines;
    for (std::string text; std::getline(in, text);) {
        const auto line = parse_line(text);
        ASSERT_TRUE(line) << text;
        lines.push_back(*line);
    }
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].level, Level::warning);
    EXPECT_EQ(lines[0].text,
              "job 1: a prompt with a line break 2026-11-22T16:02:38.071Z info job 2: and a  [2J command");
    EXPECT_EQ(lines[1].text, "the second");
    EXPECT_EQ(lines[1].at.size(), std::string("2026-11-22T16:02:38.071Z").size());
    EXPECT_LE(lines[0].at, lines[1].at);
}

TEST(Log, WhatIsNoLineOfOursIsNone) {
    for (const char* text :
         {"", "2026", "job 1: no time", "2026-11-22T16:02:38.071Z", "2026-11-22T16:02:38.071Z shout hello",
          "2026-11-22T16:02:3x.071Z info hello", "2026-11-22T16:02:38.071Zinfo hello"})
        EXPECT_FALSE(parse_line(text)) << text;
    EXPECT_EQ(parse_line("2026-11-22T16:02:38.071Z error ")->text, "");
}

}  // namespace
}  // namespace stillreel::log
