// Real processes, killed, stopped and starved. Nothing may be lost, finished twice, or seen half done.

#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "base/random.h"
#include "store_fixture.h"
#include "support/eventually.h"
#include "support/process.h"

namespace stillreel::jobs {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::eventually;
using testing::Process;

class CrashTest : public StoreFixture {
  protected:
    CrashTest() { fs::create_directory(outputs); }

    std::unique_ptr<Process> start_worker(int lease_ms = 30'000, const std::string& when_idle = "wait") {
        const std::vector<std::string> command = {
            CRASH_WORKER, "work", folder / "stillreel.db", outputs, std::to_string(lease_ms), when_idle};
        return std::make_unique<Process>(command, testing::ProcessOptions{folder.path(), {}, 0});
    }
    static void kill_hard(std::unique_ptr<Process>& worker) { worker.reset(); }

    bool reaches(const std::string& id, State state) {
        return eventually([&] { return store.get(id).state == state; });
    }

    /// Job id -> its files. Fails when one that has its name is not whole.
    std::map<std::string, int> files_by_job() {
        std::map<std::string, int> files;
        for (const auto& entry : fs::directory_iterator(outputs)) {
            if (entry.path().extension() == ".part") continue;
            std::ostringstream text;
            text << std::ifstream(entry.path()).rdbuf();
            // A worker may take a dropped file away while we look.
            if (text.str().empty() && !fs::exists(entry.path())) continue;
            EXPECT_TRUE(text.str().ends_with("end\n")) << entry.path() << " is half a file";
            ++files[text.str().substr(0, text.str().find('\n'))];
        }
        return files;
    }
    int parts() {
        int count = 0;
        for (const auto& entry : fs::directory_iterator(outputs))
            count += entry.path().extension() == ".part";
        return count;
    }

    const fs::path outputs = folder / "outputs";
};

TEST_F(CrashTest, SeveralWorkersNeverShareAJob) {
    std::vector<NewJob> jobs(24);
    for (NewJob& job : jobs) job.output_form = "clip_*.txt";
    store.submit_batch(jobs);
    std::vector<std::unique_ptr<Process>> workers;
    for (int i = 0; i < 4; ++i) workers.push_back(start_worker(30'000, "leave"));
    int taken = 0;
    for (auto& worker : workers) {
        const testing::Finished finished = worker->wait();
        EXPECT_EQ(finished.exit_code, 0) << finished.err;
        taken += std::stoi(finished.out);
    }
    EXPECT_EQ(taken, 24);
    const auto files = files_by_job();
    for (const Job& job : store.list({})) {
        EXPECT_EQ(job.state, State::completed);
        EXPECT_EQ(job.attempt, 1);
        EXPECT_EQ(files.at(job.id), 1);
    }
}

TEST_F(CrashTest, KillsAtRandomMomentsLoseNothingAndFinishNothingTwice) {
    std::vector<NewJob> jobs(60);
    for (NewJob& job : jobs) {
        job.spec = "words";
        job.output_form = "clip_*.txt";
    }
    store.submit_batch(jobs);
    Random random(7);
    std::unique_ptr<Process> workers[2] = {start_worker(), start_worker()};
    for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(static_cast<int>(random.between(20, 150))));
        if (random.unit() < 0.3f) kill_hard(workers[0]), kill_hard(workers[1]);
        std::unique_ptr<Process>& victim = workers[random.bits() % 2];
        kill_hard(victim);
        files_by_job();
        for (auto& worker : workers)
            if (!worker) worker = start_worker();
        // Bad luck three times in a row is a failed job by the rules, and a person's retry helps.
        for (const Job& job : store.list({.states = {State::failed}})) {
            EXPECT_EQ(job.crashes, 3);
            EXPECT_EQ(job.error_code, "crashed");
            store.retry(job.id);
        }
    }
    int crashes = 0;
    ASSERT_TRUE(eventually([&] {
        for (const Job& job : store.list({.states = {State::failed}})) store.retry(job.id);
        return store.counts().at(State::completed) == 60;
    }));
    ASSERT_TRUE(eventually([&] { return store.workers().size() == 2; }));
    for (auto& worker : workers) {
        worker->signal(SIGTERM);
        EXPECT_EQ(worker->wait().exit_code, 0);
    }
    const auto files = files_by_job();
    EXPECT_EQ(files.size(), 60u);
    int adopted = 0;
    for (const Job& job : store.list({})) {
        EXPECT_EQ(files.at(job.id), 1) << job.id;
        EXPECT_TRUE(fs::exists(outputs / job.output)) << job.output;
        crashes += job.crashes;
        adopted += job.result == "adopted";
    }
    EXPECT_EQ(parts(), 0);
    EXPECT_GT(crashes, 0);
    RecordProperty("crashes", crashes);
    RecordProperty("adopted", adopted);
}

TEST_F(CrashTest, ADeadWorkersJobDoesNotWaitForItsLease) {
    const Job job = submit("slow");
    auto first = start_worker();
    ASSERT_TRUE(reaches(job.id, State::running));
    const std::string worker = store.get(job.id).worker;
    auto second = start_worker();
    kill_hard(first);
    ASSERT_TRUE(eventually([&] {
        const Job now = store.get(job.id);
        return now.state == State::running && now.worker != worker;
    }));
    const Job taken = store.get(job.id);
    EXPECT_EQ(taken.attempt, 2);
    EXPECT_EQ(taken.crashes, 1);
    EXPECT_LT(taken.started_ms - job.created_ms, store.options().lease_ms);
    store.cancel(job.id);
    EXPECT_TRUE(reaches(job.id, State::cancelled));
    EXPECT_TRUE(eventually([&] { return parts() == 0; }));
}

TEST_F(CrashTest, AJobThatKillsItsWorkerThreeTimesIsFailed) {
    const Job deadly = submit("kill"), harmless = submit("words");
    std::unique_ptr<Process> worker = start_worker();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(worker->wait().exit_code, 128 + SIGKILL);
        worker = start_worker();
    }
    ASSERT_TRUE(reaches(harmless.id, State::completed));
    const Job failed = store.get(deadly.id);
    EXPECT_EQ(failed.state, State::failed);
    EXPECT_EQ(failed.attempt, 3);
    EXPECT_EQ(failed.error_code, "crashed");
    EXPECT_NE(failed.error_message.find("3 times"), std::string::npos) << failed.error_message;
    EXPECT_EQ(files_by_job().size(), 1u);
    EXPECT_TRUE(eventually([&] { return parts() == 0; }));
}

