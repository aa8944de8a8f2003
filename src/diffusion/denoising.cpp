#include "diffusion/denoising.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "diffusion/advice.h"
#include "diffusion/fingerprint.h"
#include "diffusion/guidance.h"
#include "diffusion/image_latents.h"
#include "diffusion/latent_preview.h"
#include "diffusion/packed_weights.h"
#include "diffusion/request_check.h"
#include "diffusion/tower_memory.h"
#include "diffusion/watched_weights.h"
#include "tensor/cpu/cpu_backend.h"

namespace stillreel::diffusion {
namespace {

using tensor::Shape;
using tensor::Tensor;

constexpr std::size_t kLongestQuote = 200;  // bytes of a prompt's lost end that are shown

/// The first bytes of a UTF-8 text, not cut within a character.
std::string shortened(const std::string& text) {
    if (text.size() <= kLongestQuote) return text;
    std::size_t end = kLongestQuote;
    while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
    return fmt::format("{} ...", text.substr(0, end));
}

}  // namespace

Denoising::Denoising(const DenoisingInputs& inputs)
    : in_(inputs),
      size_(latent_size_of(inputs.model, inputs.request)),
      batch_(batch_of(inputs.request)),
      plan_(plan_of(inputs.request)),
      ops_(tensor::cpu_backend(inputs.run.threads, inputs.hooks.cancel),
           tensor::Pool::create(tensor::Pool::Kind::memory)),
      meter_(inputs.cost, inputs.run.pace, inputs.request.steps, inputs.hooks.progress),
      generator_(inputs.request.seed),
      sampler_(Sampler::create(inputs.request.sampler,
                               parse_schedule_config(inputs.model.scheduler_json, inputs.request.sampler),
                               inputs.request.steps)) {
    if (!inputs.run.scratch.empty()) fingerprint_ = fingerprint_of(inputs.model, inputs.run, inputs.request);
    meter_.listen_to(ops_);
}

ClipLatents Denoising::run(std::optional<ClipLatents>& partial) {
    for (const std::string& line : advice_on(in_.request)) note(line);
    if (resume())
        partial = clip_of(state_.clean);
    else
        begin();
    take_steps(partial);
    return clip_of(state_.latents);
}

void Denoising::begin() {
    encode_text();
    look_at_picture();
    draw_initial_latents();
}

bool Denoising::resume() {
    if (fingerprint_.empty()) return false;
    const std::filesystem::path file = checkpoint_file(in_.run.scratch);
    try {
        std::optional<Checkpoint> found = read_checkpoint(file);
        if (!found) return false;
        if (found->fingerprint != fingerprint_) {
            note(fmt::format("{} belongs to another clip and is not used", file.string()));
            return false;
        }
        check_sizes(*found);
        generator_.restore(found->generator);
        sampler_->restore(found->steps_done, std::move(found->history));
        state_ = std::move(*found);
    } catch (const Error& error) {
        note(fmt::format("the clip begins anew: {}", error.what()));
        generator_ = TorchGenerator(in_.request.seed);
        return false;
    }
    note(fmt::format("goes on after step {} of {}", state_.steps_done, in_.request.steps));
    return true;
}

/// What another build may have written under the same fingerprint.
void Denoising::check_sizes(const Checkpoint& found) const {
    const auto is = [](const std::vector<float>& numbers, std::int64_t elements) {
        return static_cast<std::int64_t>(numbers.size()) == elements;
    };
    const models::ClipTextConfig& text = in_.model.text;
    const auto clip = static_cast<std::int64_t>(size_.elements());
    const bool needs_guidance =
        found.steps_done >= 1 && found.steps_done < in_.request.steps &&
        plan_[static_cast<std::size_t>(found.steps_done)].negative == NegativeWork::reused;
    if (found.steps_done < 1 || found.steps_done > in_.request.steps || !can_begin_at(found.steps_done) ||
        !is(found.text, batch_ * text.context * text.width) ||
        !is(found.image_embedding, batch_ * in_.model.vision.projection) || !is(found.image_latents, clip) ||
        !is(found.latents, clip) || !is(found.clean, clip) || (needs_guidance && !is(found.guidance, clip)))
        throw Error(ErrorCode::corrupt_data, "the checkpoint's sizes are not those of the clip");
}

void Denoising::encode_text() {
    meter_.begin("text", 0);
    std::vector<std::int64_t> ids;
    if (batch_ == 2) ids = tokens_of(in_.request.negative_prompt, "negative prompt");
    const std::vector<std::int64_t> positive = tokens_of(in_.request.prompt, "prompt");
    ids.insert(ids.end(), positive.begin(), positive.end());
    {
        const auto source = open_weights(kTextEncoder);
        const models::ClipText tower = stream_text(in_.model, *source, ops_);
        const Tensor text = tower.encode(nn::Pass{ops_}, ids, in_.request.clip_skip);
        state_.text.assign(text.span().begin(), text.span().end());
        probe("prompt_embeds", text.shape(), text.span());
    }
    leave_tower();
}

std::vector<std::int64_t> Denoising::tokens_of(const std::string& text, const char* which) const {
    models::Tokens tokens = in_.tokenizer.encode(text);
    if (!tokens.cut.empty())
        note(fmt::format("the {} is longer than the {} tokens that the model reads; cut off: \"{}\"", which,
                         in_.tokenizer.context_length(), shortened(tokens.cut)));
    const auto highest = std::max_element(tokens.ids.begin(), tokens.ids.end());
    if (highest != tokens.ids.end() && *highest >= in_.model.text.vocabulary)
        throw Error(ErrorCode::corrupt_data,
                    fmt::format("the tokenizer of {} gives token {}, but its text encoder knows {} tokens",
                                in_.model.folder.root.string(), *highest, in_.model.text.vocabulary));
    return std::move(tokens.ids);
}

void Denoising::look_at_picture() {
    const PreparedPicture prepared = prepare_picture(
        in_.request.picture, {in_.request.width_px, in_.request.height_px}, in_.model.preprocessing);
    embed_image(prepared.clip_pixels);
    encode_image(prepared.vae_pixels);
}

void Denoising::embed_image(std::span<const float> clip_pixels) {
    meter_.begin("picture", meter_.times().picture());
    const std::int64_t side = in_.model.vision.image_px;
    probe("clip_pixels", {1, 3, side, side}, to_frame_layout(clip_pixels, {1, side, side, 3}));
    {
        const auto source = open_weights(kImageEncoder);
        const models::ClipVision tower = stream_vision(in_.model, *source, ops_);
        const Tensor embedding = tower(nn::Pass{ops_}, ops_.upload({1, side, side, 3}, clip_pixels));
        // The negative half sees no picture.
        const auto width = static_cast<std::size_t>(embedding.elements());
        state_.image_embedding.assign(width * static_cast<std::size_t>(batch_), 0.0f);
        std::copy(embedding.span().begin(), embedding.span().end(), state_.image_embedding.end() - width);
    }
    leave_tower();
    probe("image_embeddings", {batch_, 1, in_.model.vision.projection}, state_.image_embedding);
}

void Denoising::encode_image(std::span<const float> vae_pixels) {
    meter_.begin("encode", meter_.times().encode());
    const LatentSize frame{1, size_.height, size_.width, size_.channels};
    const std::int64_t height = in_.request.height_px, width = in_.request.width_px;
    probe("vae_pixels", {1, 3, height, width}, to_frame_layout(vae_pixels, {1, height, width, 3}));
    {
        const auto source = open_weights(kVae);
        const models::VaeEncoder tower = load_encoder(in_.model, *source, ops_);
        meter_.loaded(in_.cost.vae.stored_bytes);
        const Tensor moments = tower.moments(nn::Pass{ops_}, ops_.upload({1, height, width, 3}, vae_pixels));
        const LatentDistribution distribution = distribution_of(moments.span(), size_.channels);
        std::vector<float> latent = distribution.mean;
        if (in_.request.image_latent == ImageLatent::sample) {
            const auto given = in_.request.given_noise ? in_.request.given_noise->vae : std::vector<float>();
            latent = sample(distribution, from_frame_layout(draw(frame.elements(), given), frame));
        }
        state_.image_latents = image_latents(latent, in_.model.vae.scaling_factor, in_.request.frames);
    }
    leave_tower();
    if (!in_.hooks.probe) return;
    const std::vector<float> clip = to_clip_layout(state_.image_latents, size_);
    std::vector<float> all;
    for (std::int64_t b = 0; b < batch_; ++b) all.insert(all.end(), clip.begin(), clip.end());
    probe("image_latents", {batch_, size_.channels, size_.frames, size_.height, size_.width}, all);
    probe("fps", {batch_}, std::vector<float>(static_cast<std::size_t>(batch_), float(in_.request.fps)));
}

void Denoising::draw_initial_latents() {
    const std::vector<double>& timesteps = sampler_->timesteps();
    probe("timesteps", {static_cast<std::int64_t>(timesteps.size())},
          std::vector<float>(timesteps.begin(), timesteps.end()));
    const auto given = in_.request.given_noise ? in_.request.given_noise->latents : std::vector<float>();
    state_.latents = from_clip_layout(draw(size_.elements(), given), size_);
    const auto sigma = static_cast<float>(sampler_->initial_sigma());
    for (float& x : state_.latents) x *= sigma;
    probe_clip("initial_latents", state_.latents);
}

void Denoising::take_steps(std::optional<ClipLatents>& partial) {
    const Timetable& times = meter_.times();
    const bool resumed = state_.steps_done > 0;
    meter_.begin("denoise", resumed ? times.step(state_.steps_done) : times.unet(), state_.steps_done);
    if (state_.steps_done == in_.request.steps) return;
    const auto source = open_weights(kUnet);
    const models::I2VGenUnet unet =
        load_unet({in_.model, in_.run, in_.request.precision, in_.cost.weight_bytes,
                   [this](const std::string& line) { note(line); }},
                  *source, ops_);
    if (source->quantised() && in_.request.precision != tensor::Precision::int8)
        note(fmt::format(
            "the UNet's weights are stored in 8 bits ({}) and are widened: with --precision int8 they "
            "are used as they are",
            source->where()));
    if (!resumed) meter_.reach(0, times.prepare());
    UnetSteps steps(unet, unet_pass(ops_, in_.model, in_.request), unet_inputs(), plan_,
                    in_.request.shortcuts.cache_branch);
    while (state_.steps_done < in_.request.steps) {
        take_step(steps);
        meter_.reach(state_.steps_done, times.step(state_.steps_done));
        partial = clip_of(state_.clean);
        save();
        show_preview();
    }
}

/// Deep features are not part of a checkpoint: at full size they would be most of it.
bool Denoising::can_begin_at(int step) const {
    return step == in_.request.steps || plan_[static_cast<std::size_t>(step)].deep != DeepWork::reused;
}

void Denoising::take_step(UnetSteps& unet) {
    const int step = state_.steps_done;
    stop_if_cancelled();
    const std::vector<float> output = predict(unet);
    probe_clip(fmt::format("model_output.{}", step), output);

    std::vector<float> variance;
    if (in_.request.eta > 0) {
        const bool given = in_.request.given_noise && !in_.request.given_noise->variance.empty();
        variance = from_frame_layout(
            draw(size_.elements(), given ? in_.request.given_noise->variance[static_cast<std::size_t>(step)]
                                         : std::vector<float>()),
            size_);
    }
    state_.clean.resize(size_.elements());
    sampler_->advance(step, output, state_.latents, {in_.request.eta, variance}, state_.clean);
    ++state_.steps_done;
    probe_clip(fmt::format("latents.{}", step), state_.latents);
}

/// What the model says at this step, after guidance: [F, h, w, C].
std::vector<float> Denoising::predict(UnetSteps& unet) {
    const int step = state_.steps_done;
    const std::int64_t clips = plan_[static_cast<std::size_t>(step)].clips;
    const std::size_t count = size_.elements();
    Tensor sample = ops_.empty({clips * size_.frames, size_.height, size_.width, size_.channels});
    const auto scale = static_cast<float>(sampler_->input_scale(step));
    const std::span<float> numbers = sample.mutable_span();
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = state_.latents[i % count] * scale;

    const double timestep = sampler_->timesteps()[static_cast<std::size_t>(step)];
    const Tensor output = unet(unet_pass(ops_, in_.model, in_.request), step, sample, timestep);
    return guide(output.span(), plan_[static_cast<std::size_t>(step)].negative);
}

/// What both halves together say, or the prompt's with what the other one differed by when it last ran.
std::vector<float> Denoising::guide(std::span<const float> said, NegativeWork negative) {
    const std::size_t count = size_.elements();
    std::vector<float> from_before;
    GuidedPair pair{said.first(count), said.last(count)};
    switch (negative) {
        case NegativeWork::none:
            return {said.begin(), said.end()};
        case NegativeWork::worked_out:
            if (in_.request.shortcuts.guidance_interval > 1) state_.guidance = difference_of(pair);
            break;
        case NegativeWork::reused:
            from_before = negative_from(pair.positive, state_.guidance);
            pair.negative = from_before;
            break;
    }
    return guided(pair, in_.request.guidance, in_.request.guidance_rescale);
}

models::UnetInputs Denoising::unet_inputs() {
    const I2VGenModel& model = in_.model;
    Tensor latents = ops_.empty({batch_ * size_.frames, size_.height, size_.width, size_.channels});
    const std::span<float> numbers = latents.mutable_span();
    for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = state_.image_latents[i % state_.image_latents.size()];
    return {ops_.upload({batch_, model.text.context, model.text.width}, state_.text),
            ops_.upload({batch_, 1, model.vision.projection}, state_.image_embedding), std::move(latents),
            std::vector<double>(static_cast<std::size_t>(batch_), in_.request.fps)};
}

std::unique_ptr<weights::WeightSource> Denoising::open_weights(const char* component) {
    stop_if_cancelled();
    // A run that goes on has all of it behind itself, as far as the meter knows. Of the VAE only a half is
    // read: it counts when that is done.
    std::function<void(std::uint64_t)> used;
    if (state_.steps_done == 0 && std::string_view(component) != kVae)
        used = [this](std::uint64_t stored_bytes) { meter_.loaded(stored_bytes); };
    return watched(open_component(in_.model, component, in_.run.variant), in_.hooks.cancel, std::move(used));
}

void Denoising::leave_tower() {
    ops_.pool().trim();
    release_free_memory();
}

/// Unit normals: those given, else the next of our own stream.
std::vector<float> Denoising::draw(std::size_t count, const std::vector<float>& given) {
    if (!given.empty()) return given;
    std::vector<float> noise(count);
    generator_.randn(std::span<float>(noise));
    return noise;
}

void Denoising::save() const {
    if (fingerprint_.empty() || !saving_ || !can_begin_at(state_.steps_done)) return;
    Checkpoint checkpoint = state_;
    checkpoint.fingerprint = fingerprint_;
    checkpoint.generator = generator_.state();
    checkpoint.history = sampler_->history();
    try {
        write_checkpoint(checkpoint_file(in_.run.scratch), checkpoint);
    } catch (const Error& error) {
        // Hours of work are not lost because a disk is full: the run goes on, it only cannot be resumed.
        saving_ = false;
        note(fmt::format("the steps are not saved, an interrupted run begins anew: {}", error.what()));
    }
}

void Denoising::show_preview() const {
    const int every = in_.hooks.preview_every_steps;
    const bool due = every > 0 && state_.steps_done % every == 0;
    if (!in_.hooks.preview || !due || size_.channels != 4) return;
    const std::size_t frame = size_.elements() / static_cast<std::size_t>(size_.frames);
    const auto middle = std::span(state_.clean).subspan(frame * static_cast<std::size_t>(size_.frames / 2));
    in_.hooks.preview(state_.steps_done, latent_preview(middle.first(frame), static_cast<int>(size_.height),
                                                        static_cast<int>(size_.width)));
}

void Denoising::probe(const std::string& name, const Shape& shape, std::span<const float> numbers) const {
    if (in_.hooks.probe) in_.hooks.probe(name, shape, numbers);
}

void Denoising::probe_clip(const std::string& name, std::span<const float> latents) const {
    if (in_.hooks.probe)
        in_.hooks.probe(name, {1, size_.channels, size_.frames, size_.height, size_.width},
                        to_clip_layout(latents, size_));
}

void Denoising::note(const std::string& line) const {
    if (in_.hooks.note) in_.hooks.note(line);
}

void Denoising::stop_if_cancelled() const {
    if (in_.hooks.cancel) in_.hooks.cancel->throw_if_requested();
}

ClipLatents Denoising::clip_of(const std::vector<float>& latents) const {
    return {latents,
            static_cast<int>(size_.frames),
            static_cast<int>(size_.height),
            static_cast<int>(size_.width),
            state_.steps_done,
            in_.request.precision};
}

}  // namespace stillreel::diffusion
