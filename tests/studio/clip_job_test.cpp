// Clips made by real `stillreel work` processes over a home of their own: killed, stopped, cancelled. And
// `stillreel jobs`, which looks after them.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "image/picture_file.h"
#include "jobs/worker_life.h"
#include "media/video.h"
#include "studio/clip_job.h"
#include "studio/progress_picture.h"
#include "support/eventually.h"
#include "support/process.h"
#include "weights/packed_cache.h"

namespace stillreel::studio {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::eventually;
using testing::Process;

class ClipJobTest : public ::testing::Test {
  protected:
    ClipJobTest() {
        image::Image picture(64, 48, 3);
        for (std::size_t i = 0; i < picture.pixels.size(); ++i)
            picture.pixels[i] = static_cast<std::uint8_t>(i * 7);
        const auto png = image::encode_png(picture);
        asset =
            AssetStore(folders.assets()).add({reinterpret_cast<const char*>(png.data()), png.size()}, "p").id;
    }

    jobs::Job submit(const std::string& more) {
        jobs::NewJob job;
        job.spec = R"({"picture":")" + asset + R"(","prompt":"pan right","seed":7,)" + more + "}";
        job.output_form = "video_*.mp4";
        return store.submit(job);
    }
    std::unique_ptr<Process> start(std::vector<std::string> words) const {
        words.insert(words.begin(), STILLREEL_BINARY_DIR "/bin/stillreel");
        words.insert(words.end(), {"--home", folders.home.string()});
        return std::make_unique<Process>(
            words,
            testing::ProcessOptions{
                scratch.path(),
                {{"STILLREEL_OUTPUTS", ""}, {"STILLREEL_CONFIG", ""}, {"XDG_CONFIG_HOME", config.string()}},
                0});
    }
    testing::Finished run(const std::vector<std::string>& words) const { return start(words)->wait(); }
    testing::Finished work_off() const { return run({"work", "--until-idle"}); }

    std::vector<std::string> outputs() const {
        std::vector<std::string> names;
        if (fs::exists(folders.outputs()))
            for (const auto& entry : fs::directory_iterator(folders.outputs()))
                names.push_back(entry.path().filename());
        return names;
    }
    bool half_there() const {
        for (const std::string& name : outputs())
            if (name.ends_with(".part")) return true;
        return false;
    }
    /// Steps of a diffusion clip that were kept.
    bool steps_there() const {
        const fs::path resume = folders.cache() / "resume";
        std::error_code gone;
        for (fs::recursive_directory_iterator at(resume, gone), end; !gone && at != end; at.increment(gone))
            if (at->is_regular_file(gone) && at->path().filename() != "seed" &&
                at->path().extension() != ".part")
                return true;
        return false;
    }
    void expect_made(const std::string& id, int frames) {
        const jobs::Job job = store.get(id);
        ASSERT_EQ(job.state, jobs::State::completed) << job.error_message;
        EXPECT_EQ(outputs(), std::vector<std::string>{job.output});
        const media::VideoFacts facts = media::probe_video(folders.outputs() / job.output);
        EXPECT_EQ(facts.frames, frames);
        EXPECT_EQ(job_of(facts.tags.at("comment")), id);
        const json result = json::parse(job.result);
        EXPECT_EQ(result.at("output"), job.output);
        EXPECT_EQ(result.at("frames"), frames);
        EXPECT_EQ(result.at("bytes"), facts.bytes);
        EXPECT_EQ(result.at("seed"), 7);
        EXPECT_GT(result.at("seconds"), 0.0);
    }
    void install_tiny_model() const {
        fs::create_directories(folders.models());
        fs::copy(fs::path(STILLREEL_SOURCE_DIR) / "tests/goldens/models/tiny-i2vgenxl",
                 folders.models() / "tiny", fs::copy_options::recursive);
    }

    std::size_t packed_files() const {
        return weights::packed_cache_files(folders.cache() / "packed").size();
    }

