#include "base/ticker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace stillreel {
namespace {

using namespace std::chrono_literals;

TEST(Ticker, TicksBesideOtherWorkUntilDestroyed) {
    std::atomic<int> ticks{0};
    {
        const Ticker ticker(1ms, [&] { ++ticks; });
        while (ticks < 3) std::this_thread::sleep_for(1ms);
    }
    const int last = ticks;
    std::this_thread::sleep_for(10ms);
    EXPECT_EQ(ticks, last);
}

TEST(Ticker, EndsAtOnceHoweverLongThePeriod) {
    bool ticked = false;
    {
        const Ticker ticker(1h, [&] { ticked = true; });
    }
    EXPECT_FALSE(ticked);
}

TEST(Ticker, WaitsForATickUnderWay) {
    std::atomic<bool> begun{false}, done{false};
    {
        const Ticker ticker(1ms, [&] {
            begun = true;
            std::this_thread::sleep_for(20ms);
            done = true;
        });
        while (!begun) std::this_thread::sleep_for(1ms);
    }
    EXPECT_TRUE(done);
}

}  // namespace
}  // namespace stillreel
