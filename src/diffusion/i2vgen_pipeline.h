// From one picture and a sentence to a clip of latents and its frames: I2VGen-XL (Zhang et al. 2023) as
// diffusers' I2VGenXLPipeline runs it. Towers are loaded one after another and freed again: text, image, VAE
// encoder, UNet, VAE decoder; at no time is more than one of them in memory.
//
// Noise comes from one generator seeded with `seed`, in this order: the VAE's sampling noise, the first
// latents, then, when eta > 0, one variance noise per step. ImageLatent::mode needs no VAE noise and draws
// none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "diffusion/noise_schedule.h"
#include "diffusion/shortcuts.h"
#include "diffusion/work.h"
#include "image/image.h"
#include "nn/pass.h"
#include "weights/model_folder.h"

namespace stillreel::diffusion {

enum class ImageLatent { sample, mode };
enum class Memory { normal, low };

/// Noise that was drawn elsewhere, for comparisons with a reference whose generators were not ours. Unit
/// normals in the reference's layouts. A part that is empty is drawn from the request's seed as ever; a part
/// that is given leaves that stream untouched.
struct GivenNoise {
    std::vector<float> vae;                    // (1, 4, h, w)
    std::vector<float> latents;                // (1, 4, F, h, w)
    std::vector<std::vector<float>> variance;  // one of (F, 4, h, w) a step
};

struct I2VGenRequest {
    image::Image picture;  // RGB, upright
    std::string prompt;
    std::string negative_prompt;
    int width_px = 512;  // multiples of the VAE's scale (8)
    int height_px = 512;
    int frames = 16;
    double fps = 8;  // what the model is told, not the file's rate
    int steps = 50;
    double guidance = 9;          // 1: none, one pass instead of two
    double guidance_rescale = 0;  // Lin et al. 2023: 0 to 1
    double eta = 0;               // DDIM only
    std::uint64_t seed = 0;
    SamplerKind sampler = SamplerKind::ddim;
    ImageLatent image_latent = ImageLatent::sample;
    int clip_skip = 1;
    Memory memory = Memory::normal;
    tensor::Precision precision = tensor::Precision::f32;  // of the UNet's products; int8: also the decoder's
    Shortcuts shortcuts;                                   // none
    std::optional<GivenNoise> given_noise;
};

/// What the pipeline does now. `done` of all the work of the clip, 0 to 1, weighted by the time it takes.
struct I2VGenProgress {
    std::string_view stage;  // "text", "picture", "encode", "denoise", "decode"
    int step = 0;            // of the denoising, finished so far
    int steps = 0;
    double done = 0;
};

/// A tensor on the way, in the reference's own layout and names. denoise() shows, in this order:
/// "prompt_embeds" (B,77,C), "clip_pixels" (1,3,S,S), "image_embeddings" (B,1,C), "vae_pixels" (1,3,H,W),
/// "image_latents" (B,4,F,h,w), "fps" (B), "timesteps" (steps), "initial_latents" (1,4,F,h,w), and per step
/// "model_output.I" (after guidance, where the step has any) and "latents.I", both (1,4,F,h,w). B is 2 under
/// guidance, the negative half first. decode() shows "decoded.FRAME" (1,3,H,W), not clamped. A run that goes
/// on from a checkpoint shows only the steps that are left.
using Probe =
    std::function<void(std::string_view name, const tensor::Shape& shape, std::span<const float> numbers)>;

struct I2VGenHooks {
    std::function<void(const I2VGenProgress&)> progress;
    std::function<void(const std::string&)> note;  // a line for the user: a prompt that was cut ...
    std::function<void(int step, const image::Image& picture)>
        preview;  // the clip's middle frame, latent size, from the latents
    int preview_every_steps = 5;
    Probe probe;
    const CancelFlag* cancel = nullptr;
};

struct I2VGenRun {
    int threads = 1;
    std::filesystem::path scratch;         // where steps are checkpointed; empty: nowhere
    std::string variant;                   // of the weight files: "", "fp16"
    std::filesystem::path packed_cache{};  // folder where the UNet's packed weights are kept for the next
                                           // clip; empty: nowhere
    Pace pace = Pace(MachineSpeed::usual(kUsualFlopsPerSecond));  // what progress is weighted by
};

/// The latents of a whole clip, [frames, h, w, 4], and what the decoder needs to show them.
struct ClipLatents {
    std::vector<float> numbers;
    int frames = 0;
    int height = 0;  // of the latents
    int width = 0;
    int steps_done =
        0;  // fewer than asked for: a run that was stopped; then the clean picture the model had in mind
    tensor::Precision precision = tensor::Precision::f32;  // as the request's
};

class I2VGenPipeline {
  public:
    /// Reads the configs and checks that every component is one that we know and that every file is there;
    /// loads no weights. Throws not_found, corrupt_data, unsupported (a component's class, a pickle).
    static I2VGenPipeline open(const weights::ModelFolder& model, const I2VGenRun& run);
    ~I2VGenPipeline();
    I2VGenPipeline(I2VGenPipeline&&) noexcept;

    /// Throws invalid_argument (sizes, steps, a picture that is not RGB), cancelled, out_of_memory and every
    /// error of the weights. With run.scratch set and a matching checkpoint there, goes on from it: the same
    /// bits as an uninterrupted run. Steps before one that reuses deep features are not checkpointed. A
    /// checkpoint of another clip, or a damaged one, is ignored with a note; so is one that cannot be
    /// written. The checkpoint stays when the run ends, whichever way: see remove_checkpoint.
    ClipLatents denoise(const I2VGenRequest& request, const I2VGenHooks& hooks);

    /// What a run that was just cancelled has come to: its clean prediction after the last finished step;
    /// nothing before the first.
    std::optional<ClipLatents> partial() const;

    /// A frame of latents, RGB, decoded when it is asked for. The VAE decoder is loaded at the first call and
    /// kept. After a cancelled denoise() hand over hooks without its raised flag.
    image::Image decode(const ClipLatents& latents, int frame, const I2VGenHooks& hooks);

  private:
    struct State;
    explicit I2VGenPipeline(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Removes the checkpoint that denoise() keeps in run.scratch: the clip is finished, or given up. Nothing
/// there is fine. Throws nothing.
void remove_checkpoint(const std::filesystem::path& scratch);

/// What a clip costs, from the same model code on shapes alone.
struct I2VGenCost {
    /// A tower that is loaded and does some work once a clip.
    struct Tower {
        Work work;
        std::uint64_t stored_bytes = 0;  // of its files; 0 when they are not there
    };
    Tower text, picture;              // CLIP's two towers
    Tower vae;                        // encoding; it is loaded a second time for decoding
    Tower unet;                       // what it works out once, not its steps
    std::vector<Work> work_of_steps;  // in order
    Work work_of_frame;               // decoding one of them
    int frames = 0;
    double flops = 0;                    // all of it
    double flops_per_step = 0;           // of the dearest; shortcuts make the others cheaper
    std::vector<double> flops_of_steps;  // in order
    std::uint64_t peak_bytes = 0;        // resident, of the process, at the worst moment
    std::uint64_t activation_bytes = 0;  // of that, tensors of the UNet
    std::uint64_t weight_bytes = 0;      // of that, packed weights of the UNet
    std::uint64_t download_bytes = 0;    // of all components on disk
};
/// Reads the configs, no weights; the picture may be empty. Throws what open() throws about configs, and
/// invalid_argument as denoise() does.
I2VGenCost cost_of(const weights::ModelFolder& model, const I2VGenRequest& request);

}  // namespace stillreel::diffusion
