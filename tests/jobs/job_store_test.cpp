#include <algorithm>
#include <set>

#include "store_fixture.h"

namespace stillreel::jobs {
namespace {

using JobStoreTest = StoreFixture;

TEST_F(JobStoreTest, KeepsEverythingThatWasAskedFor) {
    NewJob asked;
    asked.lane = "quick";
    asked.spec = std::string("{\"prompt\": \"\xe9\x9b\xa8 'quoted' \"}\0tail", 30);
    asked.shape = "animatic 64x64 8";
    asked.estimate_s = 2.5;
    asked.priority = -3;
    asked.batch = "b1";
    asked.webhook = "https://example.com/hook";
    asked.output_form = "video_*.mp4";
    const Job made = store.submit(asked);
    const JobStore other = JobStore::open(folder / "stillreel.db");
    const Job read = store.get(made.id);
    EXPECT_EQ(read.lane, asked.lane);
    EXPECT_EQ(read.spec, asked.spec);
    EXPECT_EQ(read.shape, asked.shape);
    EXPECT_EQ(read.estimate_s, asked.estimate_s);
    EXPECT_EQ(read.priority, asked.priority);
    EXPECT_EQ(read.batch, asked.batch);
    EXPECT_EQ(read.webhook, asked.webhook);
    EXPECT_EQ(read.output_form, asked.output_form);
    EXPECT_EQ(read.state, State::queued);
    EXPECT_EQ(read.eta_s, -1);
    EXPECT_GT(read.created_ms, 1'700'000'000'000);
    EXPECT_EQ(read.id.size(), 20u);
}

TEST_F(JobStoreTest, IdsSortByTimeAndAreNeverTheSame) {
    std::vector<std::string> ids;
    for (const Job& job : store.submit_batch(std::vector<NewJob>(50))) ids.push_back(job.id);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
}

TEST_F(JobStoreTest, TheSameKeyIsTheSameJob) {
    NewJob job;
    job.spec = "one";
    job.key = "k";
    const Job first = store.submit(job);
    EXPECT_EQ(store.submit(job).id, first.id);
    store.edit(first.id, {.spec = "edited"});
    EXPECT_EQ(store.submit(job).id, first.id);
    job.spec = "two";
    EXPECT_ERROR(store.submit(job), ErrorCode::invalid_argument, "idempotency key 'k'");
    job.key = "l";
    EXPECT_NE(store.submit(job).id, first.id);
    job.webhook = "https://example.org/";
    EXPECT_ERROR(store.submit(job), ErrorCode::invalid_argument, "idempotency key 'l'");
}

TEST_F(JobStoreTest, ABatchIsAllOrNothing) {
    NewJob one, two;
    one.spec = "one";
    two.spec = "two";
    two.key = "k";
    store.submit(two);
    NewJob clash = two;
    clash.spec = "other";
    EXPECT_ERROR(store.submit_batch({one, clash}), ErrorCode::invalid_argument, "'k'");
    EXPECT_EQ(waiting(), Names({"two"}));
    EXPECT_EQ(store.submit_batch({one, two, one}).size(), 3u);
    EXPECT_EQ(waiting(), Names({"two", "one", "one"}));
}

TEST_F(JobStoreTest, ListsByStateBatchFavouriteAndPage) {
    NewJob job;
    job.batch = "b";
    for (const char* spec : {"1", "2", "3", "4"}) {
        job.spec = spec;
        store.submit(job);
    }
    const Job fifth = submit("5");
    store.cancel(fifth.id);
    store.mark_favourite(fifth.id);
    const auto specs = [&](const Filter& filter) {
        std::string all;
        for (const Job& found : store.list(filter)) all += found.spec;
        return all;
    };
    EXPECT_EQ(specs({}), "54321");
    EXPECT_EQ(specs({.batch = "b", .limit = 3}), "432");
    Filter page{.batch = "b", .limit = 2};
    page.before = store.list(page).back().id;
    EXPECT_EQ(specs(page), "21");
    EXPECT_EQ(specs({.states = {State::cancelled, State::failed}}), "5");
    EXPECT_EQ(specs({.favourites = true}), "5");
    EXPECT_EQ(specs({.lane = "quick"}), "");
    store.unmark_favourite(fifth.id);
    EXPECT_EQ(specs({.favourites = true}), "");
    const Counts counts = store.counts();
    EXPECT_EQ(counts.at(State::queued), 4);
    EXPECT_EQ(counts.at(State::cancelled), 1);
    EXPECT_EQ(counts.at(State::running), 0);
}

TEST_F(JobStoreTest, QueuePositionsFollowPriorityAndOrder) {
    const Job a = submit("a"), b = submit("b"), c = submit("c", 5);
    EXPECT_EQ(waiting(), Names({"c", "a", "b"}));
    EXPECT_EQ(store.queue_position(c.id), 1);
    EXPECT_EQ(store.queue_position(b.id), 3);
    store.prioritise(b.id, 9);
    EXPECT_EQ(store.queue_position(b.id), 1);
    store.cancel(c.id);
    EXPECT_EQ(store.queue_position(c.id), 0);
    EXPECT_EQ(store.queue_position(a.id), 2);
}

TEST_F(JobStoreTest, MovesBesideAnyOtherJob) {
    const Job a = submit("a"), b = submit("b"), c = submit("c"), d = submit("d", 1);
    store.move_before(c.id, a.id);
    EXPECT_EQ(waiting(), Names({"d", "c", "a", "b"}));
    store.move_after(c.id, a.id);
    EXPECT_EQ(waiting(), Names({"d", "a", "c", "b"}));
    store.move_after(a.id, b.id);
    EXPECT_EQ(waiting(), Names({"d", "c", "b", "a"}));
    store.move_before(a.id, d.id);
    EXPECT_EQ(waiting(), Names({"a", "d", "c", "b"}));
    EXPECT_EQ(store.get(a.id).priority, 1);
    store.move_before(a.id, a.id);
    store.cancel(b.id);
    EXPECT_ERROR(store.move_before(a.id, b.id), ErrorCode::busy, "is cancelled");
    EXPECT_ERROR(store.move_before(a.id, "nobody"), ErrorCode::not_found, "nobody");
}

TEST_F(JobStoreTest, MovesIntoTheSameGapKeepTheOrderWhenNumbersRunOut) {
    const Job a = submit("a"), b = submit("b"), c = submit("c");
    for (int i = 0; i < 30; ++i) {
        store.move_after(c.id, a.id);
        ASSERT_EQ(waiting(), Names({"a", "c", "b"}));
        store.move_after(b.id, a.id);
        ASSERT_EQ(waiting(), Names({"a", "b", "c"}));
    }
}

TEST_F(JobStoreTest, EditsOnlyWhatIsQueued) {
    const Job job = submit("old");
    const Job after = store.edit(job.id, {.spec = "new", .estimate_s = 4});
    EXPECT_EQ(after.spec, "new");
    EXPECT_EQ(after.shape, "shape");
    EXPECT_EQ(after.estimate_s, 4);
    ASSERT_TRUE(claim());
    EXPECT_ERROR(store.edit(job.id, {.spec = "newer"}), ErrorCode::busy, "is running");
    EXPECT_EQ(store.get(job.id).spec, "new");
}

TEST_F(JobStoreTest, CancelsAtOnceWhatIsQueued) {
    const Job job = submit("a");
    EXPECT_EQ(store.cancel(job.id).state, State::cancelled);
    EXPECT_FALSE(claim());
    EXPECT_EQ(store.cancel(job.id).state, State::cancelled);
    EXPECT_ERROR(store.cancel("nobody"), ErrorCode::not_found, "no job nobody");
}

TEST_F(JobStoreTest, RetriesAndDuplicates) {
    const Job job = submit("a");
    submit("b");
    EXPECT_ERROR(store.retry(job.id), ErrorCode::busy, "is queued");
    const auto first = claim();
    ASSERT_TRUE(store.fail(*first, "io", "the disk is full"));
    const Job failed = store.get(job.id);
    EXPECT_EQ(failed.state, State::failed);
    EXPECT_EQ(failed.error_code, "io");
    EXPECT_EQ(failed.error_message, "the disk is full");
    const Job again = store.retry(job.id);
    EXPECT_EQ(again.state, State::queued);
    EXPECT_EQ(again.error_message, "");
    EXPECT_EQ(waiting(), Names({"b", "a"}));
    const Job copy = store.duplicate(job.id);
    EXPECT_NE(copy.id, job.id);
    EXPECT_EQ(copy.spec, "a");
    EXPECT_EQ(copy.shape, "shape");
    EXPECT_EQ(waiting(), Names({"b", "a", "a"}));
}

TEST_F(JobStoreTest, PausedLanesGiveOutNothing) {
    submit("a");
    store.pause();
    store.pause();
    EXPECT_TRUE(store.paused());
    EXPECT_FALSE(store.paused(kQuickLane));
    EXPECT_FALSE(claim());
    store.resume();
    EXPECT_FALSE(store.paused());
    EXPECT_TRUE(claim());
    EXPECT_EQ(kinds_after(0), Names({"created", "queue", "queue", "updated"}));
}

TEST_F(JobStoreTest, TheBinHidesUntilRestoredOrPurged) {
    const Job job = submit("a");
    EXPECT_ERROR(store.purge(job.id), ErrorCode::busy, "not deleted");
    store.remove(job.id);
    EXPECT_TRUE(store.get(job.id).deleted());
    EXPECT_TRUE(waiting().empty());
    EXPECT_EQ(store.counts().at(State::queued), 0);
    EXPECT_FALSE(claim());
    Filter bin;
    bin.deleted = true;
    EXPECT_EQ(store.list(bin).size(), 1u);
    store.restore(job.id);
    EXPECT_EQ(waiting(), Names({"a"}));
    store.remove(job.id);
    store.purge(job.id);
    EXPECT_FALSE(store.find(job.id));
    EXPECT_ERROR(store.get(job.id), ErrorCode::not_found, job.id);
}

TEST_F(JobStoreTest, ALaneIsClearedOfWhatEnded) {
    const Job old = submit("old"), running = submit("running"), queued = submit("queued");
    ASSERT_TRUE(store.complete(*claim(), ""));
    claim();
    const std::int64_t now_ms = store.get(old.id).finished_ms;
    EXPECT_EQ(store.purge_ended(kRenderLane, now_ms), 0);
    EXPECT_EQ(store.purge_ended(kQuickLane, now_ms + 1), 0);
    EXPECT_EQ(store.purge_ended(kRenderLane, now_ms + 1), 1);
    EXPECT_FALSE(store.find(old.id));
    EXPECT_TRUE(store.find(running.id));
    EXPECT_TRUE(store.find(queued.id));
}

TEST_F(JobStoreTest, DeletingARunningJobStopsIt) {
    const Job job = submit("a");
    const auto running = claim();
    store.remove(job.id);
    EXPECT_EQ(store.look(*running), Verdict::cancel);
    EXPECT_ERROR(store.purge(job.id), ErrorCode::busy, "is running");
    ASSERT_TRUE(store.finish_cancelled(*running));
    store.purge(job.id);
}

TEST_F(JobStoreTest, EventsGrowSurviveReopeningAndKeepOnlyTheLastProgress) {
    const Job job = submit("a");
    const auto running = claim();
    for (int i = 1; i <= 5; ++i) store.renew(*running, 0.1 * i, "drawing", 1);
    ASSERT_TRUE(store.complete(*running, "done"));
    EXPECT_EQ(kinds_after(0), Names({"created", "updated", "progress", "updated"}));
    const std::int64_t last = store.last_event();
    EXPECT_TRUE(store.events_after(last).empty());
    store = JobStore::open(folder / "stillreel.db");
    EXPECT_EQ(store.last_event(), last);
    submit("b");
    const std::vector<Event> fresh = store.events_after(last);
    ASSERT_EQ(fresh.size(), 1u);
    EXPECT_GT(fresh[0].number, last);
    EXPECT_EQ(fresh[0].kind, "created");
    EXPECT_EQ(store.events_after(0, 2).size(), 2u);
}

TEST_F(JobStoreTest, OldEventsAreDroppedAndThatIsSaid) {
    store = JobStore::open(folder / "few.db", {.events_kept = 20});
    const Job job = submit("a");
    EXPECT_EQ(store.trimmed_up_to(), 0);
    for (int i = 0; i < 130; ++i) store.mark_favourite(job.id);
    const std::vector<Event> left = store.events_after(0);
    EXPECT_LT(left.size(), 120u);
    EXPECT_GE(left.size(), 20u);
    EXPECT_EQ(left.front().number, store.trimmed_up_to() + 1);
    EXPECT_EQ(left.back().number, store.last_event());
}

TEST_F(JobStoreTest, WebhooksAreDueAtTheEndAndRetriedLater) {
    NewJob job;
    job.webhook = "https://example.com/hook";
    store.submit(job);
    submit("without");
    EXPECT_TRUE(store.due_deliveries(INT64_MAX).empty());
    ASSERT_TRUE(store.complete(*claim(), "done"));
    ASSERT_TRUE(store.fail(*claim(), "io", "no"));
    const std::vector<Delivery> due = store.due_deliveries(INT64_MAX);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].url, job.webhook);
    EXPECT_EQ(due[0].state, State::completed);
    store.retry_delivery(due[0].id, due[0].due_ms + 5000, "connection refused");
    EXPECT_TRUE(store.due_deliveries(due[0].due_ms + 4999).empty());
    ASSERT_EQ(store.due_deliveries(due[0].due_ms + 5000).size(), 1u);
    EXPECT_EQ(store.due_deliveries(due[0].due_ms + 5000)[0].tries, 1);
    EXPECT_EQ(store.last_deliveries({due[0].job})[due[0].job].error, "connection refused");
    const std::int64_t event = store.last_event();
    store.delivered(due[0].id);
    EXPECT_TRUE(store.due_deliveries(INT64_MAX).empty());
    const Delivery told = store.last_deliveries({due[0].job, "nobody"}).at(due[0].job);
    EXPECT_EQ(told.outcome, Delivery::Outcome::delivered);
    EXPECT_EQ(told.error, "");
    EXPECT_EQ(told.at_ms, due[0].at_ms) << "when the job ended, however often it was tried";
    ASSERT_EQ(store.events_after(event).size(), 1u) << "listeners hear of it";
    EXPECT_EQ(store.events_after(event)[0].job, due[0].job);
    const Job cancelled = store.submit(job);
    store.cancel(cancelled.id);
    const std::vector<Delivery> second = store.due_deliveries(INT64_MAX);
    ASSERT_EQ(second.size(), 1u);
    EXPECT_EQ(second[0].state, State::cancelled);
    store.give_up_delivery(second[0].id, "gone");
    EXPECT_TRUE(store.due_deliveries(INT64_MAX).empty());
    EXPECT_EQ(store.last_deliveries({cancelled.id}).at(cancelled.id).outcome, Delivery::Outcome::given_up);
    store.remove(cancelled.id);
    store.purge(cancelled.id);
    store.delivered(second[0].id);
    EXPECT_TRUE(store.last_deliveries({cancelled.id}).empty());
}

TEST(StateNames, AreReadBackAndUnknownOnesRefused) {
    for (const State state :
         {State::queued, State::running, State::completed, State::failed, State::cancelled})
        EXPECT_EQ(parse_state(name_of(state)), state);
    EXPECT_ERROR(parse_state("done"), ErrorCode::invalid_argument, "'done'");
}

}  // namespace
}  // namespace stillreel::jobs
