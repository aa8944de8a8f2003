#include "diffusion/request_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace stillreel::diffusion {
namespace {

// Far beyond what any machine can do, so that sizes can be multiplied without overflow.
constexpr int kLargestSide_px = 8192;
constexpr int kMostFrames = 1024;
constexpr int kMostSteps = 1000;

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorCode::invalid_argument, message); }

void check_side(const char* side, int px, std::int64_t scale) {
    if (px < scale || px > kLargestSide_px || px % scale != 0)
        refuse(fmt::format("a {} of {} px does not go: multiples of {} up to {} do", side, px, scale,
                           kLargestSide_px));
}

void check_between(const char* name, double value, double low, double high) {
    if (!(value >= low && value <= high))
        refuse(fmt::format("{} is {:g}, but it must lie between {:g} and {:g}", name, value, low, high));
}

void check_shortcuts(const I2VGenModel& model, const Shortcuts& shortcuts) {
    const auto levels = static_cast<int>(model.unet.channels.size());
    check_between("the cache interval", shortcuts.cache_interval, 1, kMostSteps);
    check_between("the cache branch", shortcuts.cache_branch, 1,
                  levels * (model.unet.layers_per_block + 1) - 1);
    check_between("the guidance interval", shortcuts.guidance_interval, 1, kMostSteps);
    check_between("the start of guidance", shortcuts.guidance_start, 0, 1);
    check_between("the end of guidance", shortcuts.guidance_end, 0, 1);
    check_between("the share of merged tokens", shortcuts.merge_tokens, 0, kMostMergedTokens);
    if (shortcuts.guidance_start >= shortcuts.guidance_end)
        refuse(fmt::format("guidance would end at {:g} of the steps and start at {:g}: it must start first",
                           shortcuts.guidance_end, shortcuts.guidance_start));
}

void check_given(const GivenNoise& noise, const LatentSize& size, int steps) {
    const auto fits = [](const std::vector<float>& numbers, std::size_t elements) {
        return numbers.empty() || numbers.size() == elements;
    };
    const bool variances =
        noise.variance.empty() || (static_cast<int>(noise.variance.size()) >= steps &&
                                   std::all_of(noise.variance.begin(), noise.variance.end(),
                                               [&](const auto& v) { return v.size() == size.elements(); }));
    if (!fits(noise.vae, static_cast<std::size_t>(size.pixels() * size.channels)) ||
        !fits(noise.latents, size.elements()) || !variances)
        refuse("the given noise has not the size of the clip's latents");
}

}  // namespace

void check_request(const I2VGenModel& model, const I2VGenRequest& request) {
    check_side("width", request.width_px, model.vae.scale());
    check_side("height", request.height_px, model.vae.scale());
    check_between("the number of frames", request.frames, 1, kMostFrames);
    check_between("the frame rate", request.fps, 0.01, 1000);
    check_between("guidance", request.guidance, 0, 1000);
    check_between("guidance rescale", request.guidance_rescale, 0, 1);
    check_between("eta", request.eta, 0, 1);
    check_between("clip skip", request.clip_skip, 0, model.text.layers - 1);
    check_shortcuts(model, request.shortcuts);
    if (request.eta > 0 && request.sampler != SamplerKind::ddim)
        refuse(fmt::format("eta {:g} needs the scheduler ddim: {} has no such noise", request.eta,
                           name_of(request.sampler)));
    const ScheduleConfig schedule = parse_schedule_config(model.scheduler_json, request.sampler);
    timesteps_of(schedule, request.sampler, request.steps);
    if (request.given_noise) check_given(*request.given_noise, latent_size_of(model, request), request.steps);
}

LatentSize latent_size_of(const I2VGenModel& model, const I2VGenRequest& request) {
    return {request.frames, request.height_px / model.vae.scale(), request.width_px / model.vae.scale(),
            model.vae.latent_channels};
}

std::int64_t batch_of(const I2VGenRequest& request) { return request.guidance > 1 ? 2 : 1; }

std::vector<StepWork> plan_of(const I2VGenRequest& request) {
    return plan_steps(request.shortcuts, request.steps, static_cast<int>(batch_of(request)));
}

nn::Pass unet_pass(tensor::Ops& ops, const I2VGenModel& model, const I2VGenRequest& request) {
    nn::Pass pass{ops, request.frames};
    if (request.memory == Memory::low)
        pass.chunking = nn::Chunking::low_memory(batch_of(request) * request.frames,
                                                 latent_size_of(model, request).pixels());
    pass.merged_tokens = request.shortcuts.merge_tokens;
    return pass;
}

}  // namespace stillreel::diffusion
