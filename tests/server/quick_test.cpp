// Thumbnails, strips, frames, previews and recipes: made by the quick lane, and what happens when it cannot.
#include <fstream>
#include <future>
#include <thread>

#include "base/file.h"
#include "media/video.h"
#include "service_fixture.h"

namespace stillreel::testing {
namespace {

using namespace std::chrono_literals;

image::Image picture_in(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body.substr(0, 300);
    EXPECT_EQ(answer.header("content-type"), "image/jpeg");
    if (answer.status != 200) return {};
    EXPECT_EQ(answer.body.substr(0, 3), "\xFF\xD8\xFF");
    return image::decode_picture({answer.body.begin(), answer.body.end()}, "answer");
}

/// Grey, darker from left to right, as a JPEG whose EXIF says how to hold it.
std::string jpeg_bytes(int width, int height, int orientation) {
    image::Image picture(width, height, 3);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c)
                picture.at(x, y)[c] = static_cast<std::uint8_t>(250 - 200 * x / width);
    const auto bytes = image::encode_jpeg(picture, 90);
    const std::string tiff = std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19) +
                             static_cast<char>(orientation) + std::string(6, '\0');
    const std::string body = std::string("Exif\0\0", 6) + tiff;
    const std::string marker = std::string("\xFF\xE1\0", 3) + static_cast<char>(body.size() + 2);
    std::string file(bytes.begin(), bytes.end());
    return file.insert(2, marker + body);
}

class QuickTest : public ServiceTest {
  protected:
    std::vector<std::string> cached() const {
        std::vector<std::string> names;
        std::error_code missing;
        for (const auto& entry : fs::directory_iterator(folders().quick(), missing))
            names.push_back(entry.path().filename().string());
        return names;
    }
    std::vector<jobs::Job> quick_jobs() {
        jobs::Filter filter;
        filter.lane = jobs::kQuickLane;
        return store().list(filter);
    }
    /// They go right after the answer.
    void expect_nothing_passing() const {
        std::string left;
        for (const auto end = std::chrono::steady_clock::now() + 5s;
             std::chrono::steady_clock::now() < end;) {
            left.clear();
            for (const std::string& name : cached())
                if (name.starts_with("passing-")) left += name + " ";
            if (left.empty()) break;
            std::this_thread::sleep_for(2ms);
        }
        EXPECT_EQ(left, "");
    }
    media::VideoReader video_in(const Answer& answer) const {
        std::ofstream(scratch_ / "answer.mp4", std::ios::binary) << answer.body;
        return media::VideoReader::open(scratch_ / "answer.mp4");
    }
    /// A worker that takes the next task, and what becomes of it then is up to the test.
    std::optional<jobs::Claim> claimed_by(const std::string& worker) {
        jobs::ClaimRequest request;
        request.worker = worker;
        request.lane = jobs::kQuickLane;
        for (const auto end = std::chrono::steady_clock::now() + 10s;
             std::chrono::steady_clock::now() < end;) {
            if (auto claim = store().claim(request)) return claim;
            std::this_thread::sleep_for(2ms);
        }
        return std::nullopt;
    }
    std::future<Answer> soon(const std::string& target) const {
        return std::async(std::launch::async, [this, target] { return get(target); });
    }
};

TEST_F(QuickTest, AnAssetsThumbnailIsSmallAndUpright) {
    start();
    const std::string id = upload(jpeg_bytes(800, 500, 6)).json().at("id");
    const image::Image thumbnail = picture_in(get("/v1/assets/" + id + "/thumbnail"));
    ASSERT_EQ(thumbnail.size(), (image::Size{200, 320}));
    EXPECT_GT(thumbnail.at(100, 20)[0], 200) << "the stored left side is up";
    EXPECT_LT(thumbnail.at(100, 300)[0], 80);
    EXPECT_EQ(get("/v1/assets/0123456789abcdef01234567/thumbnail").status, 404);
    EXPECT_EQ(ask(port(), "DELETE", "/v1/assets/" + id).status, 204);
    EXPECT_TRUE(cached().empty()) << cached().front();
}

