#include "studio/generate.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/name_claim.h"
#include "base/pipeline.h"
#include "studio/ai_label.h"
#include "studio/output_name.h"
#include "studio/uploads.h"

namespace stillreel::studio {
namespace {

constexpr std::uint64_t kMaxPictureBytes = 512u << 20;
constexpr std::uint64_t kMaxCameraBytes = 1u << 20;
// Of a map's aspect against the picture's.
constexpr double kShapeTolerance = 0.02;
constexpr int kEncoderThreads = 2;
constexpr int kLookahead = 10;
// Frames between the drawing and the encoding thread: one being drawn, one being encoded, one waiting.
constexpr int kSlots = 3;

media::Format format_for(const RunOptions& run) {
    return run.output.empty() ? media::Format::mp4 : media::format_of(run.output);
}

/// A file's bytes with their digest, as the recipe and the store of originals need them.
struct Original {
    FileRecord record;
    std::string extension;
    std::vector<std::uint8_t> bytes;
};

Original read_original(const Source& source) {
    const image::PictureFacts facts = image::probe_picture(source.path);
    Original original;
    original.bytes = read_file(source.path, kMaxPictureBytes);
    original.record.name = source.name;
    original.record.sha256 =
        sha256_hex({reinterpret_cast<const char*>(original.bytes.data()), original.bytes.size()});
    original.record.size = facts.size;
    switch (facts.format) {
        case image::FileFormat::jpeg:
            original.extension = "jpg";
            break;
        case image::FileFormat::png:
            original.extension = "png";
            break;
        case image::FileFormat::webp:
            original.extension = "webp";
            break;
    }
    return original;
}

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

/// A map must show the whole picture. Said before anything is decoded, in the sizes of the files.
void check_shape(const char* what, const std::optional<Source>& map, const Source& picture,
                 image::Size size) {
    if (!map) return;
    const image::Size found = image::probe_picture(map->path).size;
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

Recipe recipe_of(const ClipRequest& request, const ClipPlan& plan, media::Format format) {
    Recipe recipe;
    recipe.version = version();
    recipe.spec = request.spec;
    recipe.spec.seed = plan.clip.seed;
    recipe.spec.picture = request.picture.name;
    recipe.spec.depth = request.depth ? request.depth->name : "";
    recipe.spec.mask = request.mask ? request.mask->name : "";
    if (!recipe.spec.camera.empty()) recipe.spec.camera = prompt::to_json(plan.path);
    recipe.engine = plan.engine;
    recipe.frame = plan.clip.frame;
    recipe.fps = plan.clip.fps;
    recipe.frames = plan.clip.frames;
    recipe.seed = plan.clip.seed;
    recipe.backend.cpu = cpu_level();
    if (format == media::Format::mp4) {
        recipe.backend.encoder = "libx264";
        recipe.backend.encoder_threads = kEncoderThreads;
        recipe.backend.encoder_preset = plan.clip.encoder_preset;
        recipe.backend.crf = plan.clip.crf;
        recipe.backend.lookahead = kLookahead;
    }
    return recipe;
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

/// The originals of one clip, read once: decoded from memory, and kept at the end.
struct Originals {
    Original picture;
    std::optional<Original> depth;
    std::optional<Original> mask;

    std::vector<const Original*> all() const {
        std::vector<const Original*> list{&picture};
        if (depth) list.push_back(&*depth);
        if (mask) list.push_back(&*mask);
        return list;
    }
};

Originals read_originals(const ClipRequest& request) {
    Originals originals;
    originals.picture = read_original(request.picture);
    if (request.depth) originals.depth = read_original(*request.depth);
    if (request.mask) originals.mask = read_original(*request.mask);
    return originals;
}

ClipInputs inputs_of(const ClipRequest& request, const ClipPlan& plan, const Originals& originals,
                     int threads) {
    ClipInputs inputs;
    image::ReadOptions options;
    options.at_least = animatic::wanted_picture_size(plan.picture, plan.clip.frame, request.spec.fit);
    if (request.spec.background) options.background = *request.spec.background;
    inputs.picture = image::decode_picture(originals.picture.bytes, request.picture.name, options);
    if (request.depth) inputs.depth = image::read_map(request.depth->path, image::MapSource::grey);
    if (request.mask) inputs.subject = image::read_map(request.mask->path, image::MapSource::alpha_or_grey);
    inputs.plan = plan.plan;
    inputs.path = plan.path;
    inputs.threads = threads;
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

class ProgressMeter {
  public:
    ProgressMeter(const Observer& observer, int frames) : observer_(observer), frames_(frames) {}

    void wrote(int number) const {
        if (!observer_.progress) return;
        const int done = number + 1;
        const double rate = done / std::max(1e-6, watch_.seconds());
        observer_.progress({done, frames_, rate, (frames_ - done) / rate});
    }

  private:
    const Observer& observer_;
    int frames_;
    Stopwatch watch_;
};

void write_frames(Generator& generator, media::VideoWriter& writer, const ClipSpec& spec,
                  const ResolvedClip& clip, const Observer& observer, const CancelFlag& cancel) {
    std::optional<VisibleLabel> label;
    if (spec.ai_label == AiLabel::visible) label.emplace(clip.frame, label_language(spec));
    const int labelled = label ? labelled_frames(clip.fps, clip.frames) : 0;
    const ProgressMeter meter(observer, clip.frames);
    std::vector<image::Image> frames(kSlots);
    const auto draw = [&](int number, int slot) {
        cancel.throw_if_requested();
        generator.render(number, frames[slot]);
        STILLREEL_CHECK(frames[slot].size() == clip.frame && frames[slot].channels == 4);
        if (number < labelled) label->draw(frames[slot]);
    };
    const auto encode = [&](int number, int slot) {
        cancel.throw_if_requested();
        const image::Image& frame = frames[slot];
        writer.write({frame.pixels.data(), frame.width_px, frame.height_px,
                      static_cast<std::ptrdiff_t>(frame.stride())});
        meter.wrote(number);
    };
    overlap(clip.frames, kSlots, draw, encode);
}

/// Copies the originals beside the data of stillreel. That it cannot is no reason to lose the clip.
void keep_originals(const Originals& originals, const fs::path& uploads, const Observer& observer) {
    if (uploads.empty()) return;
    try {
        for (const Original* original : originals.all())
            UploadStore(uploads).keep(original->record.sha256, original->extension, original->bytes);
    } catch (const Error& error) {
        if (observer.note)
            observer.note(
                fmt::format("the original is not kept ({}): to repeat this clip its picture must be given",
                            error.what()));
    }
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

ClipPlan plan_clip(const ClipRequest& request, const RunOptions& run, const EngineRegistry& engines) {
    const media::Format format = format_for(run);
    ClipPlan plan;
    plan.engine = engines.find(request.spec.engine).name();
    plan.picture = image::probe_picture(request.picture.path).size;
    check_shape("depth map", request.depth, request.picture, plan.picture);
    check_shape("mask", request.mask, request.picture, plan.picture);
    plan.clip = resolve(request.spec, plan.picture,
                        media::needs_even_size(format) ? EvenSize::needed : EvenSize::any);
    // After the length is known: words such as "after 2 seconds" are parts of it.
    plan.plan = prompt::parse_prompt(request.spec.prompt, plan.clip.duration_s());
    const double aspect = static_cast<double>(plan.clip.frame.width_px) / plan.clip.frame.height_px;
    // A loop plays the move there and back: half the time each way keeps the rates that the words ask for.
    const double way_s = plan.clip.duration_s() / (request.spec.loop == animatic::Loop::none ? 1 : 2);
    plan.path = request.spec.camera.empty()
                    ? prompt::compile_camera(plan.plan, {way_s, aspect, prompt::kDefaultFocalMm})
                    : read_camera(request.spec.camera);
    plan.output = run.output;
    plan.estimate = estimate(plan.clip, format, run.threads);
    plan.notes = plan.plan.notes;
    for (const prompt::NotRendered& action : plan.plan.not_rendered)
        plan.notes.push_back(fmt::format("not shown: \"{}\": {}", action.text, action.reason));
    plan.notes.insert(plan.notes.end(), plan.clip.notes.begin(), plan.clip.notes.end());
    check_output(run, plan.estimate);
    return plan;
}

MadeClip generate(const ClipRequest& request, const RunOptions& run, const EngineRegistry& engines,
                  const Observer& observer, const CancelFlag& cancel) {
    const Stopwatch watch;
    const ClipPlan plan = plan_clip(request, run, engines);
    const Originals originals = read_originals(request);
    cancel.throw_if_requested();
    auto generator = engines.find(request.spec.engine)
                         .open(request.spec, plan.clip, inputs_of(request, plan, originals, run.threads));
    cancel.throw_if_requested();
    if (!run.debug_folder.empty()) generator->write_debug(run.debug_folder);

    Recipe recipe = recipe_of(request, plan, format_for(run));
    recipe.picture = originals.picture.record;
    if (originals.depth) recipe.depth = originals.depth->record;
    if (originals.mask) recipe.mask = originals.mask->record;

    const std::optional<NameClaim> claim = claim_name(run);
    const fs::path target = run.output.empty() ? run.outputs / claim->target().filename() : run.output;
    if (observer.started) observer.started({file_of_frame(target, 0), plan});
    if (observer.note) {
        for (const std::string& line : plan.notes) observer.note(line);
        for (const std::string& line : generator->notes()) observer.note(line);
    }
    media::VideoWriter writer = media::VideoWriter::open(target, settings_of(plan.clip, recipe));
    write_frames(*generator, writer, request.spec, plan.clip, observer, cancel);
    MadeClip made;
    const fs::path placed = place(writer, run, target);
    made.output = file_of_frame(placed, 0);
    keep_originals(originals, run.uploads, observer);
    made.frames = plan.clip.frames;
    made.seconds = watch.seconds();
    made.bytes = bytes_of(placed, made.frames);
    made.seed = plan.clip.seed;
    return made;
}

}  // namespace stillreel::studio
