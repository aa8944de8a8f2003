#include "studio/i2vgen_engine.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "base/amounts.h"
#include "base/check.h"
#include "base/error.h"
#include "base/machine.h"
#include "diffusion/i2vgen_model.h"
#include "diffusion/machine_rate.h"
#include "studio/debug_dump.h"
#include "studio/machine_speed.h"
#include "weights/model_folder.h"

namespace stillreel::studio {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "i2vgen-xl";
constexpr const char* kPublished = "ali-vilab/i2vgen-xl";
constexpr const char* kPipelineClass = "I2VGenXLPipeline";
constexpr std::size_t kMaxPromptBytes = 16 * 1024;
constexpr int kPreviews = 10;  // at least so many of a clip
constexpr int kMostStepsBetweenPreviews = 5;

const std::string& model_name(const ClipSpec& spec) {
    static const std::string plain = kName;
    return spec.model.empty() ? plain : spec.model;
}

/// For people who may not know this machine's folders.
std::string missing_weights() {
    std::string others;
    for (const weights::InstalledModel& model : weights::installed_models())
        if (weights::open_model_folder(model.root).class_name == kPipelineClass)
            others += (others.empty() ? "" : ", ") + model.name;
    return fmt::format(
        "its weights are not installed, or not whole: \"stillreel models pull {}\" fetches them{}",
        kPublished, others.empty() ? "" : fmt::format("; or choose a model that is here: {}", others));
}

weights::ModelFolder model_of(const ClipSpec& spec) {
    return weights::open_model_folder(weights::find_model(model_name(spec)));
}

/// Those of its speed, but for what the spec says itself.
diffusion::Shortcuts shortcuts_for(const ClipSpec& spec) {
    diffusion::Shortcuts shortcuts = diffusion::shortcuts_of(spec.speed);
    shortcuts.cache_interval = spec.cache_interval.value_or(shortcuts.cache_interval);
    shortcuts.cache_branch = spec.cache_branch.value_or(shortcuts.cache_branch);
    shortcuts.guidance_start = spec.guidance_start.value_or(shortcuts.guidance_start);
    shortcuts.guidance_end = spec.guidance_end.value_or(shortcuts.guidance_end);
    shortcuts.guidance_interval = spec.guidance_interval.value_or(shortcuts.guidance_interval);
    shortcuts.merge_tokens = spec.merge_tokens.value_or(shortcuts.merge_tokens);
    return shortcuts;
}

diffusion::I2VGenRequest request_for(const ClipSpec& spec, const ResolvedClip& clip) {
    diffusion::I2VGenRequest request;
    request.prompt = spec.prompt;
    request.negative_prompt = spec.negative_prompt;
    request.width_px = clip.frame.width_px;
    request.height_px = clip.frame.height_px;
    request.frames = clip.frames;
    request.fps = clip.fps.value();
    request.steps = clip.steps;
    request.guidance = clip.guidance;
    request.guidance_rescale = spec.guidance_rescale.value_or(0);
    request.eta = spec.eta.value_or(0);
    request.seed = clip.seed;
    request.sampler = spec.scheduler;
    request.image_latent = spec.image_latent;
    request.clip_skip = spec.clip_skip.value_or(1);
    request.memory = clip.memory;
    request.precision = spec.precision;
    request.shortcuts = shortcuts_for(spec);
    return request;
}

image::Image opaque(const image::Image& rgb) {
    image::Image rgba(rgb.width_px, rgb.height_px, 4);
    for (std::size_t from = 0, to = 0; from < rgb.pixels.size(); from += 3, to += 4) {
        std::copy_n(&rgb.pixels[from], 3, &rgba.pixels[to]);
        rgba.pixels[to + 3] = 255;
    }
    return rgba;
}

/// Frames are decoded one by one; the reference has them in one tensor.
void keep(DebugDump& dump, std::string_view name, const tensor::Shape& shape,
          std::span<const float> numbers) {
    if (name.starts_with("decoded."))
        dump.append("decoded", shape, numbers);
    else
        dump.add(name, shape, numbers);
}

class I2VGenGenerator final : public Generator {
  public:
    I2VGenGenerator(diffusion::I2VGenPipeline pipeline, diffusion::I2VGenRequest request,
                    const fs::path& debug_folder)
        : pipeline_(std::move(pipeline)), request_(std::move(request)) {
        if (!debug_folder.empty()) dump_.emplace(debug_folder);
    }

    void prepare(const WorkHooks& hooks) override {
        listen(hooks);
        latents_ = pipeline_.denoise(request_, hooks_);
    }

    std::optional<int> keep_partial(const WorkHooks& hooks) override {
        listen(hooks);
        latents_ = pipeline_.partial();
        if (!latents_) return std::nullopt;
        return latents_->steps_done;
    }

    void render(int number, image::Image& frame) override {
        STILLREEL_CHECK(latents_.has_value());
        const image::Image picture = pipeline_.decode(*latents_, number, hooks_);
        frame = opaque(picture);
        if (!dump_) return;
        dump_->add_frame(number, picture);
        if (number == latents_->frames - 1) dump_->write();
    }

    const std::vector<std::string>& notes() const override { return notes_; }
    void write_debug(const fs::path&) const override {
        if (dump_) dump_->write();
    }