TEST_F(QuickTest, AClipIsShownByItsFirstFrameItsStripAndAnyFrame) {
    start();
    const std::string id = made(R"(,"frames":20)"), clip = "/v1/clips/" + id;
    EXPECT_EQ(picture_in(get(clip + "/thumbnail")).size(), (image::Size{86, 64}));
    EXPECT_EQ(picture_in(get(clip + "/strip")).size(), (image::Size{8 * 86, 64}));
    media::VideoReader reader = media::VideoReader::open(outputs() / store().get(id).output);
    std::optional<image::Image> wanted;
    for (int i = 0; i <= 19; ++i) wanted = reader.read();
    const image::Image last = picture_in(get(clip + "/frame/19"));
    ASSERT_EQ(last.size(), wanted->size());
    double difference = 0;
    for (std::size_t i = 0; i < last.pixels.size(); ++i)
        difference += std::abs(int{last.pixels[i]} - int{wanted->pixels[i]});
    EXPECT_LT(difference / static_cast<double>(last.pixels.size()), 16) << "it is that frame, but for JPEG";
    const Answer beyond = get(clip + "/frame/20");
    EXPECT_EQ(beyond.status, 422);
    EXPECT_EQ(beyond.json().at("field"), "n");
    EXPECT_NE(beyond.json().at("detail").get<std::string>().find("0 to 19"), std::string::npos)
        << beyond.body;
    EXPECT_EQ(get(clip + "/frame/x").status, 422);
    EXPECT_EQ(get(clip + "/frame/-1").status, 422);
}

TEST_F(QuickTest, OnlyFinishedClipsAreShown) {
    start();
    const std::string waiting = queued();
    EXPECT_EQ(get("/v1/clips/" + waiting + "/thumbnail").status, 409);
    EXPECT_EQ(get("/v1/clips/nothing/strip").status, 404);
    const std::string id = made();
    fs::remove(outputs() / store().get(id).output);
    EXPECT_EQ(get("/v1/clips/" + id + "/frame/0").status, 404);
    const std::string broken = queued();
    finish_next("this is no video");
    const Answer answer = get("/v1/clips/" + broken + "/thumbnail");
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(answer.body.find(scratch_.path().string()), std::string::npos) << answer.body;
}

TEST_F(QuickTest, WhatWasMadeOnceIsServedUntilItsClipChanges) {
    quick_.without_worker = 200ms;
    start();
    const std::string id = made(), target = "/v1/clips/" + id + "/thumbnail";
    const Answer first = get(target);
    EXPECT_EQ(first.status, 200);
    quick_worker_.reset();
    EXPECT_EQ(get(target).body, first.body);
    EXPECT_EQ(get(target, {{"If-None-Match", first.header("etag")}}).status, 304);
    const fs::path output = outputs() / store().get(id).output;
    fs::last_write_time(output, fs::last_write_time(output) + 1s);
    EXPECT_EQ(get(target).status, 503) << "another file: the old picture is not its";
    start_quick_worker();
    EXPECT_EQ(get(target).status, 200);
    EXPECT_EQ(ask(port(), "DELETE", "/v1/clips/" + id).status, 204);
    EXPECT_EQ(ask(port(), "DELETE", "/v1/clips/" + id + "?purge=true").status, 204);
    for (const std::string& name : cached()) EXPECT_FALSE(name.starts_with("clip-")) << name;
}

