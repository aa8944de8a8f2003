// What a clip's maker sees besides the numbers: progress, notes, previews, cancelling, and the same bits
// again.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/noise.h"
#include "diffusion/tiny_clips.h"
#include "support/scratch.h"
#include "support/stored_weights.h"
#include "support/throws.h"

namespace stillreel {
namespace {

using diffusion::I2VGenHooks;
using diffusion::I2VGenPipeline;
using diffusion::I2VGenProgress;
using diffusion::I2VGenRequest;
using testing::open_tiny;
using testing::Shown;
using testing::tiny_request;

double relative_distance(std::span<const float> a, std::span<const float> b) {
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
    }
    return std::sqrt(difference / size);
}

TEST(Pipeline, SameRequestGivesSameBitsOnOneAndOnTwoThreads) {
    for (const int threads : {1, 2}) {
        I2VGenPipeline pipeline = open_tiny({}, threads);
        const auto first = pipeline.denoise(tiny_request(), {});
        const auto second = open_tiny({}, threads).denoise(tiny_request(), {});
        EXPECT_EQ(first.numbers, second.numbers) << threads;
        EXPECT_EQ(pipeline.denoise(tiny_request(), {}).numbers, first.numbers) << threads;
        EXPECT_EQ(first.steps_done, 4);
    }
}

TEST(Pipeline, EveryKnobChangesTheClip) {
    I2VGenPipeline pipeline = open_tiny();
    const auto base = pipeline.denoise(tiny_request(), {}).numbers;
    const auto changed = [&](auto change) {
        I2VGenRequest request = tiny_request();
        change(request);
        return pipeline.denoise(request, {}).numbers != base;
    };
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.prompt = "snow falls"; }));
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.negative_prompt = "snow"; }));
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.picture.pixels[40] ^= 0x80; }));
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.fps = 16; }));
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.steps = 3; }));
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.guidance = 8; }));
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.guidance_rescale = 0.7; }));
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.eta = 0.5; }));
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.seed = 12; }));
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.sampler = diffusion::SamplerKind::euler; }));
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.image_latent = diffusion::ImageLatent::mode; }));
    EXPECT_TRUE(changed([](I2VGenRequest& r) { r.clip_skip = 0; }));
}

TEST(Pipeline, LowMemoryGivesTheSameNumbers) {
    I2VGenPipeline pipeline = open_tiny();
    I2VGenRequest request = tiny_request();
    const auto normal = pipeline.denoise(request, {});
    request.memory = diffusion::Memory::low;
    EXPECT_LT(relative_distance(pipeline.denoise(request, {}).numbers, normal.numbers), 1e-5);
}

TEST(Pipeline, GuidanceOfOneRunsWithoutTheNegativeHalf) {
    I2VGenPipeline pipeline = open_tiny();
    I2VGenRequest request = tiny_request();
    request.guidance = 1;
    Shown shown;
    I2VGenHooks hooks;
    hooks.probe = shown.probe();
    const auto clip = pipeline.denoise(request, hooks);
    EXPECT_EQ(shown.numbers.at("fps").size(), 1u);
    request.negative_prompt = "something else";
    EXPECT_EQ(pipeline.denoise(request, {}).numbers, clip.numbers);
}

TEST(Pipeline, NoiseIsOneStreamOfTheSeedPictureFirst) {
    I2VGenPipeline pipeline = open_tiny();
    I2VGenRequest request = tiny_request();
    const std::size_t frame = 4 * 3 * 5, clip = frame * 3;
    diffusion::TorchGenerator generator(request.seed);
    diffusion::GivenNoise given{std::vector<float>(frame), std::vector<float>(clip), {}};
    generator.randn(std::span(given.vae));
    generator.randn(std::span(given.latents));
    request.eta = 0.7;
    for (int step = 0; step < request.steps; ++step)
        generator.randn(std::span(given.variance.emplace_back(clip)));
    const auto own = pipeline.denoise(request, {});
    request.given_noise = given;
    EXPECT_EQ(pipeline.denoise(request, {}).numbers, own.numbers);
    request.given_noise->variance.front()[7] += 1;
    EXPECT_NE(pipeline.denoise(request, {}).numbers, own.numbers);
}

