// The whole path from a picture to a file with its recipe, with an engine whose frames are plain enough to
// check.

#include "studio/generate.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/file.h"
#include "image/picture_file.h"
#include "studio/uploads.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel::studio {
namespace {

using testing::ScratchFolder;

/// Frames of one grey each, 40 + frame number + seed, so that order and settings show in the file.
class GreyGenerator final : public Generator {
  public:
    GreyGenerator(const ResolvedClip& clip, CancelFlag* stop_at_five)
        : clip_(clip), stop_at_five_(stop_at_five) {}
    void render(int number, image::Image& frame) override {
        if (number == 5 && stop_at_five_) stop_at_five_->request();
        frame = image::Image(clip_.frame.width_px, clip_.frame.height_px, 4);
        std::fill(frame.pixels.begin(), frame.pixels.end(),
                  static_cast<std::uint8_t>(40 + 2 * number + clip_.seed));
    }
    const std::vector<std::string>& notes() const override { return notes_; }
    void write_debug(const fs::path&) const override {}

  private:
    ResolvedClip clip_;
    CancelFlag* stop_at_five_;
    std::vector<std::string> notes_{"grey all over"};
};

class GreyEngine final : public Engine {
  public:
    explicit GreyEngine(CancelFlag* stop_at_five) : stop_at_five_(stop_at_five) {}
    std::string name() const override { return "grey"; }
    std::string purpose() const override { return "tests"; }
    std::string unavailable() const override { return ""; }
    std::unique_ptr<Generator> open(const ClipSpec&, const ResolvedClip& clip,
                                    ClipInputs inputs) const override {
        EXPECT_FALSE(inputs.picture.empty());
        return std::make_unique<GreyGenerator>(clip, stop_at_five_);
    }

  private:
    CancelFlag* stop_at_five_;
};

class Generate : public ::testing::Test {
  protected:
    Generate() {
        image::Image picture(64, 48, 3);
        for (std::size_t i = 0; i < picture.pixels.size(); ++i)
            picture.pixels[i] = static_cast<std::uint8_t>(i * 7);
        image::write_png(scratch / "in/photo.png", picture);
        engines.add(std::make_unique<GreyEngine>(nullptr));
        run.output = scratch / "clip.mp4";
        run.uploads = scratch / "uploads";
        run.outputs = scratch / "outputs";
    }

    ClipRequest request(const std::string& fields) const {
        ClipSpec spec = parse_clip_spec(R"({"size":"64x48","frames":12,"seed":3,"prompt":"pan right"})");
        merge(spec, fields);
        spec.picture = (scratch / "in/photo.png").string();
        return request_of(spec);
    }

    MadeClip make(const std::string& fields = "{}") {
        return generate(request(fields), run, engines, {}, cancel);
    }

    ScratchFolder scratch;
    EngineRegistry engines;
    RunOptions run;
    CancelFlag cancel;
};

TEST_F(Generate, WritesEveryFrameInOrderWithTheRecipeInside) {
    std::vector<int> progress;
    std::vector<std::string> notes;
    Observer observer;
    observer.progress = [&](const Progress& event) { progress.push_back(event.frame); };
    observer.note = [&](const std::string& line) { notes.push_back(line); };
    const MadeClip made = generate(request("{}"), run, engines, observer, cancel);
    EXPECT_EQ(made.frames, 12);
    EXPECT_EQ(progress.size(), 12u);
    EXPECT_EQ(progress.back(), 12);
    EXPECT_EQ(notes.back(), "grey all over");

    auto reader = media::VideoReader::open(made.output);
    for (int i = 0; i < 12; ++i) {
        const auto frame = reader.read();
        ASSERT_TRUE(frame);
        EXPECT_NEAR(frame->at(32, 24)[1], 43 + 2 * i, 2) << i;
    }
    EXPECT_FALSE(reader.read());
    const Recipe recipe = parse_recipe(reader.facts().tags.at("comment"));
    EXPECT_EQ(recipe.picture.name, "photo.png");
    EXPECT_EQ(recipe.picture.sha256, sha256_hex_of_file(scratch / "in/photo.png"));
    EXPECT_EQ(recipe.seed, 3u);
    EXPECT_EQ(recipe.spec.prompt, "pan right");
    EXPECT_EQ(reader.facts().tags.at("AIGC"), aigc_of(recipe));
    EXPECT_EQ(reader.facts().tags.at("comment").find(scratch.path().string()), std::string::npos);
}

TEST_F(Generate, SaysWhatTheWordsAskForAndTheEngineDoesNotShow) {
    const ClipPlan plan =
        plan_clip(request(R"({"prompt":"a woman walking forward, pan left"})"), run, engines);
    const auto says = [&](const std::string& part) {
        return std::any_of(plan.notes.begin(), plan.notes.end(),
                           [&](const std::string& line) { return line.find(part) != std::string::npos; });
    };
    EXPECT_TRUE(says("not shown: \"walking forward\""));
}

TEST_F(Generate, SecondsInThePromptAreSecondsOfTheClip) {
    const std::string prompt = R"("prompt":"pan left, after 2 seconds tilt up")";
    for (const auto& [frames, begin] : {std::pair{"96", 0.5}, std::pair{"192", 0.25}}) {
        const ClipPlan plan =
            plan_clip(request("{" + prompt + ",\"fps\":\"24\",\"frames\":" + frames + "}"), run, engines);
        ASSERT_EQ(plan.plan.camera.size(), 2u);
        EXPECT_NEAR(plan.plan.camera[1].when.begin, begin, 1e-6);
    }
}

TEST_F(Generate, ALoopMovesAtTheRateOfTheWordsEachWay) {
    const auto length_s = [&](const std::string& loop) {
        const std::string fields = R"({"frames":96,"fps":"24","loop":")" + loop + "\"}";
        return plan_clip(request(fields), run, engines).path.segments.back().end_s;
    };
    EXPECT_NEAR(length_s("none"), 4, 1e-9);
    EXPECT_NEAR(length_s("pingpong"), 2, 1e-9);
    EXPECT_NEAR(length_s("seamless"), 2, 1e-9);
}

