// What prompts are read as. prompts.txt holds the table: prompt => plan in one line (plan_summary.h).

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "prompt/lexicon.h"
#include "prompt/motion_plan.h"
#include "prompt/plan_summary.h"
#include "prompt/plan_table.h"
#include "prompt/tokens.h"
#include "support/throws.h"

namespace stillreel::prompt {
namespace {

struct Expectation {
    std::string prompt, plan;
};

const std::vector<Expectation>& table() {
    static const auto rows = [] {
        std::vector<Expectation> read;
        std::ifstream in(STILLREEL_SOURCE_DIR "/tests/prompt/prompts.txt");
        for (std::string line; std::getline(in, line);) {
            const std::size_t arrow = line.find(" => ");
            if (!line.empty() && line[0] != '#')
                read.push_back({line.substr(0, arrow), line.substr(arrow + 4)});
        }
        return read;
    }();
    return rows;
}

/// Every word is inside of exactly one phrase; phrases are in order and show their text.
void expect_covered(const std::string& prompt) {
    const MotionPlan plan = parse_prompt(prompt);
    std::size_t end = 0;
    for (const Phrase& p : plan.phrases) {
        ASSERT_LE(end, p.begin) << prompt;
        ASSERT_LT(p.begin, p.end) << prompt;
        ASSERT_LE(p.end, prompt.size());
        EXPECT_EQ(p.text, prompt.substr(p.begin, p.end - p.begin));
        EXPECT_FALSE(p.meaning.empty());
        end = p.end;
    }
    for (const Token& t : tokenise(prompt)) {
        if (t.kind == TokenKind::comma || t.kind == TokenKind::stop) continue;
        const auto holds = [&](const Phrase& p) { return p.begin <= t.begin && t.end <= p.end; };
        EXPECT_EQ(std::count_if(plan.phrases.begin(), plan.phrases.end(), holds), 1)
            << t.word << " of " << prompt;
    }
}

TEST(Grammar, ReadsTheTableOfPrompts) {
    ASSERT_GT(table().size(), 150u);
    for (const Expectation& e : table()) EXPECT_EQ(summary_of(parse_prompt(e.prompt)), e.plan) << e.prompt;
}

TEST(Grammar, CoversEveryWordOfTheTable) {
    for (const Expectation& e : table()) expect_covered(e.prompt);
}

TEST(Grammar, CoversWordSoup) {
    std::vector<std::string> words = {"then", ",",     "。",      "no",   "in",   "30", "2x",
                                      "°",    "after", "finally", "🌧", "镜头", "的", "shot",
                                      "-",    "\n",    "(",       "left", "不",   "3s", "and"};
    for (const Expectation& e : table())
        for (const Token& t : tokenise(e.prompt)) words.push_back(e.prompt.substr(t.begin, t.end - t.begin));
    std::mt19937 random(7);
    for (int round = 0; round < 1500; ++round) {
        std::string soup;
        const int count = static_cast<int>(random() % 14);
        for (int i = 0; i < count; ++i)
            soup += words[random() % words.size()] + (random() % 4 == 0 ? "" : " ");
        expect_covered(soup);
    }
}

TEST(Grammar, TakesAnyBytesOrRefusesThem) {
    std::mt19937 random(11);
    for (int round = 0; round < 3000; ++round) {
        std::string bytes;
        for (int i = static_cast<int>(random() % 24); i > 0; --i) bytes += static_cast<char>(random() % 256);
        try {
            parse_prompt(bytes);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
        }
    }
}

TEST(Grammar, RefusesWhatIsTooLongOrNotUtf8) {
    EXPECT_ERROR(parse_prompt(std::string(100000, 'a')), ErrorCode::invalid_argument, "100000 bytes");
    EXPECT_ERROR(parse_prompt("rain \xff"), ErrorCode::invalid_argument, "not UTF-8");
    EXPECT_ERROR(parse_prompt("\xe9\x95"), ErrorCode::invalid_argument, "not UTF-8");
    EXPECT_NO_THROW(parse_prompt(std::string(kMaxPromptBytes, 'a')));
}

TEST(Grammar, EmptyPromptGivesTheGentlePushIn) {
    for (const char* prompt : {"", "   ", "...", "，"}) {
        const MotionPlan plan = parse_prompt(prompt);
        ASSERT_EQ(plan.camera.size(), 1u);
        EXPECT_EQ(plan.camera[0].move, CameraMove::dolly);
        EXPECT_DOUBLE_EQ(plan.camera[0].speed, 0.4);
        EXPECT_TRUE(plan.default_move);
        EXPECT_EQ(plan.notes.size(), 1u);
        EXPECT_TRUE(plan.phrases.empty());
    }
}

TEST(Grammar, SecondsFollowTheClipsLength) {
    EXPECT_EQ(parse_prompt("after 2 seconds pan left", 8).camera[0].when, (Span{0.25, 1}));
    EXPECT_EQ(parse_prompt("pan left for 2 seconds", 8).camera[0].when, (Span{0, 0.25}));
    EXPECT_EQ(parse_prompt("pan left from 2 to 6 seconds", 8).camera[0].when, (Span{0.25, 0.75}));
    EXPECT_EQ(parse_prompt("0-2s: pan left, 2-4s: zoom in", 4).camera[1].when, (Span{0.5, 1}));
}

TEST(Grammar, SaysWhatIsNotUnderstood) {
    const MotionPlan plan = parse_prompt("zoom in, flibber the wug");
    EXPECT_TRUE(std::any_of(plan.phrases.begin(), plan.phrases.end(), [](const Phrase& p) {
        return p.text == "flibber" && p.reading == Reading::not_understood;
    }));
}

TEST(Grammar, MeaningsAreInPlainWords) {
    const MotionPlan plan = parse_prompt("Camera slowly pushes in, heavy rain");
    ASSERT_EQ(plan.phrases.size(), 2u);
    EXPECT_EQ(plan.phrases[0].text, "Camera slowly pushes in");
    EXPECT_EQ(plan.phrases[0].meaning, "camera: dolly in, slowly, whole clip");
    EXPECT_EQ(plan.phrases[1].meaning, "rain, heavy, whole clip");
}

TEST(Grammar, TellsTheLanguage) {
    EXPECT_EQ(parse_prompt("pan left, 8K").language, "en");
    EXPECT_EQ(parse_prompt("镜头推近，8K").language, "zh");
    EXPECT_EQ(parse_prompt("镜头推近, cinematic").language, "mixed");
}

std::vector<std::string> rules(std::string_view prompt) {
    std::vector<std::string> names;
    for (const Lint& lint : parse_prompt(prompt).lint) {
        names.push_back(lint.rule);
        EXPECT_FALSE(lint.message.empty());
        EXPECT_FALSE(lint.suggestion.empty());
        // A rewrite that would earn the same advice again is none.
        for (const Lint& again : parse_prompt(lint.suggestion).lint)
            EXPECT_NE(again.rule, lint.rule) << lint.suggestion;
    }
    return names;
}

TEST(Lint, NamesWhatIsMissing) {
    using Rules = std::vector<std::string>;
    EXPECT_EQ(rules("A woman on a street at night, camera slowly pushes in"), Rules{});
    EXPECT_EQ(rules("A woman on a street at night"), Rules{"no_motion_verb"});
    EXPECT_EQ(rules("beautiful, epic"), (Rules{"no_motion_verb", "abstract_words"}));
    EXPECT_EQ(rules("zoom in"), (Rules{"no_subject", "no_environment"}));
    EXPECT_EQ(rules("a dog, zoom in"), Rules{"no_environment"});
    EXPECT_EQ(rules("唯美，震撼"), (Rules{"no_motion_verb", "abstract_words"}));
    EXPECT_EQ(rules("雨夜街头的女人，镜头缓慢推近"), Rules{});
}

TEST(Lint, RewritesInThePromptsLanguage) {
    EXPECT_EQ(parse_prompt("一只猫在窗台上").lint.at(0).suggestion, "一只猫在窗台上，镜头缓慢推近");
    EXPECT_EQ(parse_prompt("A cat on a windowsill.").lint.at(0).suggestion,
              "A cat on a windowsill, camera slowly pushes in");
}

int columns(const std::string& line) {
    int n = 0;
    for (std::size_t at = 0; at < line.size();) n += is_wide(next_code_point(line, at)) ? 2 : 1;
    return n;
}

TEST(PlanTable, FitsAHundredColumnsAndAligns) {
    for (const Expectation& e : table()) {
        const std::string text = to_table(parse_prompt(e.prompt));
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at);
            ASSERT_NE(end, text.npos);
            EXPECT_LE(columns(text.substr(at, end - at)), 100) << text;
            at = end + 1;
        }
    }
    const std::string chinese = to_table(parse_prompt("镜头缓慢推近"));
    const std::size_t line = chinese.find('\n') + 1;
    EXPECT_EQ(columns(chinese.substr(line, chinese.find("rendered") - line)),
              static_cast<int>(chinese.find("READING")));
    EXPECT_NE(chinese.find("camera      dolly in, slowly, whole clip"), chinese.npos);
}

TEST(Lexicon, HoldsNoSynonymTwice) {
    for (const std::string& synonym : Lexicon::instance().duplicates()) ADD_FAILURE() << synonym;
}

}  // namespace
}  // namespace stillreel::prompt
