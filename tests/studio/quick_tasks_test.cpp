// Tasks of the quick lane, done by a real `stillreel work --lane quick`.
#include "studio/quick_tasks.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "image/picture_file.h"
#include "studio/preview.h"
#include "studio/quick_cache.h"
#include "support/process.h"
#include "support/throws.h"

namespace stillreel::studio {
namespace {

using namespace std::chrono_literals;
using testing::Finished;
using testing::Process;

class QuickTasksTest : public ::testing::Test {
  protected:
    jobs::Job submit(const QuickTask& task) {
        jobs::NewJob job;
        job.lane = jobs::kQuickLane;
        job.spec = to_json(task);
        return store.submit(job);
    }
    Finished work_off(std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {STILLREEL_BINARY_DIR "/bin/stillreel", "work", "--lane", "quick",
                                   "--until-idle", "--home", folders.home.string()});
        return Process(more, testing::ProcessOptions{scratch.path(), {{"STILLREEL_OUTPUTS", ""}}, 0}).wait();
    }
    QuickTask upload_of(int width, int height, const std::string& id) const {
        const auto bytes = image::encode_jpeg(image::Image(width, height, 3), 60);
        QuickTask task;
        task.kind = QuickKind::upload;
        task.file = passing_name("upload");
        task.asset = id;
        task.name = "big.jpg";
        write_file(folders.quick() / task.file, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        return task;
    }

    testing::ScratchFolder scratch;
    ServiceFolders folders{scratch / "home"};
    jobs::JobStore store = jobs::JobStore::open(folders.database());
    AssetStore assets{folders.assets()};
};

const std::string kSmallId(24, 'a'), kLargeId(24, 'b');

TEST_F(QuickTasksTest, ATaskThatTakesTooLongEndsItsProcessAndIsTheOnlyOneToFail) {
    const jobs::Job large = submit(upload_of(6000, 5000, kLargeId));
    const jobs::Job small = submit(upload_of(64, 48, kSmallId));
    EXPECT_EQ(work_off({"--task-limit", "0.02"}).exit_code, 1);
    EXPECT_EQ(store.get(large.id).state, jobs::State::failed);
    EXPECT_NE(store.get(large.id).error_message.find("longer than 0.02 s"), std::string::npos)
        << store.get(large.id).error_message;
    EXPECT_FALSE(assets.find(kLargeId));
    EXPECT_EQ(work_off().exit_code, 0);
    EXPECT_EQ(store.get(small.id).state, jobs::State::completed) << store.get(small.id).error_message;
    ASSERT_TRUE(assets.find(kSmallId));
    EXPECT_EQ(assets.get(kSmallId).size, (image::Size{64, 48}));
    EXPECT_TRUE(fs::exists(folders.quick() / thumbnail_of_asset(kSmallId)));
}

TEST_F(QuickTasksTest, ABrokenPictureIsNotKept) {
    QuickTask task = upload_of(640, 480, kSmallId);
    const auto bytes = read_file(folders.quick() / task.file, 1 << 20);
    write_file(folders.quick() / task.file, {reinterpret_cast<const char*>(bytes.data()), bytes.size() / 2});
    const jobs::Job job = submit(task);
    EXPECT_EQ(work_off().exit_code, 0);
    EXPECT_EQ(store.get(job.id).error_code, "corrupt_data");
    EXPECT_NE(store.get(job.id).error_message.find("big.jpg"), std::string::npos);
    EXPECT_FALSE(assets.find(kSmallId));
    EXPECT_FALSE(fs::exists(folders.quick() / thumbnail_of_asset(kSmallId)));
}

TEST(QuickTask, ComesBackFromItsText) {
    QuickTask task;
    task.kind = QuickKind::frame;
    task.file = "f.jpg";
    task.output = "video.mp4";
    task.frame = 7;
    task.name = "\"quoted\" \xE7\x95\xAB";
    const QuickTask again = parse_quick_task(to_json(task));
    EXPECT_EQ(to_json(again), to_json(task));
    EXPECT_EQ(again.frame, 7);
    EXPECT_ERROR(parse_quick_task("{\"kind\":\"frame\"}"), ErrorCode::corrupt_data, "task");
}

TEST(QuickCache, DropsTheOldestWhenItIsFullAndWhatWasLeftBehind) {
    const testing::ScratchFolder folder;
    const auto now = fs::file_time_type::clock::now();
    for (int age = 0; age < 5; ++age) {
        write_file(folder / ("clip-" + std::to_string(age)), std::string(1000, 'x'));
        fs::last_write_time(folder / ("clip-" + std::to_string(age)), now - std::chrono::minutes(age));
    }
    write_file(folder / passing_name("fresh"), "x");
    const fs::path left = folder / passing_name("left");
    write_file(left, "x");
    fs::last_write_time(left, now - 2h);
    tidy_quick_cache(folder.path(), 3100);
    EXPECT_FALSE(fs::exists(left));
    for (int age = 0; age < 5; ++age)
        EXPECT_EQ(fs::exists(folder / ("clip-" + std::to_string(age))), age < 3) << age;
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 4);
}

TEST(Preview, IsSmallEvenAndAsLongAsTheClip) {
    const EngineRegistry engines = standard_engines();
    const auto preview = [&](const std::string& json) {
        return preview_of(parse_clip_spec(json), {4000, 3000}, engines);
    };
    const ClipSpec wide = preview(R"({"aspect":"2.39:1","duration":4,"fps":24})");
    EXPECT_EQ(wide.width, 256);
    EXPECT_EQ(wide.height, 108);
    EXPECT_EQ(wide.frames, 96);
    EXPECT_EQ(wide.fps, (Rational{24, 1}));
    const ClipSpec fast = preview(R"({"duration":4,"fps":60})");
    EXPECT_EQ(fast.frames, 97);
    EXPECT_NEAR(*fast.frames / fast.fps->value(), 4, 0.01);
    const ClipSpec model = preview(R"({"engine":"i2vgen-xl","preset":"standard"})");
    EXPECT_EQ(model.engine, "animatic");
    EXPECT_NEAR(*model.frames / model.fps->value(), 2, 0.01);
    EXPECT_ERROR(preview(R"({"engine":"sora"})"), ErrorCode::invalid_argument, "sora");
}

}  // namespace
}  // namespace stillreel::studio
