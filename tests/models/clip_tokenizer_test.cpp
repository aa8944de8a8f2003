#include "models/clip_tokenizer.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/golden.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel::models {
namespace {

using testing::Golden;
using testing::golden_cases;
using testing::load_golden;
using testing::ScratchFolder;

/// The tokenizer folder that the project brings along; its vocabulary was learned from words about the
/// weather.
fs::path small_tokenizer() {
    return fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl/tokenizer";
}

TEST(ClipTokenizer, IdsAreTheReferences) {
    int compared = 0;
    for (const auto& path : golden_cases("tokenizer-")) {
        SCOPED_TRACE(path.string());
        const Golden golden = load_golden(path);
        const auto& params = golden.about.at("params");
        const auto tokenizer = ClipTokenizer::open(golden.model, params.at("pad_token").get<std::string>());
        const std::vector<double>& expected = golden.at("out.ids").values;
        for (std::size_t i = 0; i < params.at("strings").size(); ++i) {
            const std::string text = params.at("strings")[i];
            const std::vector<std::int64_t> ids = tokenizer.encode(text).ids;
            const auto row = expected.begin() + static_cast<std::ptrdiff_t>(i * ids.size());
            EXPECT_TRUE(std::equal(ids.begin(), ids.end(), row)) << text;
            ++compared;
        }
    }
    EXPECT_GE(compared, 10);
}

TEST(ClipTokenizer, QuotesWhatDidNotFit) {
    const auto tokenizer = ClipTokenizer::open(small_tokenizer());
    EXPECT_EQ(tokenizer.encode("the camera moves").cut, "");
    std::string text;
    for (int i = 0; i < 90; ++i) text += "rain ";
    const Tokens tokens = tokenizer.encode(text + "and a red umbrella");
    EXPECT_EQ(tokens.ids.size(), 77u);
    EXPECT_EQ(tokens.ids.back(), tokenizer.end_id());
    EXPECT_TRUE(tokens.cut.ends_with("rain and a red umbrella")) << tokens.cut;
}

TEST(ClipTokenizer, AWordWithoutEndTakesNoTime) {
    const auto tokenizer = ClipTokenizer::open(small_tokenizer());
    EXPECT_EQ(tokenizer.encode(std::string(100'000, 'a')).ids.size(), 77u);
}

TEST(ClipTokenizer, TextThatIsNotUtf8IsRefused) {
    const auto tokenizer = ClipTokenizer::open(small_tokenizer());
    for (const char* bad : {"\xFF", "caf\xE9", "\xE4\xBD", "\xED\xA0\x80"})
        EXPECT_ERROR(tokenizer.encode(bad), ErrorCode::invalid_argument, "UTF-8");
}

TEST(ClipTokenizer, DamagedFoldersAreNamed) {
    const ScratchFolder scratch;
    EXPECT_ERROR(ClipTokenizer::open(scratch.path()), ErrorCode::not_found, "vocab.json");
    write_file(scratch / "vocab.json", R"({"a":0,"b":1})");
    EXPECT_ERROR(ClipTokenizer::open(scratch.path()), ErrorCode::not_found, "merges.txt");
    write_file(scratch / "merges.txt", "#version: 0.2\na b\n");
    EXPECT_ERROR(ClipTokenizer::open(scratch.path()), ErrorCode::corrupt_data, "merges.txt");
    write_file(scratch / "merges.txt", "");
    EXPECT_ERROR(ClipTokenizer::open(scratch.path()), ErrorCode::corrupt_data, "<|startoftext|>");
    write_file(scratch / "vocab.json", R"({"a":-1})");
    EXPECT_ERROR(ClipTokenizer::open(scratch.path()), ErrorCode::corrupt_data, "vocab.json");
    write_file(scratch / "vocab.json", "[]");
    EXPECT_ERROR(ClipTokenizer::open(scratch.path()), ErrorCode::corrupt_data, "vocab.json");
}

}  // namespace
}  // namespace stillreel::models
