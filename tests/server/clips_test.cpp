// The interface from outside: pictures in, clips out.
#include "base/file.h"
#include "service_fixture.h"
#include "studio/progress_picture.h"

namespace stillreel::testing {
namespace {

class ClipsTest : public ServiceTest {};

TEST_F(ClipsTest, UploadsAreListedAndDeleted) {
    start();
    const Answer made = upload(png_bytes(80, 60), "畫.png");
    ASSERT_EQ(made.status, 201);
    const std::string id = made.json().at("id");
    EXPECT_EQ(made.header("location"), "/v1/assets/" + id);
    EXPECT_EQ(made.json().at("width"), 80);
    EXPECT_EQ(made.json().at("height"), 60);
    EXPECT_EQ(made.json().at("name"), "畫.png");
    EXPECT_EQ(get("/v1/assets").json().at("assets").size(), 1u);
    EXPECT_EQ(get("/v1/assets/" + id).json(), made.json());
    EXPECT_EQ(ask(port(), "DELETE", "/v1/assets/" + id).status, 204);
    EXPECT_EQ(get("/v1/assets/" + id).status, 404);
    EXPECT_EQ(ask(port(), "DELETE", "/v1/assets/" + id).status, 404);
}

TEST_F(ClipsTest, APictureThatAQueuedClipNeedsStays) {
    start();
    const std::string picture = asset();
    const std::string id = post("/v1/clips", clip_of(picture)).json().at("id");
    EXPECT_EQ(ask(port(), "DELETE", "/v1/assets/" + picture).status, 409);
    EXPECT_EQ(post("/v1/clips/" + id + "/cancel").json().at("state"), "cancelled");
    EXPECT_EQ(ask(port(), "DELETE", "/v1/assets/" + picture).status, 204);
}

TEST_F(ClipsTest, AClipIsQueuedAndShown) {
    start();
    const Answer made = post("/v1/clips", clip_of(asset(), R"(,"seed":7,"priority":3)"));
    ASSERT_EQ(made.status, 202) << made.body;
    const auto clip = made.json();
    EXPECT_EQ(made.header("location"), "/v1/clips/" + clip.at("id").get<std::string>());
    EXPECT_EQ(clip.at("state"), "queued");
    EXPECT_EQ(clip.at("progress"), 0);
    EXPECT_EQ(clip.at("queue_position"), 1);
    EXPECT_EQ(clip.at("priority"), 3);
    EXPECT_EQ(clip.at("engine"), "animatic");
    EXPECT_EQ(clip.at("frames"), 4);
    EXPECT_EQ(clip.at("spec").at("seed"), 7);
    EXPECT_EQ(get(made.header("location")).json(), clip);
    EXPECT_EQ(get("/v1/clips/nothing").status, 404);
}

TEST_F(ClipsTest, AMultipartPostBringsItsPicture) {
    start();
    const Answer made = send_form(port(), "/v1/clips",
                                  {{"file", "a.png", png_bytes()},
                                   {"prompt", "", "pan left"},
                                   {"size", "", "64"},
                                   {"frames", "", "3"},
                                   {"priority", "", "2"}});
    ASSERT_EQ(made.status, 202) << made.body;
    EXPECT_EQ(made.json().at("frames"), 3);
    EXPECT_EQ(made.json().at("priority"), 2);
    EXPECT_EQ(get("/v1/assets").json().at("assets").size(), 1u);
}

TEST_F(ClipsTest, WhatCannotBeMadeIsRefusedAtOnceWithTheField) {
    start();
    const std::string picture = asset();
    const auto field_at_fault = [&](const std::string& more) {
        const Answer answer = post("/v1/clips", clip_of(picture, more));
        EXPECT_EQ(answer.header("content-type"), "application/problem+json");
        EXPECT_EQ(answer.json().at("status"), answer.status);
        return answer.json().value("field", "none");
    };
    EXPECT_EQ(field_at_fault(R"(,"fps":-1)"), "fps");
    EXPECT_EQ(field_at_fault(R"(,"steps":"many")"), "steps");
    EXPECT_EQ(field_at_fault(R"(,"duration":4)"), "duration");
    EXPECT_EQ(field_at_fault(R"(,"colour":"red")"), "colour");
    EXPECT_EQ(field_at_fault(R"(,"priority":5000)"), "priority");
    EXPECT_EQ(post("/v1/clips", R"({"prompt":"x"})").json().at("field"), "picture");
    EXPECT_EQ(post("/v1/clips", clip_of("0123456789abcdef01234567")).status, 404);
    EXPECT_EQ(get("/v1/clips").json().at("clips").size(), 0u);
}

TEST_F(ClipsTest, TheSameKeyIsTheSameClip) {
    start();
    const HeaderList key = {{"Idempotency-Key", "k1"}};
    const std::string picture = asset();
    const Answer one = post("/v1/clips", clip_of(picture), key),
                 two = post("/v1/clips", clip_of(picture), key);
    EXPECT_EQ(one.json().at("id"), two.json().at("id"));
    EXPECT_EQ(post("/v1/clips", clip_of(picture, R"(,"seed":9)"), key).status, 422);
    EXPECT_EQ(upload(png_bytes(), "a.png", key).json().at("id"),
              upload(png_bytes(), "a.png", key).json().at("id"));
    EXPECT_EQ(post("/v1/clips", clip_of(picture), {{"Idempotency-Key", std::string(300, 'k')}}).status, 400);
    EXPECT_EQ(get("/v1/clips").json().at("clips").size(), 1u);
}

TEST_F(ClipsTest, TheListIsFilteredAndPaged) {
    start();
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(queued());
    const auto page = get("/v1/clips?limit=2").json();
    EXPECT_EQ(page.at("clips").size(), 2u);
    EXPECT_EQ(page.at("next_before"), ids[1]);
    EXPECT_EQ(get("/v1/clips?limit=2&before=" + ids[1]).json().at("clips").size(), 1u);
    EXPECT_EQ(get("/v1/clips?state=running,failed").json().at("clips").size(), 0u);
    EXPECT_EQ(get("/v1/clips?order=queue").json().at("clips")[0].at("id"), ids[0]);
    EXPECT_EQ(get("/v1/clips?state=nonsense").status, 422);
    EXPECT_EQ(get("/v1/clips?limit=0").json().at("field"), "limit");
    EXPECT_EQ(get("/v1/clips?colour=red").status, 422);
}

TEST_F(ClipsTest, QueuedClipsAreEditedMovedAndMarked) {
    start();
    const std::string first = queued(), second = queued();
    const auto patch = [&](const std::string& id, const std::string& body) {
        return ask(port(), "PATCH", "/v1/clips/" + id, body);
    };
    EXPECT_EQ(patch(second, R"({"prompt":"tilt up","frames":6})").json().at("spec").at("prompt"), "tilt up");
    EXPECT_EQ(get("/v1/clips/" + second).json().at("frames"), 6);
    EXPECT_EQ(patch(second, "{\"before\":\"" + first + "\"}").json().at("queue_position"), 1);
    EXPECT_EQ(patch(first, R"({"priority":10})").json().at("queue_position"), 1);
    EXPECT_EQ(patch(first, R"({"favourite":true})").json().at("favourite"), true);
    EXPECT_EQ(patch(first, R"({"frames":0})").json().at("field"), "frames");
    finish_next("video");
    EXPECT_EQ(patch(first, R"({"prompt":"late"})").status, 409);
}

TEST_F(ClipsTest, DeletingIsUndoneOrMadeFinal) {
    start();
    const std::string id = made();
    const auto output = outputs() / store().get(id).output;
    EXPECT_EQ(ask(port(), "DELETE", "/v1/clips/" + id + "?purge=true").status, 409);
    EXPECT_EQ(ask(port(), "DELETE", "/v1/clips/" + id).status, 204);
    EXPECT_EQ(get("/v1/clips").json().at("clips").size(), 0u);
    EXPECT_EQ(get("/v1/clips?deleted=true").json().at("clips").size(), 1u);
    EXPECT_EQ(ask(port(), "PATCH", "/v1/clips/" + id, R"({"deleted":false})").json().at("deleted"), false);
    EXPECT_TRUE(std::filesystem::exists(output));
    ask(port(), "DELETE", "/v1/clips/" + id);
    EXPECT_EQ(ask(port(), "DELETE", "/v1/clips/" + id + "?purge=true").status, 204);
    EXPECT_FALSE(std::filesystem::exists(output));
    EXPECT_EQ(get("/v1/clips/" + id).status, 404);
}

TEST_F(ClipsTest, APictureOfTheProgressIsShownWhileAClipIsMade) {
    start();
    const std::string id = queued();
    const std::string target = "/v1/clips/" + id + "/progress_picture";
    EXPECT_EQ(get(target).status, 404);
    EXPECT_TRUE(get("/v1/clips/" + id).json().at("progress_picture").is_null());
    const auto life = jobs::WorkerLife::begin(store().workers_folder(), "hand");
    jobs::ClaimRequest request;
    request.worker = "hand";
    const auto claim = store().claim(request);
    ASSERT_TRUE(claim);
    EXPECT_EQ(get(target).status, 404);
    const auto shown = [&] { return get("/v1/clips/" + id).json().at("progress_picture"); };
    {
        studio::ProgressPicture picture(claim->job, {scratch_.path()});
        EXPECT_TRUE(shown().is_null());
        picture.show(image::Image(1280, 720, 4));
        const std::string address = shown();
        EXPECT_EQ(address.rfind(target + "?v=", 0), 0u) << address;
        const Answer answer = get(address);
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.header("content-type"), "image/jpeg");
        EXPECT_EQ(answer.body.substr(0, 2), "\xff\xd8");
        EXPECT_EQ(get("/v1/clips").json().at("clips")[0].at("progress_picture"), address);
    }
    EXPECT_TRUE(shown().is_null());
    EXPECT_EQ(get(target).status, 404);
}

TEST_F(ClipsTest, TheLogOfAClipIsShown) {
    start();
    const std::string id = queued();
    EXPECT_EQ(get("/v1/clips/" + id + "/log").json().at("lines").size(), 0u);
    write_file(scratch_ / "logs" / "stillreel_20261122_160238.log",
               "2026-11-22T16:02:38.071Z info job " + id + ": 4 frames\n" +
                   "2026-11-22T16:02:39.071Z info job other: 9 frames\n");
    const auto lines = get("/v1/clips/" + id + "/log").json().at("lines");
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].at("text"), "4 frames");
    EXPECT_EQ(get("/v1/clips/nothing/log").status, 404);
    EXPECT_EQ(get("/v1/clips/..%2F..%2Fstillreel/log").status, 400);
}

