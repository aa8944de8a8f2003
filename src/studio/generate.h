// The use case behind `stillreel generate`, and later behind a job: one picture in, one clip with its recipe
// out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "diffusion/fit_ladder.h"
#include "media/video.h"
#include "prompt/camera_path.h"
#include "prompt/motion_plan.h"
#include "studio/clip_spec.h"
#include "studio/generator.h"
#include "studio/recipe.h"
#include "studio/resolve.h"

namespace stillreel::studio {

/// A file to read, and what it is called in messages and in the recipe.
struct Source {
    std::filesystem::path path;
    std::string name;
    image::Size size{};  // px, upright, where it is known already; 0: plan_clip looks into the file
};

/// A spec whose files were found. spec.camera is still a file's name or a path's JSON.
struct ClipRequest {
    ClipSpec spec;
    Source picture;
    std::optional<Source> depth;
    std::optional<Source> mask;
};

/// The files as the spec names them, called by their base names.
ClipRequest request_of(const ClipSpec& spec);

enum class OnExisting { refuse, replace };
enum class OnCancel { discard, keep_partial };
enum class Resume { yes, no };

struct RunOptions {
    int threads = 1;
    std::filesystem::path output;   // empty: a fresh name in `outputs`
    std::filesystem::path outputs;  // folder for fresh names
    OnExisting on_existing = OnExisting::refuse;
    std::filesystem::path debug_folder;  // empty: none
    std::filesystem::path uploads;       // where originals are kept; empty: nowhere
    std::filesystem::path cache;  // check sums, and the steps of a clip under way; empty: none are kept
    std::filesystem::path packed_cache;  // folder for packed weights of models; empty: none are kept
    std::filesystem::path preview;       // PNG, replaced every few steps; empty: none
    OnCancel on_cancel = OnCancel::discard;
    /// Asked once when the clip is cancelled: true is as OnCancel::keep_partial. Empty: false.
    std::function<bool()> keeps_partial{};
    std::string job{};  // id for the recipe; empty: none
    Resume resume = Resume::yes;
    std::string encoder_preset{};  // x264's name; empty: as spec.quality says
};

/// Of the file that will be written.
media::Format format_for(const RunOptions& run);

struct Estimate {
    double seconds = 0;       // to make it, on this machine's cores
    std::uint64_t bytes = 0;  // of the file
};

/// What would be made, from the picture's size alone.
struct ClipPlan {
    std::string engine;
    image::Size picture;
    ResolvedClip clip;
    prompt::MotionPlan plan;
    prompt::CameraPath path;
    std::filesystem::path output;  // empty: a fresh name
    Estimate estimate;
    std::optional<diffusion::Fit> fit;  // of an engine that needs much memory
    std::string fitted;                 // what auto_fit changed, as options; empty: nothing
    std::vector<std::string> notes;     // of the plan and of the numbers

    /// False when the clip needs more memory than is free.
    bool fits() const { return !fit || !fitted.empty() || fit->wanted.fits; }
    /// The one that is made; null for an engine that always fits.
    const diffusion::Rung* rung() const {
        if (!fit) return nullptr;
        return fitted.empty() ? &fit->wanted : fit->first_fitting();
    }
};

/// Reads the picture's header where its size is not known, understands the prompt, compiles the camera and
/// checks the output's name. Writes nothing. A clip that does not fit into the memory is planned all the
/// same, smaller where spec.auto_fit says so.
ClipPlan plan_clip(const ClipRequest& request, const RunOptions& run, const EngineRegistry& engines);

struct Started {
    std::filesystem::path output;  // of a sequence the first picture
    const ClipPlan& plan;
};

struct Progress {
    int frame = 0;  // frames written so far
    int frames = 0;
    double frames_per_second = 0;  // 0 for an engine that works in stages
    double seconds_left = 0;       // negative: not known yet
    std::string_view stage;        // "text", "picture", "encode", "denoise", "decode"; empty: frames only
    int step = 0;                  // of the denoising, finished so far
    int steps = 0;
    double done = 0;  // of everything, 0 to 1
};

/// A picture of what the clip will be was written.
struct Previewed {
    std::filesystem::path file;
    int step = 0;
};

/// What the caller hears meanwhile; any may be empty. progress comes from several threads, one at a time.
struct Observer {
    std::function<void(const Started&)> started;
    std::function<void(const std::string&)> note;
    std::function<void(const Progress&)> progress;
    std::function<void(const Previewed&)> previewed;
    /// How it looks: every frame as it is drawn, of the clip's size, and what the denoising has come to every
    /// few steps. The work waits for it.
    std::function<void(const image::Image&)> pictured;
};

struct MadeClip {
    std::filesystem::path output;  // of a sequence the first picture
    int frames = 0;
    double seconds = 0;
    std::uint64_t bytes = 0;
    std::uint64_t seed = 0;
    std::optional<int> partial_steps;  // of a clip that was stopped: the steps that were done
};

/// Makes the clip. Throws every error of the picture, prompt, camera, model and output; out_of_memory, before
/// anything is loaded, when it does not fit; cancelled when the flag is raised, unless on_cancel keeps what
/// there is. Whatever is thrown, no file of the clip is left behind; finished steps are, in run.cache, so
/// that the same request goes on from them.
MadeClip generate(const ClipRequest& request, const RunOptions& run, const EngineRegistry& engines,
                  const Observer& observer, const CancelFlag& cancel);

struct RepeatRequest {
    ClipRequest request;
    std::vector<std::string> notes;
};

/// What made `clip`, ready to be made again, with the fields of `overrides` (JSON as for merge) on top.
/// `picture`, when not empty, takes the place of the original. Throws not_found when the original is not in
/// `uploads` and no picture is given, invalid_argument when the recipe withholds the prompt and `overrides`
/// brings none, corrupt_data when there is no recipe. A clip of a model is refused with unsupported when the
/// model found here under its name is another one, unless `overrides` names a model; `cache` as in
/// RunOptions.
RepeatRequest repeat(const std::filesystem::path& clip, const std::string& overrides,
                     const std::filesystem::path& picture, const std::filesystem::path& uploads,
                     const EngineRegistry& engines, const std::filesystem::path& cache);

}  // namespace stillreel::studio
