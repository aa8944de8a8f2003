#include "jobs/outlook.h"

#include "store_fixture.h"

namespace stillreel::jobs {
namespace {

constexpr Seconds kUnknown;

TEST(ExpectedDuration, IsTheMedianElseTheEstimateElseNothing) {
    EXPECT_EQ(expected_duration({9, 1, 2}, 50), 2);
    EXPECT_EQ(expected_duration({9, 1, 2, 4}, 50), 3);
    EXPECT_EQ(expected_duration({}, 50), 50);
    EXPECT_EQ(expected_duration({}, 0), kUnknown);
}

TEST(TimeLeft, TrustsTheWorkerThenTheExpectationAndNeverSaysZero) {
    Job job;
    job.started_ms = 100'000;
    EXPECT_EQ(time_left(job, 10.0, 104'000), 6);
    EXPECT_EQ(time_left(job, 10.0, 110'000), kUnknown);
    EXPECT_EQ(time_left(job, kUnknown, 104'000), kUnknown);
    job.eta_s = 3;
    EXPECT_EQ(time_left(job, 10.0, 104'000), 3);
}

TEST(WaitingTimes, ShareTheWorkersInOrder) {
    using Times = std::vector<Seconds>;
    EXPECT_EQ(waiting_times({}, {5.0, 3.0}, 1), Times({5.0, 8.0}));
    EXPECT_EQ(waiting_times({10.0}, {5.0, 3.0}, 2), Times({5.0, 8.0}));
    EXPECT_EQ(waiting_times({10.0, 4.0}, {5.0, 3.0}, 2), Times({9.0, 12.0}));
    EXPECT_EQ(waiting_times({10.0}, {kUnknown, 3.0}, 1), Times({kUnknown, kUnknown}));
    EXPECT_EQ(waiting_times({kUnknown}, {5.0}, 1), Times({kUnknown}));
    EXPECT_EQ(waiting_times({kUnknown}, {5.0}, 2), Times({5.0}));
    EXPECT_EQ(waiting_times({}, {5.0}, 0), Times({kUnknown}));
    EXPECT_EQ(waiting_times({}, {}, 1), Times({}));
}

using OutlookTest = StoreFixture;

TEST_F(OutlookTest, TellsPositionAndTimeOfEveryJobUnderWay) {
    NewJob asked;
    asked.shape = "slow";
    asked.estimate_s = 100;
    const Job first = store.submit(asked), second = store.submit(asked);
    asked.estimate_s = 0;
    asked.shape = "new";
    const Job third = store.submit(asked);
    EXPECT_EQ(store.outlook().at(second.id).eta_s, kUnknown) << "there is no worker";
    const auto running = claim("anna");
    store.enlist({"anna", "render", 1, 1});
    auto outlook = store.outlook();
    ASSERT_EQ(outlook.size(), 3u);
    EXPECT_EQ(outlook.at(first.id).position, 0);
    EXPECT_NEAR(outlook.at(first.id).eta_s.value(), 100, 5);
    EXPECT_EQ(outlook.at(second.id).position, 1);
    EXPECT_NEAR(outlook.at(second.id).eta_s.value(), 200, 5);
    EXPECT_EQ(outlook.at(third.id).position, 2);
    EXPECT_EQ(outlook.at(third.id).eta_s, kUnknown);
    store.renew(*running, 0.5, "drawing", 30);
    outlook = store.outlook();
    EXPECT_EQ(outlook.at(first.id).eta_s, 30);
    EXPECT_NEAR(outlook.at(second.id).eta_s.value(), 130, 1e-6);
    store.pause();
    EXPECT_EQ(store.outlook().at(second.id).eta_s, kUnknown);
    store.resume();
    ASSERT_TRUE(store.complete(*running, "done"));
    // The first of its shape took next to nothing: that counts more than the estimate.
    EXPECT_LT(store.outlook().at(second.id).eta_s.value(), 5);
}

}  // namespace
}  // namespace stillreel::jobs
