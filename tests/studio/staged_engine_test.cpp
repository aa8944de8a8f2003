// What the use case adds to an engine that works in stages before its first frame: memory that must suffice,
// steps that are kept for a next try, a clip that is kept when it is stopped.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "image/picture_file.h"
#include "media/video.h"
#include "studio/generate.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel::studio {
namespace {

using testing::ScratchFolder;

constexpr int kSteps = 6;

/// What the test arranges and observes.
struct Stage {
    CancelFlag* stop = nullptr;
    int stop_after_step = -1;
    diffusion::Fit fit;
    ModelRecord model{"tiny", {{"unet/model.safetensors", std::string(64, 'a')}}};
    std::vector<std::uint64_t> seeds;
    std::vector<int> first_steps;
};

/// Keeps its step in the scratch folder; its frames are as grey as steps were done.
class StagedGenerator final : public Generator {
  public:
    StagedGenerator(Stage& stage, ResolvedClip clip, fs::path scratch)
        : stage_(stage), clip_(std::move(clip)), file_(scratch.empty() ? fs::path() : scratch / "step") {}

    void prepare(const WorkHooks& hooks) override {
        if (!file_.empty() && fs::exists(file_)) std::ifstream(file_) >> done_;
        stage_.first_steps.push_back(done_);
        while (done_ < kSteps) {
            hooks.progress({"denoise", done_, kSteps, static_cast<double>(done_) / kSteps});
            if (done_ == stage_.stop_after_step) stage_.stop->request();
            hooks.cancel->throw_if_requested();
            ++done_;
            if (!file_.empty()) std::ofstream(file_) << done_;
            if (hooks.preview) hooks.preview(done_, image::Image(8, 6, 3));
        }
    }
    std::optional<int> keep_partial(const WorkHooks& hooks) override {
        EXPECT_EQ(hooks.cancel, nullptr);
        return done_ > 0 ? std::optional(done_) : std::nullopt;
    }
    void render(int, image::Image& frame) override {
        frame = image::Image(clip_.frame.width_px, clip_.frame.height_px, 4);
        std::fill(frame.pixels.begin(), frame.pixels.end(), static_cast<std::uint8_t>(40 + 20 * done_));
    }
    const std::vector<std::string>& notes() const override { return notes_; }
    void write_debug(const fs::path&) const override {}

  private:
    Stage& stage_;
    ResolvedClip clip_;
    fs::path file_;
    int done_ = 0;
    std::vector<std::string> notes_;
};

class StagedEngine final : public Engine {
  public:
    explicit StagedEngine(Stage& stage) : stage_(stage) {}
    std::string name() const override { return "staged"; }
    std::string purpose() const override { return "tests"; }
    std::string unavailable() const override { return ""; }
    bool reads_motion() const override { return false; }
    ResolvedClip resolve(const ClipSpec& spec, image::Size picture, EvenSize) const override {
        return resolve_diffusion(spec, picture, 8);
    }
    std::optional<diffusion::Fit> fit(const ClipSpec&, const ResolvedClip& clip, int) const override {
        diffusion::Fit fit = stage_.fit;
        fit.wanted.width_px = clip.frame.width_px;
        fit.wanted.height_px = clip.frame.height_px;
        fit.wanted.frames = clip.frames;
        fit.wanted.steps = clip.steps;
        return fit;
    }
    std::optional<ModelRecord> model(const ClipSpec&, const fs::path&, const CancelFlag&) const override {
        return stage_.model;
    }
    std::unique_ptr<Generator> open(const ClipSpec&, const ResolvedClip& clip,
                                    ClipInputs inputs) const override {
        EXPECT_EQ(inputs.picture.size(), (image::Size{64, 48}));
        stage_.seeds.push_back(clip.seed);
        return std::make_unique<StagedGenerator>(stage_, clip, inputs.scratch);
    }

  private:
    Stage& stage_;
};

diffusion::Rung rung(int width, int height, int frames, diffusion::Memory memory, double gigabytes,
                     bool fits) {
    diffusion::Rung rung;
    rung.width_px = width;
    rung.height_px = height;
    rung.frames = frames;
    rung.steps = kSteps;
    rung.memory = memory;
    rung.cost.peak_bytes = static_cast<std::uint64_t>(gigabytes * 1e9);
    rung.seconds = 60 * gigabytes;
    rung.fits = fits;
    return rung;
}

class Staged : public ::testing::Test {
  protected:
    Staged() {
        image::write_png(scratch / "photo.png", image::Image(64, 48, 3));
        engines.add(std::make_unique<StagedEngine>(stage));
        run.output = scratch / "clip.mp4";
        run.uploads = scratch / "uploads";
        run.cache = scratch / "cache";
        stage.stop = &cancel;
        stage.fit.wanted.fits = true;
        stage.fit.wanted.cost.peak_bytes = 1'000'000'000;
    }

