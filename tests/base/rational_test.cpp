#include "base/rational.h"

#include <gtest/gtest.h>

#include "support/throws.h"

namespace stillreel {
namespace {

TEST(Rational, ParsesWholeDecimalAndFraction) {
    EXPECT_EQ(parse_rational("24", "fps"), (Rational{24, 1}));
    EXPECT_EQ(parse_rational("12.5", "fps"), (Rational{25, 2}));
    EXPECT_EQ(parse_rational("50/2", "fps"), (Rational{25, 1}));
    EXPECT_EQ(parse_rational("29.97", "fps"), (Rational{30000, 1001}));
    EXPECT_EQ(parse_rational("23.976", "fps"), (Rational{24000, 1001}));
}

TEST(Rational, NamesTheFieldInErrors) {
    for (const char* bad : {"", "abc", "1/0", "24fps", "1/2/3", "nan"})
        EXPECT_ERROR(parse_rational(bad, "fps"), ErrorCode::invalid_argument, "fps");
}

TEST(Rational, PrintsWhatItParses) {
    EXPECT_EQ(to_string(Rational{24, 1}), "24");
    EXPECT_EQ(to_string(Rational{24000, 1001}), "24000/1001");
}

}  // namespace
}  // namespace stillreel