TEST_F(Generate, FromTheClipAloneTheSameBytesComeAgain) {
    make();
    fs::remove_all(scratch / "in");
    const RepeatRequest again = repeat(scratch / "clip.mp4", "{}", "", run.uploads, engines, "");
    EXPECT_TRUE(again.notes.empty());
    run.output = scratch / "again.mp4";
    generate(again.request, run, engines, {}, cancel);
    EXPECT_EQ(read_file(scratch / "again.mp4", 1 << 30), read_file(scratch / "clip.mp4", 1 << 30));
}

TEST_F(Generate, FromWithOverridesChangesOnlyThem) {
    make();
    const RepeatRequest again =
        repeat(scratch / "clip.mp4", R"({"seed":9,"duration":1})", "", run.uploads, engines, "");
    EXPECT_EQ(again.request.spec.seed, 9u);
    EXPECT_FALSE(again.request.spec.frames);
    EXPECT_EQ(again.request.spec.prompt, "pan right");
}

TEST_F(Generate, FromWithoutTheOriginalSaysHowToGoOn) {
    make();
    fs::remove_all(run.uploads);
    EXPECT_ERROR(repeat(scratch / "clip.mp4", "{}", "", run.uploads, engines, ""), ErrorCode::not_found,
                 "generate PICTURE --from");
    const RepeatRequest same =
        repeat(scratch / "clip.mp4", "{}", scratch / "in/photo.png", run.uploads, engines, "");
    EXPECT_TRUE(same.notes.empty());
    image::write_png(scratch / "other.png", image::Image(64, 48, 3));
    const RepeatRequest other =
        repeat(scratch / "clip.mp4", "{}", scratch / "other.png", run.uploads, engines, "");
    ASSERT_EQ(other.notes.size(), 1u);
    EXPECT_NE(other.notes[0].find("settings are used"), std::string::npos);
}

TEST_F(Generate, FromAPrivateClipAsksForThePrompt) {
    make(R"({"recipe":"private"})");
    EXPECT_ERROR(repeat(scratch / "clip.mp4", "{}", "", run.uploads, engines, ""),
                 ErrorCode::invalid_argument, "-p");
    const RepeatRequest again =
        repeat(scratch / "clip.mp4", R"({"prompt":"pan right"})", "", run.uploads, engines, "");
    run.output = scratch / "again.mp4";
    generate(again.request, run, engines, {}, cancel);
    EXPECT_EQ(read_file(scratch / "again.mp4", 1 << 30), read_file(scratch / "clip.mp4", 1 << 30));
}

TEST_F(Generate, CancelledLeavesNothing) {
    run.output.clear();
    EngineRegistry stopping;
    stopping.add(std::make_unique<GreyEngine>(&cancel));
    EXPECT_ERROR(generate(request("{}"), run, stopping, {}, cancel), ErrorCode::cancelled, "");
    EXPECT_FALSE(fs::exists(run.outputs));
    EXPECT_FALSE(fs::exists(run.uploads));
}

TEST_F(Generate, NeverReplacesUnlessTold) {
    write_file(run.output, "precious");
    EXPECT_ERROR(make(), ErrorCode::invalid_argument, "--overwrite");
    EXPECT_EQ(read_text_file(run.output, 100), "precious");
    run.on_existing = OnExisting::replace;
    make();
    EXPECT_GT(fs::file_size(run.output), 500u);
}

TEST_F(Generate, FreshNamesInOneSecondDiffer) {
    run.output.clear();
    const MadeClip first = make();
    const MadeClip second = make();
    EXPECT_NE(first.output, second.output);
    EXPECT_EQ(std::distance(fs::directory_iterator(run.outputs), {}), 2);
}

TEST_F(Generate, VisibleLabelIsInTheFirstTwoSecondsOnly) {
    make(R"({"size":"160x120","frames":6,"fps":2,"ai_label":"visible"})");
    auto reader = media::VideoReader::open(run.output);
    for (int i = 0; i < 6; ++i) {
        const auto frame = reader.read();
        ASSERT_TRUE(frame);
        int brightest = 0;
        for (const std::uint8_t sample : frame->pixels) brightest = std::max<int>(brightest, sample);
        EXPECT_EQ(brightest > 180, i < 4) << i;
    }
}

TEST_F(Generate, UnknownEngineIsListed) {
    EXPECT_ERROR(make(R"({"engine":"i2vgen-xl"})"), ErrorCode::invalid_argument, "auto and grey");
}

}  // namespace
}  // namespace stillreel::studio
