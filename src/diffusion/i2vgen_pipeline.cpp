#include "diffusion/i2vgen_pipeline.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/error.h"
#include "diffusion/checkpoint.h"
#include "diffusion/clip_cost.h"
#include "diffusion/denoising.h"
#include "diffusion/i2vgen_model.h"
#include "diffusion/request_check.h"
#include "diffusion/tower_memory.h"
#include "diffusion/watched_weights.h"
#include "tensor/cpu/cpu_backend.h"

namespace stillreel::diffusion {
namespace {

/// The VAE's decoder, ready to decode frame after frame.
struct Decoder {
    tensor::Ops ops;
    const CancelFlag* cancel;  // that its backend looks at
    tensor::Precision precision;
    models::VaeDecoder tower;

    static std::unique_ptr<Decoder> load(const I2VGenModel& model, const I2VGenRun& run,
                                         tensor::Precision precision, const CancelFlag* cancel) {
        tensor::Ops ops(tensor::cpu_backend(run.threads, cancel),
                        tensor::Pool::create(tensor::Pool::Kind::memory));
        const auto source = watched(open_component(model, kVae, run.variant), cancel);
        models::VaeDecoder tower = load_decoder(model, *source, ops, precision);
        return std::unique_ptr<Decoder>(new Decoder{std::move(ops), cancel, precision, std::move(tower)});
    }
};

/// A byte of a sample in about [-1, 1], rounded as numpy does: halves to the even neighbour.
std::uint8_t byte_of(float sample) {
    return static_cast<std::uint8_t>(std::nearbyint(std::clamp(sample / 2 + 0.5f, 0.0f, 1.0f) * 255.0f));
}

image::Image picture_of(const tensor::Tensor& decoded) {
    image::Image picture(static_cast<int>(decoded.shape()[2]), static_cast<int>(decoded.shape()[1]), 3);
    const std::span<const float> samples = decoded.span();
    std::transform(samples.begin(), samples.end(), picture.pixels.begin(), byte_of);
    return picture;
}

}  // namespace

struct I2VGenPipeline::State {
    I2VGenModel model;
    I2VGenRun run;
    models::ClipTokenizer tokenizer;
    std::optional<ClipLatents> partial;
    std::optional<I2VGenCost> cost;  // of the last clip
    std::unique_ptr<Decoder> decoder;
};

I2VGenPipeline::I2VGenPipeline(std::unique_ptr<State> state) : state_(std::move(state)) {}
I2VGenPipeline::~I2VGenPipeline() = default;
I2VGenPipeline::I2VGenPipeline(I2VGenPipeline&&) noexcept = default;

I2VGenPipeline I2VGenPipeline::open(const weights::ModelFolder& folder, const I2VGenRun& run) {
    STILLREEL_CHECK(run.threads >= 1);
    I2VGenModel model = read_model(folder);
    models::ClipTokenizer tokenizer = models::ClipTokenizer::open(folder.at("tokenizer").folder);
    if (tokenizer.context_length() != model.text.context)
        throw Error(
            ErrorCode::corrupt_data,
            fmt::format("the configs of {} do not belong together: its tokenizer gives {} tokens, its "
                        "text encoder reads {}",
                        folder.root.string(), tokenizer.context_length(), model.text.context));
    check_weights(model, run.variant);
    return I2VGenPipeline(std::unique_ptr<State>(
        new State{std::move(model), run, std::move(tokenizer), std::nullopt, std::nullopt, nullptr}));
}

ClipLatents I2VGenPipeline::denoise(const I2VGenRequest& request, const I2VGenHooks& hooks) {
    state_->decoder.reset();
    state_->partial.reset();
    if (request.picture.empty() || request.picture.channels != 3)
        throw Error(ErrorCode::invalid_argument, "a clip begins with an RGB picture");
    state_->cost = cost_of(state_->model, request);
    ClipLatents latents =
        Denoising({state_->model, state_->tokenizer, state_->run, request, hooks, *state_->cost})
            .run(state_->partial);
    release_free_memory();
    return latents;
}

std::optional<ClipLatents> I2VGenPipeline::partial() const { return state_->partial; }

image::Image I2VGenPipeline::decode(const ClipLatents& latents, int frame, const I2VGenHooks& hooks) {
    const I2VGenModel& model = state_->model;
    STILLREEL_CHECK(frame >= 0 && frame < latents.frames);
    if (hooks.cancel) hooks.cancel->throw_if_requested();
    const auto fits = [&](const Decoder& decoder) {
        return decoder.cancel == hooks.cancel && decoder.precision == latents.precision;
    };
    if (!state_->decoder || !fits(*state_->decoder)) {
        state_->decoder.reset();
        state_->decoder = Decoder::load(model, state_->run, latents.precision, hooks.cancel);
    }
    const LatentSize size{1, latents.height, latents.width, model.vae.latent_channels};
    STILLREEL_CHECK_EQ(latents.numbers.size(), size.elements() * static_cast<std::size_t>(latents.frames));
    if (!state_->cost) {
        I2VGenRequest request;
        request.frames = latents.frames;
        request.precision = latents.precision;
        request.width_px = static_cast<int>(latents.width * model.vae.scale());
        request.height_px = static_cast<int>(latents.height * model.vae.scale());
        state_->cost = cost_of(model, request);
    }

    tensor::Ops& ops = state_->decoder->ops;
    ProgressMeter meter(*state_->cost, state_->run.pace, latents.steps_done, hooks.progress);
    meter.begin("decode", meter.times().frame(frame), latents.steps_done);
    meter.listen_to(ops);

    const auto scale = static_cast<float>(1 / model.vae.scaling_factor);
    tensor::Tensor input = ops.empty({1, size.height, size.width, size.channels});
    const std::span<float> numbers = input.mutable_span();
    for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = latents.numbers[static_cast<std::size_t>(frame) * numbers.size() + i] * scale;
    const tensor::Tensor decoded = state_->decoder->tower.decode(nn::Pass{ops}, input);
    ops.observe({});
    meter.reach(latents.steps_done, meter.times().frame(frame + 1));
    if (hooks.probe) {
        const std::int64_t height = decoded.shape()[1], width = decoded.shape()[2];
        hooks.probe(fmt::format("decoded.{}", frame), {1, 3, height, width},
                    to_frame_layout(decoded.span(), {1, height, width, 3}));
    }
    return picture_of(decoded);
}

void remove_checkpoint(const std::filesystem::path& scratch) {
    std::error_code ignored;
    std::filesystem::remove(checkpoint_file(scratch), ignored);
}

}  // namespace stillreel::diffusion
