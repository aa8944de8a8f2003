#include "base/statistics.h"

#include <gtest/gtest.h>

namespace stillreel {
namespace {

TEST(Median, IsTheMiddleOne) {
    EXPECT_EQ(median({3}), 3);
    EXPECT_EQ(median({9, 1, 5}), 5);
    EXPECT_EQ(median({4, 1, 9, 2}), 3);
}

}  // namespace
}  // namespace stillreel