TEST(Pipeline, ProgressGoesThroughTheStagesAndMovesInsideOfAStep) {
    I2VGenPipeline pipeline = open_tiny();
    std::vector<I2VGenProgress> seen;
    I2VGenHooks hooks;
    hooks.progress = [&](const I2VGenProgress& now) { seen.push_back(now); };
    const auto latents = pipeline.denoise(tiny_request(), hooks);
    const std::size_t denoised = seen.size();
    for (int frame = 0; frame < latents.frames; ++frame) pipeline.decode(latents, frame, hooks);

    std::vector<std::string> stages;
    int within_first_step = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (stages.empty() || stages.back() != seen[i].stage) stages.emplace_back(seen[i].stage);
        within_first_step += seen[i].stage == "denoise" && seen[i].step == 0;
        EXPECT_GE(seen[i].done, i > 0 ? seen[i - 1].done - 1e-9 : 0) << i;
        EXPECT_EQ(seen[i].steps, 4);
    }
    EXPECT_EQ(stages, (std::vector<std::string>{"text", "picture", "encode", "denoise", "decode"}));
    EXPECT_GT(within_first_step, 10);
    EXPECT_EQ(seen[denoised - 1].step, 4);
    EXPECT_LT(seen[denoised - 1].done, 1);
    EXPECT_NEAR(seen.back().done, 1, 1e-6);
}

TEST(Pipeline, PreviewsAreTheMiddleFrameOfWhatTheModelHasInMind) {
    I2VGenPipeline pipeline = open_tiny();
    I2VGenHooks hooks;
    std::vector<int> steps;
    hooks.preview_every_steps = 2;
    hooks.preview = [&](int step, const image::Image& picture) {
        steps.push_back(step);
        EXPECT_EQ(picture.size(), (image::Size{5, 3}));
        EXPECT_EQ(picture.channels, 3);
    };
    pipeline.denoise(tiny_request(), hooks);
    EXPECT_EQ(steps, (std::vector<int>{2, 4}));
}