    testing::ScratchFolder scratch;
    const fs::path config = scratch / "config";
    const ServiceFolders folders{scratch / "home"};
    std::string asset;
    jobs::JobStore store = jobs::JobStore::open(folders.database());
};

constexpr const char* kShort = R"("size":32,"frames":4)";
constexpr const char* kEndless = R"("size":256,"frames":10000)";
constexpr const char* kDiffusion =
    R"("engine":"i2vgen-xl","model":"tiny","width":32,"height":32,"frames":2,"steps":300)";
constexpr const char* kDiffusionOfAStep =
    R"("engine":"i2vgen-xl","model":"tiny","width":32,"height":32,"frames":2,"steps":1)";

TEST_F(ClipJobTest, IsFinishedByAWorker) {
    const std::string id = submit(kShort).id;
    EXPECT_EQ(work_off().exit_code, 0);
    expect_made(id, 4);
}

TEST_F(ClipJobTest, ShowsAPictureWhileItIsMadeAndNoneAfterwards) {
    const std::string id = submit(R"("size":"800x600","frames":10000)").id;
    const auto worker = start({"work"});
    std::optional<ShownProgress> first, second;
    ASSERT_TRUE(eventually([&] { return (first = progress_picture(store.get(id), folders)).has_value(); }));
    const image::Image picture = image::read_picture(folders.progress() / first->name);
    EXPECT_EQ(picture.size(), (image::Size{400, 300}));
    EXPECT_NE(*std::max_element(picture.pixels.begin(), picture.pixels.end()), 0);
    ASSERT_TRUE(eventually([&] {
        second = progress_picture(store.get(id), folders);
        return second && second->version != first->version;
    }));
    EXPECT_GE(second->version - first->version, 900) << "at most one a second";
    store.cancel(id);
    ASSERT_TRUE(eventually([&] { return store.get(id).state == jobs::State::cancelled; }));
    EXPECT_FALSE(progress_picture(store.get(id), folders));
    EXPECT_TRUE(eventually([&] { return fs::is_empty(folders.progress()); }));
}

TEST_F(ClipJobTest, ThePictureOfAKilledWorkerIsNeitherShownNorKept) {
    const std::string id = submit(kEndless).id;
    auto worker = start({"work"});
    ASSERT_TRUE(eventually([&] { return progress_picture(store.get(id), folders).has_value(); }));
    const std::string left = progress_picture(store.get(id), folders)->name;
    worker.reset();
    EXPECT_TRUE(fs::exists(folders.progress() / left));
    store.cancel(id);
    EXPECT_EQ(work_off().exit_code, 0);
    EXPECT_EQ(store.get(id).state, jobs::State::cancelled);
    EXPECT_FALSE(progress_picture(store.get(id), folders));
    EXPECT_TRUE(fs::is_empty(folders.progress()));
}

TEST_F(ClipJobTest, ShowsWhatTheDenoisingHasComeTo) {
    install_tiny_model();
    const std::string id = submit(kDiffusion).id;
    const auto worker = start({"work"});
    std::optional<ShownProgress> shown;
    ASSERT_TRUE(eventually([&] { return (shown = progress_picture(store.get(id), folders)).has_value(); }));
    EXPECT_TRUE(eventually([&] { return store.get(id).stage == "denoise"; }));
    EXPECT_EQ(image::read_picture(folders.progress() / shown->name).size(), (image::Size{32, 32}));
    store.cancel(id);
    EXPECT_TRUE(eventually([&] { return fs::is_empty(folders.progress()); }));
}

TEST_F(ClipJobTest, TheLogTellsItsStoryFromClaimToOutput) {
    install_tiny_model();
    const std::string id =
        submit(R"("engine":"i2vgen-xl","model":"tiny","width":32,"height":32,"frames":2,"steps":3)").id;
    EXPECT_EQ(work_off().exit_code, 0);
    const json shown = json::parse(run({"jobs", "show", id, "--json"}).out);
    std::string story;
    for (const json& line : shown.at("log")) story += line.at("text").get<std::string>() + "\n";
    for (const char* part :
         {"attempt 1 by the worker", "i2vgen-xl, 2 frames of 32x32", "seed 7, 3 steps", "free memory",
          "text: ", "denoise: ", "for 3 steps, ", " s a step", "decode: ", "mp4 is written: 2 frames"})
        EXPECT_NE(story.find(part), std::string::npos) << part << " in:\n" << story;
    EXPECT_GT(shown.at("result").at("step_seconds"), 0.0);
    EXPECT_LT(shown.at("result").at("step_seconds"), shown.at("result").at("seconds"));
    EXPECT_NE(run({"jobs", "show", id}).out.find("mp4 is written: 2 frames"), std::string::npos);
}

TEST_F(ClipJobTest, PackedWeightsAreKeptWhereTheOptionOrTheConfigSaysSo) {
    install_tiny_model();
    const auto queue = [&] { return submit(kDiffusionOfAStep).id; };
    queue();
    EXPECT_EQ(work_off().exit_code, 0);
    EXPECT_EQ(packed_files(), 0u);

    queue();
    EXPECT_EQ(run({"work", "--until-idle", "--packed-cache"}).exit_code, 0);
    EXPECT_EQ(packed_files(), 1u);
    fs::remove_all(folders.cache() / "packed");

    fs::create_directories(config / "stillreel");
    write_file(config / "stillreel/config.toml", "packed_cache = true\n");
    queue();
    EXPECT_EQ(work_off().exit_code, 0);
    EXPECT_EQ(packed_files(), 1u);
}

TEST_F(ClipJobTest, TheWorkersOfServeKeepPackedWeightsWhenItIsToldTo) {
    install_tiny_model();
    const std::string id = submit(kDiffusionOfAStep).id;
    const auto server = start({"serve", "--port", "0", "--packed-cache"});
    ASSERT_TRUE(eventually([&] { return store.get(id).state == jobs::State::completed; })) << server->out();
    EXPECT_EQ(packed_files(), 1u);
}

TEST_F(ClipJobTest, TheLogTellsWhyItFailed) {
    asset = "gone";
    const std::string id = submit(kShort).id;
    EXPECT_EQ(work_off().exit_code, 0);
    const json last = json::parse(run({"jobs", "show", id, "--json"}).out).at("log").back();
    EXPECT_EQ(last.at("level"), "error");
    EXPECT_NE(last.at("text").get<std::string>().find("failed (not_found): picture: there is no asset"),
              std::string::npos)
        << last;
}

TEST_F(ClipJobTest, KilledInMidClipIsFinishedOnceByTheNextWorker) {
    const std::string id = submit(R"("size":128,"frames":150)").id;
    auto worker = start({"work"});
    ASSERT_TRUE(eventually([&] { return half_there(); }));
    worker.reset();
    EXPECT_EQ(store.get(id).state, jobs::State::running);
    EXPECT_EQ(work_off().exit_code, 0);
    expect_made(id, 150);
    EXPECT_EQ(store.get(id).attempt, 2);
}

TEST_F(ClipJobTest, AFinishedFileIsAdoptedWhateverItsRecipeLeavesOut) {
    const EngineRegistry engines = standard_engines();
    const jobs::Work work = clip_work(store, engines, folders);
    for (const std::string recipe : {"full", "none"}) {
        const std::string id = submit(kShort + (R"(,"ai_label":"none","recipe":")" + recipe + "\"")).id;
        auto life = std::make_optional(jobs::WorkerLife::begin(store.workers_folder(), "anna"));
        jobs::ClaimRequest request;
        request.worker = "anna";
        const auto claim = store.claim(request);
        ASSERT_TRUE(claim);
        work.execute(
            *claim, [](double, std::string_view, double) {}, CancelFlag());
        const auto written = fs::last_write_time(folders.outputs() / claim->job.output);
        life.reset();
        EXPECT_EQ(work_off().exit_code, 0);
        expect_made(id, 4);
        EXPECT_EQ(store.get(id).attempt, 1);
        EXPECT_EQ(fs::last_write_time(folders.outputs() / claim->job.output), written);
        work.discard_output(store.get(id));
        EXPECT_TRUE(outputs().empty());
    }
}

