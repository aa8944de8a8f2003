// What would be made, before anything is: the picture's header, the prompt and the numbers.
#include <fmt/core.h>

#include <cmath>

#include "base/amounts.h"
#include "base/error.h"
#include "base/file.h"
#include "media/video.h"
#include "studio/fit_text.h"
#include "studio/generate.h"
#include "studio/output_name.h"

namespace stillreel::studio {
namespace {

constexpr std::uint64_t kMaxCameraBytes = 1u << 20;
// Of a map's aspect against the picture's.
constexpr double kShapeTolerance = 0.02;

/// The path of the spec's camera file or inlined JSON. Messages name the file.
prompt::CameraPath read_camera(const std::string& camera) {
    if (camera.front() == '{') return prompt::parse_camera_path(camera);
    const std::string text = read_text_file(camera, kMaxCameraBytes);
    try {
        return prompt::parse_camera_path(text);
    } catch (const Error& error) {
        throw Error(error.code(), fmt::format("camera file {}: {}", camera, error.what()));
    }
}

/// Measured on photographs with weather: bytes a pixel at CRF 18, halved every 6 steps; the others hardly
/// vary.
double bytes_per_pixel(media::Format format, int crf) {
    switch (format) {
        case media::Format::mp4:
            return 0.03 * std::exp2((18 - crf) / 6.0);
        case media::Format::prores_mov:
            return 0.45;
        case media::Format::gif:
            return 0.5;
        case media::Format::webp:
            return 0.1;
        case media::Format::png_sequence:
            return 1.6;
    }
    return 1;
}

Estimate estimate(const ResolvedClip& clip, media::Format format, int threads) {
    const double pixels = static_cast<double>(clip.frame.width_px) * clip.frame.height_px * clip.frames;
    // Drawing shares the cores with encoding; a slower x264 preset takes about four times as long.
    const double pixels_per_second = (clip.encoder_preset == "medium" ? 1.0e7 : 2.0e7) * threads;
    Estimate estimate;
    estimate.seconds = 0.5 + pixels / pixels_per_second;
    estimate.bytes = static_cast<std::uint64_t>(pixels * bytes_per_pixel(format, clip.crf)) + 4096;
    return estimate;
}

image::Size size_of(const Source& source) {
    return source.size.width_px > 0 ? source.size : image::probe_picture(source.path).size;
}

/// A map must show the whole picture. Said before anything is decoded, in the sizes of the files.
void check_shape(const char* what, const std::optional<Source>& map, const Source& picture,
                 image::Size size) {
    if (!map) return;
    const image::Size found = size_of(*map);
    const double stretch =
        static_cast<double>(found.width_px) * size.height_px / found.height_px / size.width_px;
    if (std::abs(stretch - 1) > kShapeTolerance)
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("the {} {} is {}x{} but {} is {}x{}: give one of the picture's shape", what,
                                map->name, found.width_px, found.height_px, picture.name, size.width_px,
                                size.height_px));
}

void check_output(const RunOptions& run, const Estimate& estimate) {
    if (!run.output.empty() && run.on_existing == OnExisting::refuse &&
        fs::exists(fs::symlink_status(file_of_frame(run.output, 0))))
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} is there already: choose another name with -o, or say --overwrite",
                                run.output.string()));
    std::error_code failed;
    if (!run.output.empty() && fs::is_directory(run.output, failed))
        throw Error(ErrorCode::invalid_argument, fmt::format("{} is a folder", run.output.string()));
    // The estimate may be several times too high for a calm picture: only a hopeless case is refused.
    check_writable(run.output.empty() ? run.outputs : fs::absolute(run.output).parent_path(),
                   estimate.bytes / 5 + (1u << 20));
}

/// Prompt and camera, as an engine needs them that moves the picture.
void plan_motion(const ClipSpec& spec, ClipPlan& plan) {
    // After the length is known: words such as "after 2 seconds" are parts of it.
    plan.plan = prompt::parse_prompt(spec.prompt, plan.clip.duration_s());
    const double aspect = static_cast<double>(plan.clip.frame.width_px) / plan.clip.frame.height_px;
    // A loop plays the move there and back: half the time each way keeps the rates that the words ask for.
    const double way_s = plan.clip.duration_s() / (spec.loop == animatic::Loop::none ? 1 : 2);
    plan.path = spec.camera.empty()
                    ? prompt::compile_camera(plan.plan, {way_s, aspect, prompt::kDefaultFocalMm})
                    : read_camera(spec.camera);
    plan.notes = plan.plan.notes;
    for (const prompt::NotRendered& action : plan.plan.not_rendered)
        plan.notes.push_back(fmt::format("not shown: \"{}\": {}", action.text, action.reason));
}

/// Takes the first rung that fits, where the spec asks for that and the clip itself does not.
void fit_in(const ClipSpec& spec, ClipPlan& plan) {
    if (!plan.fit) return;
    if (!plan.fit->wanted.fits && spec.auto_fit && plan.fit->first_fitting()) {
        plan.fitted = options_of(*plan.fit->first_fitting(), plan.fit->wanted);
        plan.clip.notes.push_back(fmt::format("made smaller to fit into the {} of memory that are free: {}",
                                              bytes_text(plan.fit->free_bytes), plan.fitted));
    }
    const diffusion::Rung& rung = *plan.rung();
    plan.clip.frame = {rung.width_px, rung.height_px};
    plan.clip.frames = rung.frames;
    plan.clip.steps = rung.steps;
    plan.clip.memory = rung.memory;
    plan.estimate.seconds = rung.seconds;
}

}  // namespace

media::Format format_for(const RunOptions& run) {
    return run.output.empty() ? media::Format::mp4 : media::format_of(run.output);
}

ClipPlan plan_clip(const ClipRequest& request, const RunOptions& run, const EngineRegistry& engines) {
    const media::Format format = format_for(run);
    const Engine& engine = engines.find(request.spec.engine);
    ClipPlan plan;
    plan.engine = engine.name();
    plan.picture = size_of(request.picture);
    plan.clip = engine.resolve(request.spec, plan.picture,
                               media::needs_even_size(format) ? EvenSize::needed : EvenSize::any);
    if (!run.encoder_preset.empty()) plan.clip.encoder_preset = run.encoder_preset;
    if (engine.reads_motion()) {
        check_shape("depth map", request.depth, request.picture, plan.picture);
        check_shape("mask", request.mask, request.picture, plan.picture);
        plan_motion(request.spec, plan);
    }
    plan.output = run.output;
    plan.fit = engine.fit(request.spec, plan.clip, run.threads);
    fit_in(request.spec, plan);
    const double engine_s = plan.estimate.seconds;
    plan.estimate = estimate(plan.clip, format, run.threads);
    plan.estimate.seconds += engine_s;
    plan.notes.insert(plan.notes.end(), plan.clip.notes.begin(), plan.clip.notes.end());
    check_output(run, plan.estimate);
    return plan;
}

}  // namespace stillreel::studio