TEST(Pipeline, CutPromptsAreQuotedAndAHugeOneIsNoTrouble) {
    I2VGenPipeline pipeline = open_tiny();
    I2VGenRequest request = tiny_request();
    request.fps = 12;
    request.steps = 1;
    request.prompt.clear();
    while (request.prompt.size() < 100'000) request.prompt += "the camera pans to the harbour, ";
    std::string notes;
    I2VGenHooks hooks;
    hooks.note = [&](const std::string& line) { notes += line + "\n"; };
    pipeline.denoise(request, hooks);
    EXPECT_NE(notes.find("the prompt is longer than the 77 tokens"), std::string::npos) << notes;
    EXPECT_NE(notes.find("harbour"), std::string::npos) << notes;
    EXPECT_NE(notes.find("12 frames a second"), std::string::npos) << notes;
    EXPECT_LT(notes.size(), 2000u);
    request.prompt = "not \xff UTF-8";
    EXPECT_ERROR(pipeline.denoise(request, hooks), ErrorCode::invalid_argument, "UTF-8");
}

TEST(Pipeline, CancelsWithinAPassAndHasNothingToShowBeforeTheFirstStep) {
    I2VGenPipeline pipeline = open_tiny();
    CancelFlag cancel;
    I2VGenHooks hooks;
    hooks.cancel = &cancel;
    int after = 0;
    double previous = -1;
    hooks.progress = [&](const I2VGenProgress& now) {
        if (cancel.requested()) ++after;
        if (now.stage == "denoise" && previous > 0 && now.done > previous) cancel.request();
        if (now.stage == "denoise") previous = now.done;
    };
    EXPECT_ERROR(pipeline.denoise(tiny_request(), hooks), ErrorCode::cancelled, "");
    EXPECT_LE(after, 1);
    EXPECT_FALSE(pipeline.partial());
}

TEST(Pipeline, CancelledAfterAStepLeavesACleanClipToDecode) {
    I2VGenPipeline pipeline = open_tiny();
    CancelFlag cancel;
    I2VGenHooks hooks;
    hooks.cancel = &cancel;
    hooks.progress = [&](const I2VGenProgress& now) {
        if (now.step == 2) cancel.request();
    };
    EXPECT_ERROR(pipeline.denoise(tiny_request(), hooks), ErrorCode::cancelled, "");
    const auto partial = pipeline.partial();
    ASSERT_TRUE(partial);
    EXPECT_EQ(partial->steps_done, 2);
    EXPECT_ERROR(pipeline.decode(*partial, 0, hooks), ErrorCode::cancelled, "");
    const image::Image frame = pipeline.decode(*partial, 2, {});
    EXPECT_EQ(frame.size(), (image::Size{40, 24}));
    // The last step of this schedule ends at the clean picture itself.
    const auto whole = pipeline.denoise(tiny_request(), {});
    EXPECT_EQ(pipeline.partial()->numbers, whole.numbers);
}

TEST(Pipeline, RefusesWhatCannotBeMade) {
    I2VGenPipeline pipeline = open_tiny();
    const auto refused = [&](auto change, const char* part) {
        I2VGenRequest request = tiny_request();
        change(request);
        EXPECT_ERROR(pipeline.denoise(request, {}), ErrorCode::invalid_argument, part);
    };
    refused([](I2VGenRequest& r) { r.width_px = 41; }, "multiples of 8");
    refused([](I2VGenRequest& r) { r.height_px = 0; }, "height of 0");
    refused([](I2VGenRequest& r) { r.frames = 0; }, "frames");
    refused([](I2VGenRequest& r) { r.steps = 0; }, "steps");
    refused([](I2VGenRequest& r) { r.steps = 1001; }, "steps");
    refused([](I2VGenRequest& r) { r.fps = NAN; }, "frame rate");
    refused([](I2VGenRequest& r) { r.guidance = INFINITY; }, "guidance");
    refused([](I2VGenRequest& r) { r.clip_skip = 3; }, "clip skip");
    refused([](I2VGenRequest& r) { r.eta = 1, r.sampler = diffusion::SamplerKind::unipc; }, "ddim");
    refused([](I2VGenRequest& r) { r.shortcuts.cache_interval = 0; }, "cache interval");
    refused([](I2VGenRequest& r) { r.shortcuts.cache_branch = 99; }, "cache branch");
    refused([](I2VGenRequest& r) { r.shortcuts.guidance_interval = 0; }, "guidance interval");
    refused([](I2VGenRequest& r) { r.shortcuts.merge_tokens = 0.8; }, "merged tokens");
    refused([](I2VGenRequest& r) { r.shortcuts.merge_tokens = NAN; }, "merged tokens");
    refused([](I2VGenRequest& r) { r.shortcuts.guidance_end = NAN; }, "end of guidance");
    refused([](I2VGenRequest& r) { r.shortcuts = {1, 1, 0.6, 0.4}; }, "start first");
    refused([](I2VGenRequest& r) { r.picture = {}; }, "RGB");
    refused([](I2VGenRequest& r) { r.given_noise = diffusion::GivenNoise{{1, 2}, {}, {}}; }, "noise");
}

TEST(Pipeline, HalfPrecisionFilesGiveNearlyTheSameClip) {
    const testing::ScratchFolder scratch;
    testing::copy_model(testing::tiny_root(), scratch / "model");
    for (const char* stem : {"unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model",
                             "text_encoder/model", "image_encoder/model"}) {
        testing::StoredWeights rounded =
            testing::read_weights(scratch / "model" / (std::string(stem) + ".safetensors"));
        for (auto& [name, weight] : rounded) weight = weight.as(tensor::DType::f16);
        testing::write_weights(scratch / "model" / (std::string(stem) + ".fp16.safetensors"), rounded);
    }
    const weights::ModelFolder model = weights::open_model_folder(scratch / "model");
    I2VGenRequest request = tiny_request();
    request.guidance = 5;
    const auto full = I2VGenPipeline::open(model, {2, {}, ""}).denoise(request, {});
    const auto half = I2VGenPipeline::open(model, {2, {}, "fp16"}).denoise(request, {});
    EXPECT_NE(full.numbers, half.numbers);
    EXPECT_LT(relative_distance(half.numbers, full.numbers), 0.02);  // measured: 0.0056
}

}  // namespace
}  // namespace stillreel
