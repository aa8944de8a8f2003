// Engines, seen from outside: a clip's inputs go in, frames come out one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "diffusion/fit_ladder.h"
#include "image/image.h"
#include "prompt/camera_path.h"
#include "prompt/motion_plan.h"
#include "studio/clip_spec.h"
#include "studio/model_record.h"
#include "studio/resolve.h"

namespace stillreel::studio {

/// Everything an engine gets for one clip, already read and checked.
struct ClipInputs {
    image::Image picture;                 // RGB
    std::optional<image::Plane> depth;    // white near
    std::optional<image::Plane> subject;  // 1 = subject
    prompt::MotionPlan plan;
    prompt::CameraPath path;
    int threads = 1;                     // how many to draw with: never changes a pixel
    std::filesystem::path scratch;       // where finished steps are kept for a next try; empty: nowhere
    std::filesystem::path packed_cache;  // where packed weights of a model are kept; empty: nowhere
    std::filesystem::path debug_folder;  // where the generator writes what it made on the way; empty: nowhere
};

/// What a generator does before and between its frames. `done` of all the work of the clip, 0 to 1.
struct StageProgress {
    std::string_view stage;  // "text", "picture", "encode", "denoise", "decode"
    int step = 0;
    int steps = 0;
    double done = 0;
};

/// What a generator tells while it works, and how it is stopped. Any function may be empty.
struct WorkHooks {
    std::function<void(const StageProgress&)> progress;
    std::function<void(const std::string&)> note;
    std::function<void(int step, const image::Image& picture)> preview;
    const CancelFlag* cancel = nullptr;
};

class Generator {
  public:
    virtual ~Generator() = default;
    /// The work before the first frame, called once and first. Throws cancelled when hooks.cancel is raised.
    virtual void prepare(const WorkHooks&) {}
    /// After a prepare() that was cancelled: settles for what it has come to, so that every frame can be
    /// rendered, and returns the steps that were done; nothing when there is nothing to show yet.
    virtual std::optional<int> keep_partial(const WorkHooks&) { return std::nullopt; }
    /// Draws frame `number` (0 ... frames - 1, in order) as RGBA of the resolved size.
    virtual void render(int number, image::Image& frame) = 0;
    /// Lines for the user about this clip.
    virtual const std::vector<std::string>& notes() const = 0;
    /// What the engine made of the picture, as files. Called after prepare().
    virtual void write_debug(const std::filesystem::path& folder) const = 0;
};

class Engine {
  public:
    virtual ~Engine() = default;
    virtual std::string name() const = 0;
    /// One line: what it is good for.
    virtual std::string purpose() const = 0;
    /// Empty when it can make a clip here and now, with the model that it takes where the spec names none;
    /// else the reason and the remedy. Looks at the disk every time, for a model may have come meanwhile: a
    /// millisecond at most.
    virtual std::string unavailable() const = 0;
    /// Whether it moves the picture as prompt, camera path, depth and mask say. An engine that does not gives
    /// the prompt to its model as it stands, and gets none of these.
    virtual bool reads_motion() const { return true; }
    /// Its numbers for a picture of this size. Throws as studio::resolve.
    virtual ResolvedClip resolve(const ClipSpec& spec, image::Size picture, EvenSize even) const {
        return studio::resolve(spec, picture, even);
    }
    /// What the clip costs and whether that fits into the memory that is free now, on `threads` threads,
    /// whose speed is measured in half a second the first time; nothing for an engine that always fits. From
    /// any thread.
    virtual std::optional<diffusion::Fit> fit(const ClipSpec&, const ResolvedClip&, int /*threads*/) const {
        return std::nullopt;
    }
    /// One line about what it would make of the picture and how long that would take, for a clip that another
    /// engine makes; empty when it has nothing to make it with. `cache` as in RunOptions.
    virtual std::string offer(const ClipSpec&, image::Size /*picture*/, int /*threads*/,
                              const std::filesystem::path& /*cache*/) const {
        return "";
    }
    /// The model that the spec names; nothing for an engine without. Throws not_found with the command that
    /// fetches it. Slow for files whose checksums are not in `cache` yet.
    virtual std::optional<ModelRecord> model(const ClipSpec&, const std::filesystem::path& /*cache*/,
                                             const CancelFlag&) const {
        return std::nullopt;
    }
    /// Throws whatever is wrong with the inputs.
    virtual std::unique_ptr<Generator> open(const ClipSpec& spec, const ResolvedClip& clip,
                                            ClipInputs inputs) const = 0;
};

class EngineRegistry {
  public:
    void add(std::unique_ptr<Engine> engine) { engines_.push_back(std::move(engine)); }
    const std::vector<std::unique_ptr<Engine>>& all() const { return engines_; }
    /// "auto" is the first one that is available. One that is named is found, available or not: the spec may
    /// name a model that is there, and what lacks is said when it is looked for. Throws invalid_argument
    /// listing the names.
    const Engine& find(const std::string& name) const;

  private:
    std::vector<std::unique_ptr<Engine>> engines_;
};

/// The engines of this build: animatic, which is what "auto" means, and i2vgen-xl.
EngineRegistry standard_engines();

}  // namespace stillreel::studio