TEST_F(CrashTest, AWorkerStoppedPastItsLeaseFinishesNothing) {
    const Job job = submit("deaf");
    auto sleeper = start_worker(300);
    ASSERT_TRUE(eventually([&] { return store.get(job.id).progress > 0; }));
    sleeper->signal(SIGSTOP);
    auto other = start_worker(300);
    ASSERT_TRUE(reaches(job.id, State::completed));
    EXPECT_EQ(store.get(job.id).result, "made by attempt 2");
    sleeper->signal(SIGCONT);
    // It writes its file to the end, learns that the job is another's, and takes the file away again.
    sleeper->signal(SIGTERM);
    const testing::Finished finished = sleeper->wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_NE(finished.err.find("taken over"), std::string::npos) << finished.err;
    const Job after = store.get(job.id);
    EXPECT_EQ(after.result, "made by attempt 2");
    EXPECT_EQ(after.attempt, 2);
    EXPECT_EQ(files_by_job().at(job.id), 1);
    EXPECT_TRUE(fs::exists(outputs / after.output));
}

TEST_F(CrashTest, AStoppedWorkerThatHearsGivesUpAndGoesOn) {
    const Job job = submit("slow");
    auto sleeper = start_worker(300);
    ASSERT_TRUE(eventually([&] { return store.get(job.id).progress > 0; }));
    sleeper->signal(SIGSTOP);
    auto other = start_worker(300);
    ASSERT_TRUE(eventually([&] { return store.get(job.id).attempt == 2; }));
    sleeper->signal(SIGCONT);
    const Job next = submit("words");
    EXPECT_TRUE(reaches(next.id, State::completed)) << "the woken worker is free for other jobs";
    EXPECT_EQ(store.get(job.id).attempt, 2);
    EXPECT_EQ(store.get(job.id).state, State::running);
}

TEST_F(CrashTest, AskedToStopAWorkerPutsItsJobBack) {
    const Job job = submit("slow");
    auto worker = start_worker();
    ASSERT_TRUE(reaches(job.id, State::running));
    worker->signal(SIGINT);
    EXPECT_EQ(worker->wait().exit_code, 0);
    const Job back = store.get(job.id);
    EXPECT_EQ(back.state, State::queued);
    EXPECT_EQ(back.crashes, 0);
    EXPECT_EQ(parts(), 0);
    EXPECT_TRUE(store.workers().empty());
}

TEST_F(CrashTest, AFileThatWasFinishedBeforeTheKillIsAdopted) {
    const Job job = submit("words");
    const auto claimed = claim("anna");
    std::ofstream(outputs / claimed->job.output) << job.id << "\nwords\nend\n";
    kill("anna");
    auto worker = start_worker();
    ASSERT_TRUE(reaches(job.id, State::completed));
    const Job done = store.get(job.id);
    EXPECT_EQ(done.result, "adopted");
    EXPECT_EQ(done.attempt, 1);
    EXPECT_EQ(done.output, claimed->job.output);
    EXPECT_EQ(files_by_job().at(job.id), 1);
}

TEST_F(CrashTest, WhatWasAcceptedBeforeTheClientDiedIsThere) {
    auto client = std::make_unique<Process>(
        std::vector<std::string>{CRASH_WORKER, "submit", folder / "stillreel.db", "100"},
        testing::ProcessOptions{folder.path(), {}, 0});
    ASSERT_TRUE(eventually([&] { return client->out().size() > 21 * 10; }));
    client->signal(SIGKILL);
    const testing::Finished finished = client->wait();
    std::istringstream ids(finished.out);
    int accepted = 0;
    for (std::string id; ids >> id; ++accepted) EXPECT_TRUE(store.find(id)) << id;
    EXPECT_GE(accepted, 10);
}

TEST_F(CrashTest, AFullDiskIsSaidAndLosesNothing) {
    Process client({CRASH_WORKER, "submit", folder / "stillreel.db", "30000"},
                   testing::ProcessOptions{folder.path(), {}, 600'000});
    const testing::Finished finished = client.wait();
    EXPECT_EQ(finished.exit_code, exit_code(ErrorCode::io)) << finished.err;
    EXPECT_NE(finished.err.find("stillreel.db"), std::string::npos) << finished.err;
    EXPECT_NE(finished.err.find("space"), std::string::npos) << finished.err;
    std::istringstream ids(finished.out);
    int accepted = 0;
    for (std::string id; ids >> id; ++accepted) EXPECT_TRUE(store.find(id)) << id;
    EXPECT_GE(accepted, 3);
    EXPECT_EQ(store.counts().at(State::queued), accepted);
    EXPECT_EQ(submit("words").state, State::queued);
}

}  // namespace
}  // namespace stillreel::jobs
