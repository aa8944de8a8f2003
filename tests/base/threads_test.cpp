#include "base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace stillreel {
namespace {

TEST(ThreadPool, EveryPieceOnce) {
    ThreadPool pool(3);
    std::vector<std::atomic<int>> seen(1000);
    for (int round = 0; round < 50; ++round) pool.parallel_for(1000, [&](int i) { ++seen[i]; });
    for (const auto& count : seen) EXPECT_EQ(count, 50);
}

TEST(ThreadPool, RethrowsAndGoesOn) {
    ThreadPool pool(2);
    EXPECT_THROW(pool.parallel_for(10, [](int i) { if (i == 3) throw std::runtime_error("three"); }),
                 std::runtime_error);
    std::atomic<int> sum = 0;
    pool.parallel_for(10, [&](int i) { sum += i; });
    EXPECT_EQ(sum, 45);
}

}  // namespace
}  // namespace stillreel
