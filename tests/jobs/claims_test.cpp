#include <fstream>
#include <utility>

#include "store_fixture.h"

namespace stillreel::jobs {
namespace {

using ClaimsTest = StoreFixture;

TEST_F(ClaimsTest, ReservesAttemptAndNameBeforeAnythingIsWritten) {
    submit("a");
    submit("b");
    const auto first = claim();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->attempt, 1);
    EXPECT_EQ(first->job.state, State::running);
    EXPECT_EQ(first->job.worker, "anna");
    EXPECT_TRUE(first->job.output.starts_with("video_20")) << first->job.output;
    EXPECT_TRUE(first->job.output.ends_with(".mp4")) << first->job.output;
    EXPECT_EQ(store.get(first->job.id).output, first->job.output);
    const auto second = claim("berta");
    ASSERT_TRUE(second);
    EXPECT_NE(second->job.output, first->job.output);
    EXPECT_FALSE(claim());
}

TEST_F(ClaimsTest, NamesThatExistAreNotReserved) {
    submit("a");
    ClaimRequest request;
    request.worker = "anna";
    std::string refused;
    request.name_taken = [&](const std::string& name) { return std::exchange(refused, name).empty(); };
    const auto taken = store.claim(request);
    ASSERT_TRUE(taken);
    EXPECT_TRUE(taken->job.output.ends_with("-2.mp4")) << taken->job.output;
}

TEST_F(ClaimsTest, LanesDoNotMix) {
    NewJob quick;
    quick.lane = kQuickLane;
    quick.spec = "quick";
    store.submit(quick);
    EXPECT_FALSE(claim());
    ClaimRequest request;
    request.worker = "q";
    request.lane = kQuickLane;
    const auto taken = store.claim(request);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->job.spec, "quick");
    EXPECT_EQ(taken->job.output, "");
}

TEST_F(ClaimsTest, CompletesOnceWithProgressOnTheWay) {
    const Job job = submit("a");
    const auto running = claim();
    EXPECT_EQ(store.renew(*running, 0.5, "drawing", 12), Verdict::carry_on);
    const Job half = store.get(job.id);
    EXPECT_EQ(half.progress, 0.5);
    EXPECT_EQ(half.stage, "drawing");
    EXPECT_EQ(half.eta_s, 12);
    EXPECT_GE(half.lease_ends_ms, running->job.lease_ends_ms);
    store.renew(*running, 1.0, "closing", 0);
    EXPECT_LT(store.get(job.id).progress, 1);
    EXPECT_TRUE(store.complete(*running, "the result"));
    const Job done = store.get(job.id);
    EXPECT_EQ(done.state, State::completed);
    EXPECT_EQ(done.progress, 1);
    EXPECT_EQ(done.result, "the result");
    EXPECT_EQ(done.output, running->job.output);
    EXPECT_GE(done.finished_ms, done.started_ms);
    EXPECT_FALSE(store.complete(*running, "twice"));
    EXPECT_FALSE(store.fail(*running, "io", "late"));
    EXPECT_FALSE(store.release(*running));
    EXPECT_FALSE(store.finish_cancelled(*running));
    EXPECT_EQ(store.renew(*running, 0.1, "", 1), Verdict::lost);
    EXPECT_EQ(store.get(job.id).result, "the result");
}

TEST_F(ClaimsTest, ARunningJobIsAskedToStop) {
    const Job job = submit("a");
    const auto running = claim();
    EXPECT_EQ(store.look(*running), Verdict::carry_on);
    EXPECT_EQ(store.cancel(job.id, Partial::keep).state, State::running);
    EXPECT_TRUE(store.get(job.id).keep_partial);
    EXPECT_EQ(store.look(*running), Verdict::cancel);
    EXPECT_EQ(store.renew(*running, 0.5, "", -1), Verdict::cancel);
    EXPECT_TRUE(store.finish_cancelled(*running));
    EXPECT_EQ(store.get(job.id).state, State::cancelled);
    store.retry(job.id);
    EXPECT_EQ(store.look(*claim()), Verdict::carry_on);
}