TEST_F(ClipJobTest, AnotherOnesFileIsNeitherAdoptedNorRemoved) {
    jobs::Job job = submit(kShort);
    job.output = "video_mine.mp4";
    write_file(folders.outputs() / job.output, "not a clip of this job");
    const EngineRegistry engines = standard_engines();
    const jobs::Work work = clip_work(store, engines, folders);
    EXPECT_FALSE(work.finished_already(job));
    work.discard_output(job);
    EXPECT_TRUE(fs::exists(folders.outputs() / job.output));
    EXPECT_TRUE(work.name_taken(job.output));
}

TEST_F(ClipJobTest, CancelledLeavesNothingAndAStoppedWorkerPutsItsJobBack) {
    const std::string cancelled = submit(kEndless).id;
    auto worker = start({"work"});
    ASSERT_TRUE(eventually([&] { return half_there(); }));
    ASSERT_TRUE(eventually([&] { return store.get(cancelled).progress > 0; }));
    EXPECT_FALSE(store.get(cancelled).stage.empty());
    EXPECT_EQ(run({"jobs", "cancel", cancelled}).exit_code, 0);
    EXPECT_TRUE(eventually([&] { return store.get(cancelled).state == jobs::State::cancelled; }));
    EXPECT_TRUE(outputs().empty());

    const std::string stopped = submit(kEndless).id;
    ASSERT_TRUE(eventually([&] { return half_there(); }));
    worker->signal(SIGTERM);
    EXPECT_EQ(worker->wait().exit_code, 0);
    EXPECT_EQ(store.get(stopped).state, jobs::State::queued);
    EXPECT_TRUE(outputs().empty());
}