TEST_F(ClipsTest, ContentIsServedWholeInPartAndByVersion) {
    start();
    const std::string waiting = queued();
    EXPECT_EQ(get("/v1/clips/" + waiting + "/content").status, 409);
    const std::string id = finish_next("0123456789");
    const std::string target = "/v1/clips/" + id + "/content";
    const Answer whole = get(target);
    EXPECT_EQ(whole.status, 200);
    EXPECT_EQ(whole.body, "0123456789");
    EXPECT_EQ(whole.header("accept-ranges"), "bytes");
    const Answer part = get(target, {{"Range", "bytes=2-4"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, "234");
    EXPECT_EQ(part.header("content-range"), "bytes 2-4/10");
    EXPECT_EQ(get(target, {{"Range", "bytes=20-"}}).status, 416);
    EXPECT_EQ(get(target, {{"Range", "bytes=2-4"}, {"If-Range", "\"other\""}}).status, 200);
    EXPECT_EQ(get(target, {{"If-None-Match", whole.header("etag")}}).status, 304);
    EXPECT_NE(get(target + "?download=1").header("content-disposition").find("attachment"),
              std::string::npos);
    const Answer head = ask(port(), "HEAD", target);
    EXPECT_EQ(head.header("content-length"), "10");
    EXPECT_EQ(head.body, "");
    std::filesystem::remove(outputs() / store().get(id).output);
    EXPECT_EQ(get(target).status, 404);
}

TEST_F(ClipsTest, CancelledClipsAreRetriedAndDuplicated) {
    start();
    const std::string id = queued();
    EXPECT_EQ(post("/v1/clips/" + id + "/retry").status, 409);
    EXPECT_EQ(post("/v1/clips/" + id + "/cancel", R"({"keep_partial":true})").json().at("state"),
              "cancelled");
    EXPECT_EQ(post("/v1/clips/" + id + "/retry").json().at("state"), "queued");
    const auto copy = post("/v1/clips/" + id + "/duplicate", R"({"seed":5})").json();
    EXPECT_NE(copy.at("id"), id);
    EXPECT_EQ(copy.at("spec").at("seed"), 5);
    EXPECT_EQ(post("/v1/clips/nothing/cancel").status, 404);
}

TEST_F(ClipsTest, BatchesAreAllOrNone) {
    start();
    const std::string a = asset(), b = asset();
    const Answer made =
        post("/v1/batches", R"({"pictures":[")" + a + "\",\"" + b +
                                R"("],"spec":{"prompt":"pan","size":64,"frames":2},"same_seed":true})");
    ASSERT_EQ(made.status, 202) << made.body;
    const auto clips = made.json().at("clips");
    ASSERT_EQ(clips.size(), 2u);
    EXPECT_EQ(clips[0].at("spec").at("seed"), clips[1].at("spec").at("seed"));
    EXPECT_EQ(get(made.header("location")).json().at("clips").size(), 2u);
    const Answer bad = post("/v1/batches", R"({"clips":[{"picture":")" + a + R"("},{"picture":"none"}]})");
    EXPECT_EQ(bad.status, 404);
    EXPECT_NE(bad.json().at("detail").get<std::string>().find("clip 2"), std::string::npos);
    EXPECT_EQ(post("/v1/batches", "{}").status, 422);
    EXPECT_EQ(get("/v1/clips").json().at("clips").size(), 2u);
}