TEST_F(ClaimsTest, AReleasedJobGoesBackToItsPlace) {
    submit("a");
    submit("b");
    const auto running = claim();
    EXPECT_TRUE(store.release(*running));
    EXPECT_EQ(waiting(), Names({"a", "b"}));
    const auto again = claim();
    EXPECT_EQ(again->job.id, running->job.id);
    EXPECT_EQ(again->attempt, 2);
    EXPECT_EQ(again->job.crashes, 0);
    store.cancel(again->job.id);
    EXPECT_TRUE(store.release(*again));
    EXPECT_EQ(store.get(again->job.id).state, State::cancelled);
}

TEST_F(ClaimsTest, ADeadWorkersJobIsQueuedAgain) {
    const Job job = submit("a");
    const auto running = claim();
    EXPECT_EQ(store.reclaim(kRenderLane, {}), 0);
    kill("anna");
    EXPECT_EQ(store.reclaim(kQuickLane, {}), 0);
    EXPECT_EQ(store.reclaim(kRenderLane, {}), 1);
    const Job back = store.get(job.id);
    EXPECT_EQ(back.state, State::queued);
    EXPECT_EQ(back.crashes, 1);
    EXPECT_EQ(back.output, "");
    EXPECT_FALSE(store.complete(*running, "late"));
    const auto again = claim("berta");
    EXPECT_EQ(again->attempt, 2);
    EXPECT_FALSE(store.complete(*running, "later"));
    EXPECT_TRUE(store.complete(*again, "good"));
}

TEST_F(ClaimsTest, ThreeCrashesFailTheJobWithTheReason) {
    const Job job = submit("a");
    for (const char* worker : {"anna", "berta", "clara"}) {
        const auto running = claim(worker);
        ASSERT_TRUE(running);
        store.renew(*running, 0.43, "denoising", -1);
        kill(worker);
        EXPECT_EQ(store.reclaim(kRenderLane, {}), 1);
    }
    const Job failed = store.get(job.id);
    EXPECT_EQ(failed.state, State::failed);
    EXPECT_EQ(failed.crashes, 3);
    EXPECT_EQ(failed.error_code, "crashed");
    EXPECT_NE(failed.error_message.find("died"), std::string::npos);
    EXPECT_NE(failed.error_message.find("3 times"), std::string::npos);
    EXPECT_NE(failed.error_message.find("'denoising' (43 %)"), std::string::npos);
    store.retry(job.id);
    EXPECT_EQ(store.get(job.id).crashes, 0);
}

TEST_F(ClaimsTest, AFinishedFileOfADeadWorkerIsAdopted) {
    const Job job = submit("a");
    const auto running = claim();
    kill("anna");
    std::string asked;
    const FinishedAlready look = [&](const Job& which) {
        asked = which.output;
        return std::optional<std::string>("found");
    };
    EXPECT_EQ(store.reclaim(kRenderLane, look), 1);
    EXPECT_EQ(asked, running->job.output);
    const Job done = store.get(job.id);
    EXPECT_EQ(done.state, State::completed);
    EXPECT_EQ(done.result, "found");
    EXPECT_EQ(done.output, running->job.output);
    EXPECT_TRUE(store.strays(kRenderLane).empty());
    EXPECT_FALSE(store.give_up_output(*running));
}

TEST_F(ClaimsTest, AFileThatCannotBeReadIsMadeAgain) {
    submit("a");
    claim();
    kill("anna");
    const FinishedAlready broken = [](const Job&) -> std::optional<std::string> {
        throw Error(ErrorCode::corrupt_data, "half a clip");
    };
    EXPECT_EQ(store.reclaim(kRenderLane, broken), 1);
    EXPECT_EQ(waiting(), Names({"a"}));
}