  private:
    void listen(const WorkHooks& hooks) {
        hooks_ = {};
        if (hooks.progress)
            hooks_.progress = [hear = hooks.progress](const diffusion::I2VGenProgress& event) {
                hear({event.stage, event.step, event.steps, event.done});
            };
        hooks_.note = hooks.note;
        hooks_.preview = hooks.preview;
        hooks_.preview_every_steps = std::clamp(request_.steps / kPreviews, 1, kMostStepsBetweenPreviews);
        hooks_.cancel = hooks.cancel;
        if (dump_)
            hooks_.probe = [this](std::string_view name, const tensor::Shape& shape,
                                  std::span<const float> numbers) { keep(*dump_, name, shape, numbers); };
    }

    diffusion::I2VGenPipeline pipeline_;
    diffusion::I2VGenRequest request_;
    diffusion::I2VGenHooks hooks_;
    std::optional<diffusion::ClipLatents> latents_;
    std::optional<DebugDump> dump_;
    std::vector<std::string> notes_;
};

class I2VGenEngine final : public Engine {
  public:
    std::string name() const override { return kName; }
    std::string purpose() const override {
        return "a diffusion model that invents motion, in minutes to hours";
    }
    std::string unavailable() const override {
        try {
            diffusion::read_model(weights::open_model_folder(weights::find_model(kName)));
            return "";
        } catch (const Error& error) {
            return error.code() == ErrorCode::not_found ? missing_weights() : error.what();
        }
    }
    bool reads_motion() const override { return false; }

    ResolvedClip resolve(const ClipSpec& spec, image::Size picture, EvenSize) const override {
        for (const auto& [field, text] :
             {std::pair{"prompt", &spec.prompt}, std::pair{"negative_prompt", &spec.negative_prompt}})
            if (text->size() > kMaxPromptBytes)
                throw Error(
                    ErrorCode::invalid_argument,
                    fmt::format("the {} has {} bytes; at most {} are read, and the model itself reads "
                                "about 75 words",
                                field, text->size(), kMaxPromptBytes));
        const diffusion::I2VGenModel model = diffusion::read_model(model_of(spec));
        diffusion::check_variant(model, spec.variant);
        return resolve_diffusion(spec, picture, static_cast<int>(model.vae.scale()));
    }

    std::optional<diffusion::Fit> fit(const ClipSpec& spec, const ResolvedClip& clip,
                                      int threads) const override {
        return diffusion::fit_of(model_of(spec), request_for(spec, clip), free_memory_bytes(),
                                 pace_on(threads), costs_);
    }

    std::string offer(const ClipSpec& spec, image::Size picture, int threads,
                      const fs::path& cache) const override {
        try {
            const ResolvedClip clip = resolve(spec, picture, EvenSize::any);
            const double seconds =
                diffusion::seconds_of(diffusion::cost_of(model_of(spec), request_for(spec, clip)),
                                      diffusion::Pace(remembered_speed(threads, cache)));
            return fmt::format(
                "the same command with --engine {} lets a diffusion model make {} frames of {}x{}, in about "
                "{}",
                kName, clip.frames, clip.frame.width_px, clip.frame.height_px, duration_text(seconds));
        } catch (const Error&) {
            return "";  // another model, or a damaged one: said when it is asked for
        }
    }

    std::optional<ModelRecord> model(const ClipSpec& spec, const fs::path& cache,
                                     const CancelFlag& cancel) const override {
        const diffusion::I2VGenModel model = diffusion::read_model(model_of(spec));
        std::vector<fs::path> files;
        for (const char* component : diffusion::kWeighted)
            files.emplace_back(diffusion::open_component(model, component, spec.variant)->where());
        ChecksumCache checksums(cache);
        ModelRecord record = record_of_model(model_name(spec), model.folder.root, files, checksums, cancel);
        checksums.save();
        return record;
    }

    std::unique_ptr<Generator> open(const ClipSpec& spec, const ResolvedClip& clip,
                                    ClipInputs inputs) const override {
        diffusion::I2VGenRun run{inputs.threads, inputs.scratch, spec.variant, inputs.packed_cache,
                                 pace_on(inputs.threads)};
        diffusion::I2VGenRequest request = request_for(spec, clip);
        request.picture = std::move(inputs.picture);
        return std::make_unique<I2VGenGenerator>(diffusion::I2VGenPipeline::open(model_of(spec), run),
                                                 std::move(request), inputs.debug_folder);
    }

  private:
    /// Measured once: a service is asked for estimates while somebody moves a slider.
    diffusion::Pace pace_on(int threads) const {
        const std::lock_guard lock(speeds_mutex_);
        const auto [speed, fresh] = speeds_.try_emplace(threads);
        if (fresh) speed->second = diffusion::measure_speed(threads);
        return diffusion::Pace(speed->second);
    }

    mutable diffusion::CostMemory costs_;
    mutable std::mutex speeds_mutex_;
    mutable std::map<int, diffusion::MachineSpeed> speeds_;  // by threads
};

}  // namespace

std::unique_ptr<Engine> i2vgen_engine() { return std::make_unique<I2VGenEngine>(); }

}  // namespace stillreel::studio