TEST_F(ClipsTest, AJobSheetMakesABatch) {
    start();
    const std::string sheet =
        "picture,prompt,size,frames\r\none.png,\"pan, right\",64,2\r\n\r\n" + asset() + ",tilt up,64,3\r\n";
    const Answer made =
        send_form(port(), "/v1/batches", {{"file", "one.png", png_bytes()}, {"sheet", "", sheet}});
    ASSERT_EQ(made.status, 202) << made.body;
    EXPECT_EQ(made.json().at("clips")[0].at("spec").at("prompt"), "pan, right");
    EXPECT_EQ(made.json().at("clips")[1].at("frames"), 3);
    const HeaderList csv = {{"Content-Type", "text/csv"}};
    EXPECT_EQ(post("/v1/batches", "picture;prompt;size\n" + asset() + ";zoom;64\n", csv).status, 202);
    EXPECT_EQ(post("/v1/batches", "colour\nred\n", csv).status, 422);
    EXPECT_EQ(post("/v1/batches", "picture,prompt\na,\"never closed\n", csv).status, 422);
}

TEST_F(ClipsTest, PlansAndEstimatesAreMadeWithoutAClip) {
    start();
    const auto plan = post("/v1/plan", R"({"prompt":"pan right, light rain","duration":3})").json();
    EXPECT_TRUE(plan.contains("camera_path")) << plan.dump();
    EXPECT_EQ(post("/v1/plan", R"({"prompt":"x","aspect":"wide"})").json().at("field"), "aspect");
    const auto estimate = post("/v1/estimate", clip_of(asset())).json();
    EXPECT_EQ(estimate.at("frames"), 4);
    EXPECT_GT(estimate.at("bytes"), 0);
    EXPECT_EQ(estimate.at("fits"), true);
    EXPECT_EQ(get("/v1/clips").json().at("clips").size(), 0u);
}

