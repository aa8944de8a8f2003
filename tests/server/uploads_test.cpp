// Pictures on their way in: the server keeps nothing that the quick lane has not decoded.
#include <fstream>
#include <thread>

#include "base/file.h"
#include "service_fixture.h"

namespace stillreel::testing {
namespace {

class UploadsTest : public ServiceTest {
  protected:
    std::size_t assets() const { return get("/v1/assets").json().at("assets").size(); }
    std::size_t clips() const { return get("/v1/clips").json().at("clips").size(); }
    /// Nothing of an upload lies about, once the lane had a moment to put it away.
    void expect_nothing_half_kept() const {
        const auto left = [&] {
            std::string names;
            std::error_code missing;
            for (const fs::path& folder : {folders().quick(), folders().assets()})
                for (const auto& entry : fs::directory_iterator(folder, missing))
                    names += entry.path().filename().string() + " ";
            return names;
        };
        for (int tries = 0; tries < 1000 && !left().empty(); ++tries)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        EXPECT_EQ(left(), "");
    }
};

TEST_F(UploadsTest, APictureThatIsCutShortIsRefusedAtOnce) {
    start();
    const std::string whole = png_bytes(320, 200);
    const Answer answer = upload(whole.substr(0, whole.size() - whole.size() / 4), "holiday.png");
    EXPECT_EQ(answer.status, 422) << "its header is sound, its rows are not";
    EXPECT_EQ(answer.json().at("field"), "file");
    const std::string detail = answer.json().at("detail");
    EXPECT_NE(detail.find("holiday.png"), std::string::npos) << detail;
    EXPECT_EQ(detail.find(scratch_.path().string()), std::string::npos) << detail;
    EXPECT_EQ(assets(), 0u);
    expect_nothing_half_kept();
}

TEST_F(UploadsTest, EveryRequestThatBringsAPictureNamesTheFieldOfABrokenOne) {
    start();
    const std::string broken = png_bytes().substr(0, 80);
    const Answer clip = send_form(port(), "/v1/clips", {{"file", "a.png", broken}, {"prompt", "", "pan"}});
    EXPECT_EQ(clip.status, 422);
    EXPECT_EQ(clip.json().at("field"), "file");
    const Answer batch =
        send_form(port(), "/v1/batches", {{"file", "a.png", png_bytes()}, {"file", "b.png", broken}});
    EXPECT_EQ(batch.status, 422);
    EXPECT_EQ(batch.json().at("field"), "file");
    EXPECT_NE(batch.json().at("detail").get<std::string>().find("b.png"), std::string::npos);
    const Answer video = send_form(port(), "/v1/videos", {{"input_reference", "a.png", broken}});
    EXPECT_EQ(video.status, 422);
    EXPECT_EQ(video.json().at("field"), "input_reference");
    EXPECT_EQ(clips(), 0u);
}

TEST_F(UploadsTest, WithoutAWorkerNothingIsTakenAndNothingIsLeft) {
    start_without_quick_worker();
    for (const char* target : {"/v1/assets", "/v1/clips", "/v1/batches"}) {
        const Answer answer = send_form(port(), target, {{"file", "a.png", png_bytes()}});
        EXPECT_EQ(answer.status, 503) << target << answer.body;
        EXPECT_FALSE(answer.header("retry-after").empty());
    }
    EXPECT_EQ(send_form(port(), "/v1/videos", {{"input_reference", "a.png", png_bytes()}}).status, 503);
    EXPECT_EQ(assets(), 0u);
    EXPECT_EQ(clips(), 0u);
    expect_nothing_half_kept();
    start_quick_worker();
    EXPECT_EQ(upload(png_bytes()).status, 201) << "a worker that comes back is enough";
    EXPECT_EQ(assets(), 1u);
}

TEST_F(UploadsTest, AKeyFindsWhatWasKeptWithoutLookingAgain) {
    quick_.without_worker = std::chrono::milliseconds(200);
    start();
    const HeaderList key = {{"Idempotency-Key", "once"}};
    const Answer first = upload(png_bytes(), "a.png", key);
    quick_worker_.reset();
    EXPECT_EQ(upload(png_bytes(), "a.png", key).json(), first.json());
    EXPECT_EQ(upload(png_bytes(50, 40), "a.png", key).status, 503) << "other bytes are another picture";
    EXPECT_EQ(assets(), 1u);
}

TEST_F(UploadsTest, PicturesOfABatchAreKeptSideBySide) {
    start();
    std::vector<Part> parts;
    for (int i = 0; i < 12; ++i) parts.push_back({"file", std::to_string(i) + ".png", png_bytes(60 + i, 48)});
    parts.push_back({"options", "", R"({"spec":{"prompt":"pan","size":64,"frames":2}})"});
    const Answer answer = send_form(port(), "/v1/batches", parts);
    ASSERT_EQ(answer.status, 202) << answer.body;
    EXPECT_EQ(answer.json().at("clips").size(), 12u);
    EXPECT_EQ(assets(), 12u);
}

TEST_F(UploadsTest, ItsThumbnailIsThereWithTheAsset) {
    quick_.without_worker = std::chrono::milliseconds(200);
    start();
    const std::string id = asset();
    quick_worker_.reset();
    EXPECT_EQ(get("/v1/assets/" + id + "/thumbnail").status, 200);
}

TEST_F(UploadsTest, AClipIsPlannedWithoutItsPicture) {
    start();
    const std::string id = asset();
    std::ofstream(folders().assets() / (id + ".png"), std::ios::trunc) << "no picture any more";
    const Answer answer = post("/v1/clips", clip_of(id));
    EXPECT_EQ(answer.status, 202) << "its size is known, the server opens no picture: " << answer.body;
    EXPECT_EQ(post("/v1/estimate", clip_of(id)).status, 200);
}

}  // namespace
}  // namespace stillreel::testing