TEST_F(QuickTest, APreviewIsASmallMp4ThatIsNotKept) {
    start();
    const std::string picture = upload(png_bytes(640, 360)).json().at("id");
    const auto preview = [&](const std::string& more) {
        return post("/v1/previews", R"({"picture":")" + picture + R"(","prompt":"pan right")" + more + "}");
    };
    const Answer answer = preview(R"(,"duration":3,"aspect":"9:16")");
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.header("content-type"), "video/mp4");
    const media::VideoFacts facts = video_in(answer).facts();
    EXPECT_EQ(facts.width_px, 144);
    EXPECT_EQ(facts.height_px, 256);
    EXPECT_EQ(facts.frames, 72);
    EXPECT_NEAR(facts.duration_s, 3, 0.05);
    expect_nothing_passing();

    const media::VideoFacts slow = video_in(preview(R"(,"duration":30,"width":1920,"height":1080)")).facts();
    EXPECT_EQ(slow.width_px, 256);
    EXPECT_EQ(slow.height_px, 144);
    EXPECT_LE(slow.frames, 240);
    EXPECT_NEAR(slow.duration_s, 30, 0.3) << "all of the move, at a lower rate";
    EXPECT_EQ(get("/v1/clips").json().at("clips").size(), 0u);
}

TEST_F(QuickTest, APreviewOfADiffusionClipIsTheAnimaticEngines) {
    start();
    const Answer answer =
        post("/v1/previews", clip_of(asset(), R"(,"engine":"i2vgen-xl","fps":8,"steps":40)"));
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(video_in(answer).facts().frames, 4);
}

TEST_F(QuickTest, APreviewThatCannotBeIsRefusedWithItsField) {
    start();
    EXPECT_EQ(post("/v1/previews", clip_of(asset(), R"(,"fps":-1)")).json().at("field"), "fps");
    EXPECT_EQ(post("/v1/previews", clip_of(asset(), R"(,"engine":"sora")")).status, 422);
    EXPECT_EQ(post("/v1/previews", R"({"prompt":"x"})").json().at("field"), "picture");
    EXPECT_EQ(post("/v1/previews", clip_of("0123456789abcdef01234567")).status, 404);
}

TEST_F(QuickTest, AClipTellsWhatMadeIt) {
    start();
    const std::string id = made(R"(,"seed":11)");
    const std::string file = get("/v1/clips/" + id + "/content").body;
    const Answer answer = send_form(port(), "/v1/recipes", {{"file", "dropped.mp4", file}});
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.header("content-type"), "application/json");
    EXPECT_EQ(answer.json().at("spec").at("prompt"), "pan right");
    EXPECT_EQ(answer.json().at("seed"), 11);
    EXPECT_EQ(answer.json().at("picture").at("sha256"), sha256_hex(png_bytes()));
    expect_nothing_passing();

    const Answer foreign = send_form(port(), "/v1/recipes", {{"file", "a.mp4", file.substr(0, 2000)}});
    EXPECT_EQ(foreign.status, 422);
    EXPECT_EQ(foreign.json().at("field"), "file");
    EXPECT_EQ(foreign.json().at("detail").get<std::string>().find("passing-"), std::string::npos)
        << foreign.body;
    EXPECT_EQ(send_form(port(), "/v1/recipes", {{"file", "a.mp4", png_bytes()}}).status, 415);
    EXPECT_EQ(send_form(port(), "/v1/recipes", {{"other", "a.mp4", file}}).status, 422);
    expect_nothing_passing();
}

