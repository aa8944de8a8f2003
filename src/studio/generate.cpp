#include "studio/generate.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/name_claim.h"
#include "base/pipeline.h"
#include "image/resize.h"
#include "studio/ai_label.h"
#include "studio/fit_text.h"
#include "studio/originals.h"
#include "studio/output_name.h"
#include "studio/progress_relay.h"
#include "studio/resume_folder.h"

namespace stillreel::studio {
namespace {

constexpr int kEncoderThreads = 2;
constexpr int kLookahead = 10;
// Frames between the drawing and the encoding thread: one being drawn, one being encoded, one waiting.
constexpr int kSlots = 3;

Backend backend_of(const ResolvedClip& clip, media::Format format) {
    Backend backend;
    backend.cpu = cpu_level();
    if (format == media::Format::mp4) {
        backend.encoder = "libx264";
        backend.encoder_threads = kEncoderThreads;
        backend.encoder_preset = clip.encoder_preset;
        backend.crf = clip.crf;
        backend.lookahead = kLookahead;
    }
    return backend;
}

Recipe recipe_of(const ClipRequest& request, const ClipPlan& plan, const Originals& originals,
                 media::Format format) {
    Recipe recipe;
    recipe.version = version();
    recipe.spec = request.spec;
    recipe.spec.picture = request.picture.name;
    recipe.spec.depth = request.depth ? request.depth->name : "";
    recipe.spec.mask = request.mask ? request.mask->name : "";
    if (!recipe.spec.camera.empty()) recipe.spec.camera = prompt::to_json(plan.path);
    recipe.engine = plan.engine;
    recipe.picture = originals.picture.record;
    if (originals.depth) recipe.depth = originals.depth->record;
    if (originals.mask) recipe.mask = originals.mask->record;
    recipe.frame = plan.clip.frame;
    recipe.fps = plan.clip.fps;
    recipe.frames = plan.clip.frames;
    recipe.steps = plan.clip.steps;
    recipe.guidance = plan.clip.guidance;
    recipe.fitted = plan.fitted;
    if (!plan.fitted.empty()) pin(recipe.spec, *plan.fit->first_fitting());
    recipe.backend = backend_of(plan.clip, format);
    return recipe;
}

void set_seed(std::uint64_t seed, ClipPlan& plan, Recipe& recipe) {
    plan.clip.seed = seed;
    recipe.seed = seed;
    recipe.spec.seed = seed;
}

media::VideoSettings settings_of(const ResolvedClip& clip, const Recipe& recipe) {
    media::VideoSettings settings;
    settings.width_px = clip.frame.width_px;
    settings.height_px = clip.frame.height_px;
    settings.fps = clip.fps;
    settings.crf = clip.crf;
    settings.preset = clip.encoder_preset;
    settings.lookahead = kLookahead;
    settings.encoder_threads = kEncoderThreads;
    if (const std::string comment = comment_of(recipe); !comment.empty()) settings.tags["comment"] = comment;
    if (const std::string label = aigc_of(recipe); !label.empty()) settings.tags["AIGC"] = label;
    return settings;
}

ClipInputs inputs_of(const ClipRequest& request, const ClipPlan& plan, const Originals& originals,
                     const Engine& engine, const RunOptions& run) {
    ClipInputs inputs;
    image::ReadOptions options;
    if (request.spec.background) options.background = *request.spec.background;
    if (engine.reads_motion()) {
        options.at_least = animatic::wanted_picture_size(plan.picture, plan.clip.frame, request.spec.fit);
        if (request.depth) inputs.depth = image::read_map(request.depth->path, image::MapSource::grey);
        if (request.mask)
            inputs.subject = image::read_map(request.mask->path, image::MapSource::alpha_or_grey);
    }
    inputs.picture = image::decode_picture(originals.picture.bytes, request.picture.name, options);
    inputs.plan = plan.plan;
    inputs.path = plan.path;
    inputs.threads = run.threads;
    inputs.debug_folder = run.debug_folder;
    inputs.packed_cache = run.packed_cache;
    return inputs;
}

/// Claims the name under which the clip will be written, before any time is spent on frames. Nothing for a
/// sequence: its pictures are many names.
std::optional<NameClaim> claim_name(const RunOptions& run) {
    if (run.output.empty())
        return claim_fresh_name(run.outputs, local_time_stamp(std::chrono::system_clock::now()));
    if (format_for(run) == media::Format::png_sequence) return std::nullopt;
    auto claim = NameClaim::take(run.output);
    if (!claim)
        throw Error(ErrorCode::busy,
                    fmt::format("{} is being written by another stillreel: wait for it or choose "
                                "another name",
                                run.output.string()));
    return claim;
}

/// Holds the place where the steps of this clip are kept, and takes over the seed of an earlier try. Nothing
/// for an engine that needs none. That it cannot is no reason not to make the clip.
std::optional<ResumeFolder> hold_steps(const ClipRequest& request, const RunOptions& run, ClipPlan& plan,
                                       Recipe& recipe, const Observer& observer) {
    if (plan.clip.steps == 0 || run.cache.empty() || run.resume == Resume::no) return std::nullopt;
    try {
        auto folder =
            ResumeFolder::claim(run.cache, resume_fingerprint(recipe, request.spec.seed), plan.clip.seed);
        set_seed(folder.seed(), plan, recipe);
        return folder;
    } catch (const Error& error) {
        if (observer.note)
            observer.note(
                fmt::format("the steps are not kept, an interrupted clip begins anew: {}", error.what()));
        return std::nullopt;
    }
}

WorkHooks hooks_of(const RunOptions& run, const ClipPlan& plan, const Observer& observer,
                   ProgressRelay& progress, const CancelFlag* cancel) {
    WorkHooks hooks;
    hooks.progress = [&progress](const StageProgress& event) { progress.stage(event); };
    hooks.note = observer.note;
    hooks.cancel = cancel;
    if (run.preview.empty() && !observer.pictured) return hooks;
    hooks.preview = [&](int step, const image::Image& small) {
        const image::Image picture = image::resize(small, plan.clip.frame, image::Filter::bilinear);
        if (observer.pictured) observer.pictured(picture);
        if (run.preview.empty()) return;
        image::write_png(run.preview, picture);
        if (observer.previewed) observer.previewed({run.preview, step});
    };
    return hooks;
}

/// Runs the generator up to its first frame. Returns the steps that were done when it was stopped and what it
/// had come to is kept. `resumes`: whether the steps wait for another try.
std::optional<int> prepare(Generator& generator, const RunOptions& run, WorkHooks hooks,
                           const ProgressRelay& progress, Resume resumes) {
    try {
        generator.prepare(hooks);
        return std::nullopt;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::cancelled) throw;
        if (run.on_cancel == OnCancel::keep_partial || (run.keeps_partial && run.keeps_partial())) {
            hooks.cancel = nullptr;
            if (const std::optional<int> kept = generator.keep_partial(hooks)) return kept;
        }
        if (progress.now().step == 0 || resumes == Resume::no) throw;
        throw Error(ErrorCode::cancelled,
                    fmt::format("cancelled after step {} of {}: the same command goes on from there",
                                progress.now().step, progress.now().steps));
    }
}

void write_frames(Generator& generator, media::VideoWriter& writer, const ClipSpec& spec,
                  const ResolvedClip& clip, ProgressRelay& progress, const Observer& observer,
                  const CancelFlag& cancel) {
    std::optional<VisibleLabel> label;
    if (spec.ai_label == AiLabel::visible) label.emplace(clip.frame, label_language(spec));
    const int labelled = label ? labelled_frames(clip.fps, clip.frames) : 0;
    std::vector<image::Image> frames(kSlots);
    const auto draw = [&](int number, int slot) {
        cancel.throw_if_requested();
        generator.render(number, frames[slot]);
        STILLREEL_CHECK(frames[slot].size() == clip.frame && frames[slot].channels == 4);
        if (number < labelled) label->draw(frames[slot]);
        if (observer.pictured) observer.pictured(frames[slot]);
    };
    const auto encode = [&](int number, int slot) {
        cancel.throw_if_requested();
        const image::Image& frame = frames[slot];
        writer.write({frame.pixels.data(), frame.width_px, frame.height_px,
                      static_cast<std::ptrdiff_t>(frame.stride())});
        progress.wrote(number);
    };
    overlap(clip.frames, kSlots, draw, encode);
}

/// Gives the clip its name. A fresh name that was taken meanwhile is exchanged for the next one.
fs::path place(media::VideoWriter& writer, const RunOptions& run, const fs::path& target) {
    using Existing = media::VideoWriter::Existing;
    if (!run.output.empty()) {
        if (writer.finish(run.on_existing == OnExisting::replace ? Existing::replace : Existing::keep))
            return target;
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("{} appeared while the clip was made, and is left as it is", target.string()));
    }
    if (writer.finish(Existing::keep)) return target;
    for (;;) {
        const NameClaim next =
            claim_fresh_name(run.outputs, local_time_stamp(std::chrono::system_clock::now()));
        const fs::path again = run.outputs / next.target().filename();
        if (writer.finish_as(again, Existing::keep)) return again;
    }
}

