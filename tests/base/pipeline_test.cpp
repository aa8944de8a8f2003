#include "base/pipeline.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace stillreel {
namespace {

TEST(Overlap, ConsumesEveryItemInOrderFromItsSlot) {
    std::vector<int> slots(3, -1);
    std::vector<int> seen;
    overlap(
        500, 3, [&](int item, int slot) { slots[slot] = item; },
        [&](int item, int slot) {
            EXPECT_EQ(slots[slot], item);
            seen.push_back(item);
        });
    ASSERT_EQ(seen.size(), 500u);
    for (int i = 0; i < 500; ++i) EXPECT_EQ(seen[i], i);
}

TEST(Overlap, EitherStepMayFail) {
    const auto nothing = [](int, int) {};
    const auto fail_at_seven = [](int item, int) {
        if (item == 7) throw std::runtime_error("seven");
    };
    EXPECT_THROW(overlap(100, 2, fail_at_seven, nothing), std::runtime_error);
    EXPECT_THROW(overlap(100, 2, nothing, fail_at_seven), std::runtime_error);
    overlap(0, 1, fail_at_seven, fail_at_seven);
}

}  // namespace
}  // namespace stillreel
