// One clip from picture and prompt to latents: what I2VGenPipeline::denoise does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "diffusion/checkpoint.h"
#include "diffusion/i2vgen_model.h"
#include "diffusion/i2vgen_pipeline.h"
#include "diffusion/latent_layout.h"
#include "diffusion/noise.h"
#include "diffusion/progress_meter.h"
#include "diffusion/sampler.h"
#include "diffusion/unet_steps.h"
#include "models/clip_tokenizer.h"
#include "tensor/ops.h"

namespace stillreel::diffusion {

/// What a run is made of; all outlive it. The request was checked.
struct DenoisingInputs {
    const I2VGenModel& model;
    const models::ClipTokenizer& tokenizer;
    const I2VGenRun& run;
    const I2VGenRequest& request;
    const I2VGenHooks& hooks;
    const I2VGenCost& cost;
};

class Denoising {
  public:
    explicit Denoising(const DenoisingInputs& inputs);

    /// Once. After every step `partial` holds the clean prediction.
    ClipLatents run(std::optional<ClipLatents>& partial);

  private:
    void begin();
    bool resume();
    void check_sizes(const Checkpoint& found) const;
    void encode_text();
    std::vector<std::int64_t> tokens_of(const std::string& text, const char* which) const;
    void look_at_picture();
    void embed_image(std::span<const float> clip_pixels);
    void encode_image(std::span<const float> vae_pixels);
    void draw_initial_latents();
    void take_steps(std::optional<ClipLatents>& partial);
    void take_step(UnetSteps& unet);
    std::vector<float> predict(UnetSteps& unet);
    std::vector<float> guide(std::span<const float> said, NegativeWork negative);
    bool can_begin_at(int step) const;
    models::UnetInputs unet_inputs();

    std::unique_ptr<weights::WeightSource> open_weights(const char* component);
    void leave_tower();
    std::vector<float> draw(std::size_t count, const std::vector<float>& given);
    void save() const;
    void show_preview() const;
    void probe(const std::string& name, const tensor::Shape& shape, std::span<const float> numbers) const;
    void probe_clip(const std::string& name, std::span<const float> latents) const;
    void note(const std::string& line) const;
    void stop_if_cancelled() const;
    ClipLatents clip_of(const std::vector<float>& latents) const;

    const DenoisingInputs in_;
    const LatentSize size_;
    const std::int64_t batch_;
    const std::vector<StepWork> plan_;
    tensor::Ops ops_;
    ProgressMeter meter_;
    TorchGenerator generator_;
    std::unique_ptr<Sampler> sampler_;
    std::string fingerprint_;  // empty without a scratch folder
    mutable bool saving_ = true;
    Checkpoint state_;
};

}  // namespace stillreel::diffusion
