#include "jobs/worker.h"

#include <unistd.h>

#include <new>

#include "store_fixture.h"

namespace stillreel::jobs {
namespace {

class WorkerTest : public StoreFixture {
  protected:
    int run(
        const std::function<std::string(const Claim&, const ReportProgress&, const CancelFlag&)>& execute) {
        work.execute = execute;
        WorkerOptions options;
        options.poll_ms = 5;
        options.when_idle = WhenIdle::leave;
        return run_worker(store, work, options, stop);
    }
    /// As long as `condition` does not hold, up to a minute.
    template <class Condition>
    static void wait_until(const Condition& condition) {
        for (int i = 0; i < 60'000 && !condition(); ++i) ::usleep(1000);
    }

    Work work;
    CancelFlag stop;
};

TEST_F(WorkerTest, DoesTheJobsInOrderAndKeepsTheirResults) {
    const Job a = submit("a"), b = submit("b", 1);
    std::string order;
    EXPECT_EQ(run([&](const Claim& claim, const ReportProgress&, const CancelFlag&) {
                  order += claim.job.spec;
                  return "result of " + claim.job.spec;
              }),
              2);
    EXPECT_EQ(order, "ba");
    EXPECT_EQ(store.get(a.id).result, "result of a");
    EXPECT_EQ(store.get(b.id).state, State::completed);
    EXPECT_TRUE(store.workers().empty());
}

TEST_F(WorkerTest, TellsProgressWhileItWorks) {
    const Job job = submit("a");
    run([&](const Claim&, const ReportProgress& report, const CancelFlag&) {
        report(0.25, "analysing", -1);
        wait_until([&] { return store.get(job.id).progress == 0.25; });
        EXPECT_EQ(store.get(job.id).stage, "analysing");
        report(0.5, "drawing", 7);
        wait_until([&] { return store.get(job.id).progress == 0.5; });
        EXPECT_EQ(store.get(job.id).eta_s, 7);
        EXPECT_EQ(store.workers().size(), 1u);
        return "";
    });
    EXPECT_EQ(store.get(job.id).state, State::completed);
}

TEST_F(WorkerTest, FailuresAreTheJobsOwn) {
    const Job wrong = submit("wrong"), big = submit("big"), odd = submit("odd"), good = submit("good");
    EXPECT_EQ(run([&](const Claim& claim, const ReportProgress&, const CancelFlag&) -> std::string {
                  if (claim.job.spec == "wrong")
                      throw Error(ErrorCode::corrupt_data, "picture.png is cut off");
                  if (claim.job.spec == "big") throw std::bad_alloc();
                  if (claim.job.spec == "odd") throw std::runtime_error("odd");
                  return "fine";
              }),
              4);
    EXPECT_EQ(store.get(wrong.id).state, State::failed);
    EXPECT_EQ(store.get(wrong.id).error_code, "corrupt_data");
    EXPECT_EQ(store.get(wrong.id).error_message, "picture.png is cut off");
    EXPECT_EQ(store.get(big.id).error_code, "out_of_memory");
    EXPECT_EQ(store.get(odd.id).error_code, "internal");
    EXPECT_EQ(store.get(good.id).state, State::completed);
}

TEST_F(WorkerTest, ACancelReachesTheRunningJob) {
    const Job job = submit("a"), kept = submit("b");
    const auto execute = [&](const Claim& claim, const ReportProgress&, const CancelFlag& cancel) {
        store.cancel(claim.job.id, claim.job.spec == "b" ? Partial::keep : Partial::discard);
        wait_until([&] { return cancel.requested(); });
        if (!store.get(claim.job.id).keep_partial) cancel.throw_if_requested();
        return std::string("half of it");
    };
    run(execute);
    EXPECT_EQ(store.get(job.id).state, State::cancelled);
    EXPECT_EQ(store.get(kept.id).state, State::completed);
    EXPECT_EQ(store.get(kept.id).result, "half of it");
}

TEST_F(WorkerTest, AStoppedWorkerPutsTheJobBackUnlessItWasCancelled) {
    const Job job = submit("a");
    submit("b");
    const auto execute = [&](const Claim&, const ReportProgress&, const CancelFlag& cancel) -> std::string {
        stop.request();
        wait_until([&] { return cancel.requested(); });
        cancel.throw_if_requested();
        return "not stopped";
    };
    EXPECT_EQ(run(execute), 1);
    EXPECT_EQ(waiting(), Names({"a", "b"}));
    EXPECT_EQ(store.get(job.id).crashes, 0);
}

TEST_F(WorkerTest, FilesOfTheDeadAreTakenAway) {
    const Job job = submit("a");
    const auto dead = claim("anna");
    kill("anna");
    std::vector<std::string> discarded;
    work.discard_output = [&](const Job& stray) { discarded.push_back(stray.output); };
    EXPECT_EQ(run([](const Claim&, const ReportProgress&, const CancelFlag&) { return "x"; }), 1);
    EXPECT_EQ(discarded, Names({dead->job.output}));
    EXPECT_EQ(store.get(job.id).attempt, 2);
}

}  // namespace
}  // namespace stillreel::jobs