TEST_F(ClaimsTest, ACancelledJobOfADeadWorkerStaysCancelled) {
    const Job job = submit("a");
    claim();
    store.cancel(job.id);
    kill("anna");
    EXPECT_EQ(store.reclaim(kRenderLane, {}), 1);
    EXPECT_EQ(store.get(job.id).state, State::cancelled);
}

TEST_F(ClaimsTest, ASilentWorkerLosesItsJobAndItsOutput) {
    store = JobStore::open(folder / "short.db", {.lease_ms = 0});
    const Job job = submit("a");
    const auto sleeper = claim("anna");
    EXPECT_EQ(store.reclaim(kRenderLane, {}), 1);
    EXPECT_EQ(store.look(*sleeper), Verdict::lost);
    EXPECT_TRUE(store.strays(kRenderLane).empty());  // it may still be writing
    const auto second = claim("berta");
    EXPECT_NE(second->job.output, sleeper->job.output);
    EXPECT_TRUE(store.complete(*second, "good"));
    EXPECT_FALSE(store.complete(*sleeper, "late"));
    EXPECT_TRUE(store.give_up_output(*sleeper));
    EXPECT_FALSE(store.give_up_output(*second));
    EXPECT_EQ(store.get(job.id).result, "good");
}

TEST_F(ClaimsTest, LeftOverFilesOfTheDeadAreListedUntilForgotten) {
    submit("a");
    const auto first = claim();
    kill("anna");
    store.reclaim(kRenderLane, {});
    const std::vector<Stray> strays = store.strays(kRenderLane);
    ASSERT_EQ(strays.size(), 1u);
    EXPECT_EQ(strays[0].job.output, first->job.output);
    EXPECT_TRUE(store.strays(kQuickLane).empty());
    store.forget(strays[0]);
    EXPECT_TRUE(store.strays(kRenderLane).empty());
}

TEST_F(ClaimsTest, ARenewedLeaseIsNotTaken) {
    submit("a");
    const auto running = claim();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(store.renew(*running, 0.1, "", -1), Verdict::carry_on);
        EXPECT_EQ(store.reclaim(kRenderLane, {}), 0);
    }
}

TEST_F(ClaimsTest, WorkersAreListedWhileTheyLive) {
    claim("anna");
    claim("berta");
    store.enlist({"anna", "render", 11, 5});
    store.enlist({"berta", "quick", 12, 6});
    store.enlist({"clara", "render", 13, 7});
    ASSERT_EQ(store.workers().size(), 2u);
    EXPECT_EQ(store.workers()[1].name, "berta");
    EXPECT_EQ(store.workers()[1].process_id, 12);
    kill("anna");
    EXPECT_EQ(store.workers().size(), 1u);
    store.dismiss("berta");
    EXPECT_TRUE(store.workers().empty());
}

TEST(WorkerLife, EndsWithItsHolderAndTakesOneNameOnce) {
    const testing::ScratchFolder folder;
    EXPECT_FALSE(alive(folder / "workers", "anna"));
    {
        const WorkerLife life = WorkerLife::begin(folder / "workers", "anna");
        EXPECT_TRUE(alive(folder / "workers", "anna"));
        EXPECT_FALSE(alive(folder / "workers", "berta"));
        EXPECT_ERROR(WorkerLife::begin(folder / "workers", "anna"), ErrorCode::busy, "anna");
        EXPECT_TRUE(alive(folder / "workers", "anna"));
    }
    EXPECT_FALSE(alive(folder / "workers", "anna"));
    std::ofstream(folder / "workers/dead.lock") << "";
    EXPECT_FALSE(alive(folder / "workers", "dead"));
    const WorkerLife again = WorkerLife::begin(folder / "workers", "anna");
    EXPECT_FALSE(std::filesystem::exists(folder / "workers/dead.lock"));
}

}  // namespace
}  // namespace stillreel::jobs