TEST_F(ClipJobTest, ADiffusionClipGoesOnFromItsLastStep) {
    install_tiny_model();
    const std::string id = submit(kDiffusion).id;
    auto worker = start({"work"});
    ASSERT_TRUE(eventually([&] { return steps_there(); }));
    worker.reset();
    const testing::Finished second = work_off();
    EXPECT_NE(second.err.find("goes on after step"), std::string::npos) << second.err;
    expect_made(id, 2);
}

TEST_F(ClipJobTest, ADiffusionClipIsKeptAsFarAsItCame) {
    install_tiny_model();
    const std::string id = submit(kDiffusion).id;
    const auto worker = start({"work"});
    ASSERT_TRUE(eventually([&] { return steps_there(); }));
    EXPECT_EQ(run({"jobs", "cancel", id, "--keep-partial"}).exit_code, 0);
    ASSERT_TRUE(eventually([&] { return store.get(id).state != jobs::State::running; }));
    expect_made(id, 2);
    EXPECT_LT(json::parse(store.get(id).result).at("partial_steps"), 300);
}

TEST_F(ClipJobTest, ASpecThatCannotBeMadeFailsWithOneSentence) {
    const std::string no_field = submit(R"("colour":1)").id;
    asset = "gone";
    const std::string no_asset = submit(kShort).id;
    EXPECT_EQ(work_off().exit_code, 0);
    for (const auto& [id, part] : {std::pair(no_field, "colour"), std::pair(no_asset, "there is no asset")}) {
        const jobs::Job job = store.get(id);
        EXPECT_EQ(job.state, jobs::State::failed);
        EXPECT_NE(job.error_message.find(part), std::string::npos) << job.error_message;
        EXPECT_EQ(job.error_message.find('\n'), std::string::npos);
    }
    EXPECT_TRUE(outputs().empty());
}

TEST_F(ClipJobTest, JobsAreListedShownCancelledAndQueuedAgain) {
    const std::string first = submit(kShort).id, second = submit(kShort).id;
    EXPECT_EQ(run({"jobs", "cancel", first}).exit_code, 0);
    const json cancelled = json::parse(run({"jobs", "list", "--state", "cancelled", "--json"}).out);
    ASSERT_EQ(cancelled.size(), 1u);
    EXPECT_EQ(cancelled[0].at("id"), first);
    EXPECT_EQ(json::parse(run({"jobs", "retry", first, "--json"}).out).at("state"), "queued");
    EXPECT_EQ(json::parse(run({"jobs", "show", second, "--json"}).out).at("spec").at("frames"), 4);
    const std::string table = run({"jobs", "list"}).out;
    EXPECT_NE(table.find(first), std::string::npos);
    EXPECT_NE(table.find(second), std::string::npos);
    EXPECT_EQ(run({"jobs", "show", "nobody"}).exit_code, 4);
    EXPECT_EQ(run({"jobs", "retry", first}).exit_code, 8) << "it is queued";
    EXPECT_EQ(run({"work", "--lane", "fast"}).exit_code, 2);
}

TEST_F(ClipJobTest, GcRemovesForGoodWhatWasDeleted) {
    const std::string kept = submit(kShort).id, dropped = submit(kShort).id;
    EXPECT_EQ(work_off().exit_code, 0);
    ASSERT_EQ(outputs().size(), 2u);
    store.remove(dropped);
    const fs::path stray = folders.progress() / (kept + "-1.jpg");
    write_file(stray, "of a worker that was killed");
    EXPECT_EQ(json::parse(run({"jobs", "gc", "--json"}).out).at("removed"), 0) << "deleted just now";
    EXPECT_FALSE(fs::exists(stray));
    EXPECT_EQ(json::parse(run({"jobs", "gc", "--days", "0", "--json"}).out).at("removed"), 1);
    EXPECT_FALSE(store.find(dropped));
    EXPECT_EQ(outputs(), std::vector<std::string>{store.get(kept).output});
}

}  // namespace
}  // namespace stillreel::studio