TEST_F(QuickTest, WithoutAWorkerItSaysSoAndGivesUp) {
    start();
    const std::string picture = asset(), id = made();
    const std::string clip = get("/v1/clips/" + id + "/content").body;
    service_.reset();
    start_without_quick_worker();
    for (const std::string& target :
         {"/v1/clips/" + id + "/thumbnail", "/v1/clips/" + id + "/strip", "/v1/clips/" + id + "/frame/0"}) {
        const Answer answer = get(target);
        EXPECT_EQ(answer.status, 503) << target;
        EXPECT_FALSE(answer.header("retry-after").empty());
    }
    EXPECT_EQ(post("/v1/previews", clip_of(picture)).status, 503);
    EXPECT_EQ(send_form(port(), "/v1/recipes", {{"file", "a.mp4", clip}}).status, 503);
    for (const jobs::Job& job : quick_jobs()) EXPECT_NE(job.state, jobs::State::queued);
    expect_nothing_passing();
    EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(QuickTest, EqualRequestsAreOneTask) {
    start();
    const std::string id = made(), target = "/v1/clips/" + id + "/strip";
    quick_worker_.reset();
    const std::size_t before = quick_jobs().size();
    auto one = soon(target), two = soon(target);
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(quick_jobs().size(), before + 1);
    start_quick_worker();
    EXPECT_EQ(one.get().status, 200);
    EXPECT_EQ(two.get().status, 200);
}

TEST_F(QuickTest, ItsTasksAreNobodysClips) {
    start();
    const std::string id = made();
    const std::int64_t known = store().last_event();
    EXPECT_EQ(get("/v1/clips/" + id + "/strip").status, 200);
    EXPECT_EQ(store().last_event(), known) << "listeners hear of it";
    ASSERT_FALSE(quick_jobs().empty());
    const std::string task = quick_jobs().front().id;
    EXPECT_EQ(get("/v1/clips/" + task).status, 404);
    EXPECT_EQ(ask(port(), "DELETE", "/v1/clips/" + task).status, 404);
    EXPECT_EQ(post("/v1/clips/" + task + "/duplicate").status, 404);
    EXPECT_EQ(post("/v1/clips/" + task + "/cancel").status, 404);
    EXPECT_EQ(get("/v1/videos/" + task).status, 404);
    EXPECT_EQ(get("/v1/clips").json().at("clips").size(), 1u);
    EXPECT_EQ(get("/v1/queue").json().at("clips").at("completed"), 1);
}

TEST_F(QuickTest, AFileThatKillsItsReaderThreeTimesIsRefusedAndOthersAreRead) {
    start();
    const std::string deadly = "/v1/clips/" + made() + "/thumbnail",
                      harmless = "/v1/clips/" + made() + "/strip";
    quick_worker_.reset();
    auto answer = soon(deadly);
    for (const char* name : {"one", "two", "three"}) {
        {
            const auto life = jobs::WorkerLife::begin(store().workers_folder(), name);
            ASSERT_TRUE(claimed_by(name));
            // Its life ends here, in the middle of the task.
        }
        EXPECT_EQ(store().reclaim(jobs::kQuickLane, {}), 1);
    }
    start_quick_worker();
    EXPECT_EQ(get(harmless).status, 200);
    const Answer told = answer.get();
    EXPECT_EQ(told.status, 422) << told.body;
    EXPECT_NE(told.json().at("detail").get<std::string>().find("ended the process"), std::string::npos);
}

TEST_F(QuickTest, WhoDiesOnceIsReplaced) {
    start();
    const std::string target = "/v1/clips/" + made() + "/thumbnail";
    quick_worker_.reset();
    auto answer = soon(target);
    {
        const auto life = jobs::WorkerLife::begin(store().workers_folder(), "mortal");
        ASSERT_TRUE(claimed_by("mortal"));
    }
    start_quick_worker();
    EXPECT_EQ(answer.get().status, 200);
}

TEST_F(QuickTest, WhatTakesTooLongIsGivenUp) {
    quick_.patience = 300ms;
    start();
    const std::string target = "/v1/clips/" + made() + "/thumbnail";
    quick_worker_.reset();
    const auto life = jobs::WorkerLife::begin(store().workers_folder(), "slow");
    store().enlist({"slow", std::string(jobs::kQuickLane), 1, 1});
    auto answer = soon(target);
    const auto claim = claimed_by("slow");
    ASSERT_TRUE(claim);
    EXPECT_EQ(answer.get().status, 503);
    EXPECT_EQ(store().look(*claim), jobs::Verdict::cancel);
    ASSERT_TRUE(store().finish_cancelled(*claim));
}

TEST_F(QuickTest, AStoppingServerAnswersWhoWaits) {
    start();
    const std::string target = "/v1/clips/" + made() + "/thumbnail";
    quick_worker_.reset();
    auto answer = soon(target);
    std::this_thread::sleep_for(100ms);
    service_.reset();
    EXPECT_NE(answer.get().status, 200);
}

}  // namespace
}  // namespace stillreel::testing