std::uint64_t bytes_of(const fs::path& output, int frames) {
    std::uint64_t bytes = 0;
    std::error_code failed;
    const bool sequence = media::format_of(output) == media::Format::png_sequence;
    for (int number = 0; number < (sequence ? frames : 1); ++number) {
        const auto size = fs::file_size(file_of_frame(output, number), failed);
        if (!failed) bytes += size;
    }
    return bytes;
}

void tell_notes(const ClipPlan& plan, const Generator& generator, const Observer& observer) {
    if (!observer.note) return;
    for (const std::string& line : plan.notes) observer.note(line);
    for (const std::string& line : generator.notes()) observer.note(line);
}

}  // namespace

ClipRequest request_of(const ClipSpec& spec) {
    const auto source = [](const std::string& path) {
        return Source{path, fs::path(path).filename().string()};
    };
    ClipRequest request{spec, source(spec.picture), {}, {}};
    if (!spec.depth.empty()) request.depth = source(spec.depth);
    if (!spec.mask.empty()) request.mask = source(spec.mask);
    return request;
}

MadeClip generate(const ClipRequest& request, const RunOptions& run, const EngineRegistry& engines,
                  const Observer& observer, const CancelFlag& cancel) {
    const Stopwatch watch;
    const Engine& engine = engines.find(request.spec.engine);
    ClipPlan plan = plan_clip(request, run, engines);
    if (!plan.fits()) throw Error(ErrorCode::out_of_memory, refusal(*plan.fit));
    const Originals originals = read_originals(request);
    Recipe recipe = recipe_of(request, plan, originals, format_for(run));
    recipe.job = run.job;
    recipe.model = engine.model(request.spec, run.cache, cancel);
    if (recipe.model) recipe.spec.model = recipe.model->name;
    set_seed(plan.clip.seed, plan, recipe);
    std::optional<ResumeFolder> steps = hold_steps(request, run, plan, recipe, observer);
    cancel.throw_if_requested();

    ClipInputs inputs = inputs_of(request, plan, originals, engine, run);
    if (steps) inputs.scratch = steps->path();
    auto generator = engine.open(request.spec, plan.clip, std::move(inputs));
    cancel.throw_if_requested();

    const std::optional<NameClaim> claim = claim_name(run);
    const fs::path target = run.output.empty() ? run.outputs / claim->target().filename() : run.output;
    if (observer.started) observer.started({file_of_frame(target, 0), plan});
    tell_notes(plan, *generator, observer);

    ProgressRelay progress(observer, plan.clip.frames);
    MadeClip made;
    made.partial_steps = prepare(*generator, run, hooks_of(run, plan, observer, progress, &cancel), progress,
                                 steps ? Resume::yes : Resume::no);
    recipe.partial_steps = made.partial_steps;
    if (!run.debug_folder.empty()) generator->write_debug(run.debug_folder);
    media::VideoWriter writer = media::VideoWriter::open(target, settings_of(plan.clip, recipe));
    // A clip that is kept is written to its end: the flag is raised already.
    const CancelFlag unheeded;
    write_frames(*generator, writer, request.spec, plan.clip, progress, observer,
                 made.partial_steps ? unheeded : cancel);
    const fs::path placed = place(writer, run, target);
    if (steps && !made.partial_steps) steps->finish();
    keep_originals(originals, run.uploads, observer);
    made.output = file_of_frame(placed, 0);
    made.frames = plan.clip.frames;
    made.seconds = watch.seconds();
    made.bytes = bytes_of(placed, made.frames);
    made.seed = plan.clip.seed;
    return made;
}

}  // namespace stillreel::studio