    ClipRequest request(const std::string& fields) const {
        ClipSpec spec = parse_clip_spec(R"({"size":"64x48","frames":4,"steps":6,"prompt":"she smiles"})");
        merge(spec, fields);
        spec.picture = (scratch / "photo.png").string();
        return request_of(spec);
    }

    MadeClip make(const std::string& fields = "{}") {
        return generate(request(fields), run, engines, observer, cancel);
    }

    /// As a process that is started anew.
    MadeClip make_again(const std::string& fields = "{}") {
        CancelFlag fresh;
        stage.stop_after_step = -1;
        return generate(request(fields), run, engines, observer, fresh);
    }

    Recipe recipe_in(const fs::path& clip) const {
        return parse_recipe(media::probe_video(clip).tags.at("comment"));
    }

    int grey_of(const fs::path& clip) const { return media::VideoReader::open(clip).read()->at(32, 24)[1]; }

    bool keeps_steps() const {
        return fs::exists(scratch / "cache/resume") && !fs::is_empty(scratch / "cache/resume");
    }

    ScratchFolder scratch;
    Stage stage;
    EngineRegistry engines;
    RunOptions run;
    Observer observer;
    CancelFlag cancel;
};

TEST_F(Staged, TheRecipeNamesModelStepsAndGuidance) {
    make(R"({"model":"/some/where/tiny/"})");
    const Recipe recipe = recipe_in(run.output);
    EXPECT_EQ(recipe.model, stage.model);
    EXPECT_EQ(recipe.spec.model, "tiny");
    EXPECT_EQ(recipe.steps, 6);
    EXPECT_DOUBLE_EQ(recipe.guidance, 9);
    EXPECT_FALSE(recipe.partial_steps);
    EXPECT_EQ(comment_of(recipe).find("/some"), std::string::npos);
}

TEST_F(Staged, ProgressGoesFromStageToStageToItsEnd) {
    std::vector<Progress> heard;
    observer.progress = [&](const Progress& event) { heard.push_back(event); };
    make();
    ASSERT_GE(heard.size(), 10u);
    EXPECT_EQ(heard.front().stage, "denoise");
    for (std::size_t i = 1; i < heard.size(); ++i) EXPECT_GE(heard[i].done, heard[i - 1].done);
    EXPECT_EQ(heard.back().frame, 4);
    EXPECT_DOUBLE_EQ(heard.back().done, 1);
}

TEST_F(Staged, PreviewsAreWrittenAtTheClipsSize) {
    run.preview = scratch / "look.png";
    std::vector<int> steps;
    observer.previewed = [&](const Previewed& event) {
        steps.push_back(event.step);
        EXPECT_EQ(image::probe_picture(event.file).size, (image::Size{64, 48}));
    };
    make();
    EXPECT_EQ(steps, (std::vector<int>{1, 2, 3, 4, 5, 6}));
}

TEST_F(Staged, StoppedItLeavesNoFileButGoesOnFromItsSteps) {
    stage.stop_after_step = 3;
    EXPECT_ERROR(make(), ErrorCode::cancelled, "");
    EXPECT_FALSE(fs::exists(run.output));
    EXPECT_TRUE(keeps_steps());
    make_again();
    EXPECT_EQ(stage.first_steps, (std::vector<int>{0, 3}));
    EXPECT_EQ(stage.seeds[0], stage.seeds[1]);  // although none was given
    EXPECT_EQ(recipe_in(run.output).seed, stage.seeds[0]);
    EXPECT_FALSE(keeps_steps());
}

TEST_F(Staged, AnotherClipDoesNotGoOnFromTheStepsOfThisOne) {
    stage.stop_after_step = 3;
    run.on_existing = OnExisting::replace;
    EXPECT_ERROR(make(R"({"seed":5})"), ErrorCode::cancelled, "");
    make_again(R"({"seed":5,"prompt":"he smiles"})");
    make_again(R"({"seed":6})");
    stage.model.files["unet/model.safetensors"] = std::string(64, 'b');
    make_again(R"({"seed":5})");
    EXPECT_EQ(stage.first_steps, (std::vector<int>{0, 0, 0, 0}));
}

TEST_F(Staged, OptionsOfTheFileAloneDoNotMatterToTheSteps) {
    stage.stop_after_step = 3;
    EXPECT_ERROR(make(), ErrorCode::cancelled, "");
    run.output = scratch / "other.gif";
    make_again(R"({"crf":30,"ai_label":"none","recipe":"private"})");
    EXPECT_EQ(stage.first_steps.back(), 3);
}

TEST_F(Staged, WithoutResumeNothingIsKept) {
    run.resume = Resume::no;
    stage.stop_after_step = 3;
    EXPECT_ERROR(make(), ErrorCode::cancelled, "");
    EXPECT_FALSE(fs::exists(scratch / "cache/resume"));
}

TEST_F(Staged, KeepsWhatAStoppedClipHasComeToWhenAsked) {
    run.on_cancel = OnCancel::keep_partial;
    stage.stop_after_step = 2;
    const MadeClip made = make();
    EXPECT_EQ(made.partial_steps, 2);
    EXPECT_NEAR(grey_of(run.output), 80, 2);
    EXPECT_EQ(media::probe_video(run.output).frames, 4);
    EXPECT_EQ(recipe_in(run.output).partial_steps, 2);
    EXPECT_TRUE(keeps_steps());  // to be finished another time
}

TEST_F(Staged, KeepsNothingOfAClipStoppedBeforeItsFirstStep) {
    run.on_cancel = OnCancel::keep_partial;
    stage.stop_after_step = 0;
    EXPECT_ERROR(make(), ErrorCode::cancelled, "");
    EXPECT_FALSE(fs::exists(run.output));
}

TEST_F(Staged, APartialClipIsRepeatedWhole) {
    run.on_cancel = OnCancel::keep_partial;
    stage.stop_after_step = 2;
    make();
    const RepeatRequest again = repeat(run.output, "{}", "", run.uploads, engines, run.cache);
    ASSERT_EQ(again.notes.size(), 1u);
    EXPECT_NE(again.notes[0].find("after 2 of 6 steps"), std::string::npos) << again.notes[0];
}

TEST_F(Staged, IsRepeatedWithTheSameModelOnly) {
    make();
    EXPECT_TRUE(repeat(run.output, "{}", "", run.uploads, engines, run.cache).notes.empty());
    stage.model.files["unet/model.safetensors"] = std::string(64, 'b');
    EXPECT_ERROR(repeat(run.output, "{}", "", run.uploads, engines, run.cache), ErrorCode::unsupported,
                 "its unet/model.safetensors is another");
    const RepeatRequest other = repeat(run.output, R"({"model":"x"})", "", run.uploads, engines, run.cache);
    ASSERT_EQ(other.notes.size(), 1u);
    EXPECT_NE(other.notes[0].find("settings are used"), std::string::npos);
}

TEST_F(Staged, TooLargeForTheMemoryIsRefusedWithTheLadder) {
    using diffusion::Memory;
    stage.fit.free_bytes = 5'000'000'000;
    stage.fit.wanted = rung(64, 48, 4, Memory::normal, 9, false);
    stage.fit.ladder = {rung(64, 48, 4, Memory::low, 6, false), rung(48, 32, 2, Memory::low, 4, true)};
    stage.fit.fewer_steps = rung(64, 48, 4, Memory::normal, 9, false);
    stage.fit.fewer_steps.steps = 3;
    EXPECT_ERROR(make(), ErrorCode::out_of_memory,
                 "needs 9.0 GB of memory, about 9:00 min and 5.0 GB are free; smaller ones (--auto-fit takes "
                 "the first that fits); --low-memory: 6.0 GB of memory, about 6:00 min, does not fit either; "
                 "--low-memory --size 48x32 --frames 2: 4.0 GB of memory, about 4:00 min, fits; --steps 3: ");
    EXPECT_TRUE(stage.seeds.empty());  // nothing was opened
    EXPECT_FALSE(fs::exists(run.output));

    make(R"({"auto_fit":true})");
    const Recipe recipe = recipe_in(run.output);
    EXPECT_EQ(recipe.fitted, "--low-memory --size 48x32 --frames 2");
    EXPECT_EQ(recipe.frame, (image::Size{48, 32}));
    EXPECT_EQ(recipe.frames, 2);
    // Made again it is this clip, wherever more memory is free.
    EXPECT_FALSE(recipe.spec.auto_fit);
    EXPECT_TRUE(recipe.spec.low_memory);
    EXPECT_EQ(recipe.spec.width, 48);
    EXPECT_EQ(recipe.spec.frames, 2);
}

TEST_F(Staged, AutoFitChangesNothingWhereItFits) {
    make(R"({"auto_fit":true})");
    const Recipe recipe = recipe_in(run.output);
    EXPECT_EQ(recipe.fitted, "");
    EXPECT_EQ(recipe.frame, (image::Size{64, 48}));
}

}  // namespace
}  // namespace stillreel::studio