TEST_F(ClipsTest, VideosAreClipsUnderAnotherName) {
    start();
    const Answer made = send_form(port(), "/v1/videos",
                                  {{"prompt", "", "pan right"},
                                   {"model", "", "sora-2"},
                                   {"seconds", "", "1"},
                                   {"size", "", "64x48"},
                                   {"input_reference", "a.png", png_bytes()}});
    ASSERT_EQ(made.status, 200) << made.body;
    const std::string id = made.json().at("id");
    EXPECT_EQ(made.json().at("object"), "video");
    EXPECT_EQ(made.json().at("status"), "queued");
    EXPECT_EQ(made.json().at("size"), "64x48");
    EXPECT_EQ(get("/v1/clips/" + id).json().at("state"), "queued");
    EXPECT_EQ(get("/v1/videos/" + id + "/content").status, 409);
    finish_next("video");
    EXPECT_EQ(get("/v1/videos/" + id).json().at("status"), "completed");
    EXPECT_EQ(get("/v1/videos/" + id + "/content").body, "video");
    EXPECT_EQ(post("/v1/videos", R"({"prompt":"no picture"})").json().at("field"), "input_reference");
}

TEST_F(ClipsTest, TheQueuePausesAndTheSystemTells) {
    start();
    EXPECT_EQ(post("/v1/queue/pause").json().at("paused"), true);
    EXPECT_EQ(post("/v1/queue/resume").json().at("paused"), false);
    queued();
    EXPECT_EQ(get("/v1/queue").json().at("clips").at("queued"), 1);
    EXPECT_EQ(get("/readyz").status, 503) << "no worker lives";
    EXPECT_EQ(get("/v1/system").json().at("worker_ready"), false);
    EXPECT_NE(get("/metrics").body.find("stillreel_clips{state=\"queued\"} 1"), std::string::npos);
    EXPECT_NE(get("/metrics").body.find("route=\"/v1/queue\",status=\"200\"} 1"), std::string::npos);
    EXPECT_FALSE(get("/v1/presets").json().at("presets").empty());
    EXPECT_FALSE(get("/v1/engines").json().at("engines").empty());
}

TEST_F(ClipsTest, WrongMethodsAndAddressesAreTold) {
    start();
    const Answer answer = ask(port(), "DELETE", "/v1/presets");
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.header("allow"), "GET");
    EXPECT_EQ(get("/v1/nothing").status, 404);
    EXPECT_EQ(get("/nothing.js").header("content-type"), "application/problem+json");
}

TEST_F(ClipsTest, ThePageIsServedByVersion) {
    start();
    const Answer page = get("/");
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(get("/", {{"If-None-Match", page.header("etag")}}).status, 304);
}

}  // namespace
}  // namespace stillreel::testing
