// Interrupted and gone on with: the same bits as if nothing had happened, whatever lies in the scratch
// folder.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "diffusion/checkpoint.h"
#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/tiny_clips.h"
#include "support/scratch.h"
#include "support/throws.h"

namespace stillreel {
namespace {

using diffusion::I2VGenHooks;
using diffusion::I2VGenProgress;
using diffusion::I2VGenRequest;
using diffusion::SamplerKind;
using diffusion::Shortcuts;
using testing::open_tiny;
using testing::ScratchFolder;
using testing::tiny_request;

/// Runs until `steps` steps are done and cancels.
void interrupt(const I2VGenRequest& request, const fs::path& scratch, int steps) {
    auto pipeline = open_tiny(scratch);
    CancelFlag cancel;
    I2VGenHooks hooks;
    hooks.cancel = &cancel;
    hooks.progress = [&](const I2VGenProgress& now) {
        if (now.step == steps && now.done > 0) cancel.request();
    };
    EXPECT_ERROR(pipeline.denoise(request, hooks), ErrorCode::cancelled, "");
}

struct Resumed {
    std::vector<float> latents;
    int steps_taken = 0;
    std::string notes;
};

Resumed run(const I2VGenRequest& request, const fs::path& scratch, int threads = 2) {
    Resumed result;
    I2VGenHooks hooks;
    hooks.note = [&](const std::string& line) { result.notes += line + "\n"; };
    hooks.probe = [&](std::string_view name, const auto&, auto) {
        result.steps_taken += name.starts_with("latents.");
    };
    result.latents = open_tiny(scratch, threads).denoise(request, hooks).numbers;
    return result;
}

struct Way {
    const char* name;
    SamplerKind sampler;
    double eta;
    int frames;
};

class Resume : public ::testing::TestWithParam<Way> {};

TEST_P(Resume, GoesOnWithTheSameBitsAfterAnyStep) {
    I2VGenRequest request = tiny_request();
    request.sampler = GetParam().sampler;
    request.eta = GetParam().eta;
    request.frames = GetParam().frames;
    const std::vector<float> whole = run(request, {}).latents;
    for (const int steps : {1, 2, 3}) {
        const ScratchFolder scratch;
        interrupt(request, scratch.path(), steps);
        const Resumed resumed = run(request, scratch.path());
        EXPECT_EQ(resumed.latents, whole) << steps;
        EXPECT_EQ(resumed.steps_taken, 4 - steps) << resumed.notes;
    }
}

INSTANTIATE_TEST_SUITE_P(Samplers, Resume,
                         ::testing::Values(Way{"ddim", SamplerKind::ddim, 0, 3},
                                           Way{"ddim_with_noise", SamplerKind::ddim, 0.6, 2},
                                           Way{"dpmpp_2m", SamplerKind::dpmpp_2m, 0, 2},
                                           Way{"unipc", SamplerKind::unipc, 0, 2},
                                           Way{"euler", SamplerKind::euler, 0, 1}),
                         [](const auto& way) { return way.param.name; });

TEST(Checkpoints, BetweenStepsThatReuseFeaturesARunGoesOnFromTheLastWholeOne) {
    I2VGenRequest request = tiny_request();
    request.steps = 9;
    request.shortcuts = {3, 1, 0, 0.6};
    const std::vector<float> whole = run(request, {}).latents;
    const std::vector<diffusion::StepWork> plan = plan_steps(request.shortcuts, request.steps, 2);
    for (int steps = 1; steps < request.steps; ++steps) {
        const ScratchFolder scratch;
        interrupt(request, scratch.path(), steps);
        int begin = steps;
        while (plan[static_cast<std::size_t>(begin)].deep == diffusion::DeepWork::reused) --begin;
        const Resumed resumed = run(request, scratch.path());
        EXPECT_EQ(resumed.latents, whole) << steps;
        EXPECT_EQ(resumed.steps_taken, request.steps - begin) << steps << resumed.notes;
    }
}

TEST(Checkpoints, HoldWhatALaterStepTakesFromTheNegativeHalf) {
    I2VGenRequest request = tiny_request();
    request.steps = 5;
    request.guidance_rescale = 0.4;
    for (const Shortcuts& shortcuts : {Shortcuts{1, 1, 0, 1, 3}, Shortcuts{2, 1, 0.2, 0.9, 2, 0.5}}) {
        request.shortcuts = shortcuts;
        const std::vector<float> whole = run(request, {}).latents;
        for (int steps = 1; steps < request.steps; ++steps) {
            const ScratchFolder scratch;
            interrupt(request, scratch.path(), steps);
            const Resumed resumed = run(request, scratch.path());
            EXPECT_EQ(resumed.latents, whole) << steps;
            if (shortcuts.cache_interval > 1) continue;
            EXPECT_EQ(resumed.steps_taken, request.steps - steps);
        }
    }
}

TEST(Checkpoints, AFinishedRunNeedsNoSecondOne) {
    const ScratchFolder scratch;
    const Resumed first = run(tiny_request(), scratch.path());
    const Resumed second = run(tiny_request(), scratch.path());
    EXPECT_EQ(second.latents, first.latents);
    EXPECT_EQ(second.steps_taken, 0);
    diffusion::remove_checkpoint(scratch.path());
    EXPECT_TRUE(fs::is_empty(scratch.path()));
    diffusion::remove_checkpoint(scratch.path());
    EXPECT_EQ(run(tiny_request(), scratch.path()).steps_taken, 4);
}

TEST(Checkpoints, ARunInterruptedAgainStillHasSomethingToShow) {
    const ScratchFolder scratch;
    interrupt(tiny_request(), scratch.path(), 2);
    auto pipeline = open_tiny(scratch.path());
    CancelFlag cancel;
    cancel.request();
    I2VGenHooks hooks;
    hooks.cancel = &cancel;
    EXPECT_ERROR(pipeline.denoise(tiny_request(), hooks), ErrorCode::cancelled, "");
    ASSERT_TRUE(pipeline.partial());
    EXPECT_EQ(pipeline.partial()->steps_done, 2);
}

TEST(Checkpoints, OfAnotherClipOrOtherThreadsAreNotUsed) {
    const ScratchFolder scratch;
    const auto ignored = [&](const I2VGenRequest& request, int threads) {
        interrupt(tiny_request(), scratch.path(), 2);
        const Resumed resumed = run(request, scratch.path(), threads);
        EXPECT_EQ(resumed.steps_taken, request.steps);
        EXPECT_NE(resumed.notes.find("belongs to another clip"), std::string::npos) << resumed.notes;
    };
    ignored(tiny_request(), 1);
    I2VGenRequest request = tiny_request();
    request.prompt += "!";
    ignored(request, 2);
    request = tiny_request();
    request.picture.pixels[3] ^= 1;
    ignored(request, 2);
    request = tiny_request();
    request.seed += 1;
    ignored(request, 2);
    for (const auto precision : {tensor::Precision::bf16, tensor::Precision::int8}) {
        request = tiny_request();
        request.precision = precision;
        ignored(request, 2);
    }
    request = tiny_request();
    request.shortcuts.guidance_end = 0.8;
    ignored(request, 2);
    request = tiny_request();
    request.shortcuts.guidance_interval = 2;
    ignored(request, 2);
    request = tiny_request();
    request.shortcuts.merge_tokens = 0.5;
    ignored(request, 2);
}

TEST(Checkpoints, DamagedInAnyWayAreNotUsed) {
    const ScratchFolder scratch;
    interrupt(tiny_request(), scratch.path(), 2);
    const fs::path file = diffusion::checkpoint_file(scratch.path());
    const std::string good = read_text_file(file, 64 << 20);
    const std::vector<float> whole = run(tiny_request(), {}).latents;

    std::vector<std::string> damaged = {"", "x", good.substr(0, good.size() / 2), good + "more"};
    for (const std::size_t at : {std::size_t{0}, std::size_t{40}, std::size_t{100}, good.size() - 1}) {
        damaged.push_back(good);
        damaged.back()[at] ^= 1;
    }
    for (const std::string& bytes : damaged) {
        std::ofstream(file, std::ios::binary) << bytes;
        const Resumed resumed = run(tiny_request(), scratch.path());
        EXPECT_EQ(resumed.latents, whole);
        EXPECT_EQ(resumed.steps_taken, 4);
        EXPECT_NE(resumed.notes.find("damaged"), std::string::npos) << resumed.notes;
    }
}

TEST(Checkpoints, WhereNothingCanBeWrittenTheRunGoesOnWithANote) {
    const ScratchFolder scratch;
    std::ofstream(scratch / "file") << "in the way";
    const Resumed result = run(tiny_request(), scratch / "file");
    EXPECT_EQ(result.steps_taken, 4);
    EXPECT_NE(result.notes.find("the steps are not saved"), std::string::npos) << result.notes;
    EXPECT_EQ(result.notes.find("the steps are not saved"), result.notes.rfind("the steps are not saved"));
}

}  // namespace
}  // namespace stillreel
