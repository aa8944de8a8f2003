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

struct RunOptions {
    int threads = 1;
    std::filesystem::path output;   // empty: a fresh name in `outputs`
    std::filesystem::path outputs;  // folder for fresh names
    OnExisting on_existing = OnExisting::refuse;
    std::filesystem::path debug_folder;  // empty: none
    std::filesystem::path uploads;       // where originals are kept; empty: nowhere
};

struct Estimate {
    double seconds = 0;       // to make it, on this machine's cores
    std::uint64_t bytes = 0;  // of the file
};

/// What would be made, from the picture's header alone.
struct ClipPlan {
    std::string engine;
    image::Size picture;
    ResolvedClip clip;
    prompt::MotionPlan plan;
    prompt::CameraPath path;
    std::filesystem::path output;  // empty: a fresh name
    Estimate estimate;
    std::vector<std::string> notes;  // of the plan and of the numbers
};

/// Reads the picture's header, understands the prompt, compiles the camera and checks the output's name.
/// Writes nothing.
ClipPlan plan_clip(const ClipRequest& request, const RunOptions& run, const EngineRegistry& engines);

struct Started {
    std::filesystem::path output;  // of a sequence the first picture
    const ClipPlan& plan;
};

struct Progress {
    int frame = 0;  // frames written so far
    int frames = 0;
    double frames_per_second = 0;
    double seconds_left = 0;
};

/// What the caller hears meanwhile; any may be empty. progress comes from the encoding thread.
struct Observer {
    std::function<void(const Started&)> started;
    std::function<void(const std::string&)> note;
    std::function<void(const Progress&)> progress;
};

struct MadeClip {
    std::filesystem::path output;  // of a sequence the first picture
    int frames = 0;
    double seconds = 0;
    std::uint64_t bytes = 0;
    std::uint64_t seed = 0;
};

/// Makes the clip. Throws every error of the picture, prompt, camera and output; cancelled when the flag is
/// raised. Whatever is thrown, no file of the clip is left behind.
MadeClip generate(const ClipRequest& request, const RunOptions& run, const EngineRegistry& engines,
                  const Observer& observer, const CancelFlag& cancel);

struct RepeatRequest {
    ClipRequest request;
    std::vector<std::string> notes;
};

/// What made `clip`, ready to be made again, with the fields of `overrides` (JSON as for merge) on top.
/// `picture`, when not empty, takes the place of the original. Throws not_found when the original is not in
/// `uploads` and no picture is given, invalid_argument when the recipe withholds the prompt and `overrides`
/// brings none, corrupt_data when there is no recipe.
RepeatRequest repeat(const std::filesystem::path& clip, const std::string& overrides,
                     const std::filesystem::path& picture, const std::filesystem::path& uploads);

}  // namespace stillreel::studio
