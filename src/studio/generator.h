// Engines, seen from outside: a clip's inputs go in, frames come out one at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "image/image.h"
#include "prompt/camera_path.h"
#include "prompt/motion_plan.h"
#include "studio/clip_spec.h"
#include "studio/resolve.h"

namespace stillreel::studio {

/// Everything an engine gets for one clip, already read and checked.
struct ClipInputs {
    image::Image picture;                 // RGB
    std::optional<image::Plane> depth;    // white near
    std::optional<image::Plane> subject;  // 1 = subject
    prompt::MotionPlan plan;
    prompt::CameraPath path;
    int threads = 1;  // how many to draw with: never changes a pixel
};

class Generator {
  public:
    virtual ~Generator() = default;
    /// Draws frame `number` (0 ... frames - 1, in order) as RGBA of the resolved size.
    virtual void render(int number, image::Image& frame) = 0;
    /// Lines for the user about this clip.
    virtual const std::vector<std::string>& notes() const = 0;
    /// What the engine made of the picture, as files.
    virtual void write_debug(const std::filesystem::path& folder) const = 0;
};

class Engine {
  public:
    virtual ~Engine() = default;
    virtual std::string name() const = 0;
    /// One line: what it is good for.
    virtual std::string purpose() const = 0;
    /// Empty when it can run here; else the reason and the remedy.
    virtual std::string unavailable() const = 0;
    /// Throws whatever is wrong with the inputs.
    virtual std::unique_ptr<Generator> open(const ClipSpec& spec, const ResolvedClip& clip,
                                            ClipInputs inputs) const = 0;
};

class EngineRegistry {
  public:
    void add(std::unique_ptr<Engine> engine) { engines_.push_back(std::move(engine)); }
    const std::vector<std::unique_ptr<Engine>>& all() const { return engines_; }
    /// "auto" is the first one that can run. Throws invalid_argument listing the names, or unsupported with
    /// the reason when the engine cannot run here.
    const Engine& find(const std::string& name) const;

  private:
    std::vector<std::unique_ptr<Engine>> engines_;
};

/// The engines of this build: animatic.
EngineRegistry standard_engines();

}  // namespace stillreel::studio
