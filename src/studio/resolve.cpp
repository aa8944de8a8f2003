#include "studio/resolve.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "studio/presets.h"

namespace stillreel::studio {
namespace {

constexpr int kDefaultShortSidePx = 720;
constexpr double kDefaultDuration_s = 4;

const std::vector<std::string_view> kDiffusionFields = {"negative_prompt", "model",
                                                        "variant",         "steps",
                                                        "guidance",        "guidance_rescale",
                                                        "scheduler",       "eta",
                                                        "image_latent",    "clip_skip",
                                                        "low_memory",      "precision",
                                                        "speed",           "cache_interval",
                                                        "cache_branch",    "guidance_start",
                                                        "guidance_end",    "guidance_interval",
                                                        "merge_tokens",    "auto_fit"};
const std::vector<std::string_view> kAnimaticFields = {"camera",     "depth", "mask", "fit",
                                                       "background", "focus", "loop", "allow_flashing"};

int nearest_multiple(double px, int step) { return step * static_cast<int>(std::lround(px / step)); }

/// Sides that follow from others are multiples of `step_px`.
image::Size wanted_size(const ClipSpec& spec, double aspect, int short_side, int step_px) {
    const auto side = [&](double px) { return nearest_multiple(px, step_px); };
    if (spec.width && spec.height) return {*spec.width, *spec.height};
    if (spec.width) return {*spec.width, side(*spec.width / aspect)};
    if (spec.height) return {side(*spec.height * aspect), *spec.height};
    if (spec.size) short_side = *spec.size;
    return aspect >= 1 ? image::Size{side(short_side * aspect), short_side}
                       : image::Size{short_side, side(short_side / aspect)};
}

double wanted_aspect(const ClipSpec& spec, image::Size picture) {
    return spec.aspect ? spec.aspect->value() : static_cast<double>(picture.width_px) / picture.height_px;
}

void check_sides(image::Size frame) {
    for (const int side : {frame.width_px, frame.height_px})
        if (side < kMinSidePx || side > kMaxSidePx)
            throw Error(
                ErrorCode::invalid_argument,
                fmt::format("the frame would have {}x{} pixels; each side must have {} to {}: choose another "
                            "size or aspect",
                            frame.width_px, frame.height_px, kMinSidePx, kMaxSidePx));
}

image::Size resolve_size(const ClipSpec& spec, image::Size picture, EvenSize even,
                         std::vector<std::string>& notes) {
    const int short_side = spec.preset.empty() ? kDefaultShortSidePx : find_preset(spec.preset).size_px;
    image::Size frame = wanted_size(spec, wanted_aspect(spec, picture), short_side, 2);
    check_sides(frame);
    if (even == EvenSize::needed && (frame.width_px % 2 || frame.height_px % 2)) {
        const image::Size asked = frame;
        frame = {frame.width_px / 2 * 2, frame.height_px / 2 * 2};
        notes.push_back(fmt::format("video needs even sizes: {}x{} instead of {}x{}", frame.width_px,
                                    frame.height_px, asked.width_px, asked.height_px));
    }
    return frame;
}

image::Size resolve_model_size(const ClipSpec& spec, image::Size picture, int short_side, int step_px,
                               std::vector<std::string>& notes) {
    const image::Size asked = wanted_size(spec, wanted_aspect(spec, picture), short_side, 1);
    const image::Size frame{std::max(step_px, nearest_multiple(asked.width_px, step_px)),
                            std::max(step_px, nearest_multiple(asked.height_px, step_px))};
    check_sides(frame);
    if (frame != asked)
        notes.push_back(fmt::format("the model needs sides that are multiples of {}: {}x{} instead of {}x{}",
                                    step_px, frame.width_px, frame.height_px, asked.width_px,
                                    asked.height_px));
    return frame;
}

int frames_in(double duration_s, const Rational& fps) {
    const double frames = std::max(1.0, std::round(duration_s * fps.value()));
    if (frames > kMaxFrames)
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("duration {} s at {} frames/s is {:.0f} frames; at most {} are made in one clip",
                        duration_s, to_string(fps), frames, kMaxFrames));
    return static_cast<int>(frames);
}

int resolve_frames(const ClipSpec& spec, const Rational& fps) {
    if (spec.frames) return *spec.frames;
    if (spec.duration) return frames_in(*spec.duration, fps);
    return frames_in(spec.preset.empty() ? kDefaultDuration_s : find_preset(spec.preset).duration_s(), fps);
}

/// "<lead>: a, b" of the fields in `fields` that differ from their defaults.
void note_unused(const ClipSpec& spec, const std::vector<std::string_view>& fields, const std::string& lead,
                 std::vector<std::string>& notes) {
    std::string unused;
    for (const std::string_view field : fields)
        if (!is_default(spec, field)) unused += (unused.empty() ? "" : ", ") + std::string(field);
    if (!unused.empty()) notes.push_back(lead + ": " + unused);
}

void note_enlarged(image::Size frame, image::Size picture, std::vector<std::string>& notes) {
    const double enlarged = std::max(static_cast<double>(frame.width_px) / picture.width_px,
                                     static_cast<double>(frame.height_px) / picture.height_px);
    if (enlarged > 1.25)
        notes.push_back(fmt::format("the picture has {}x{} pixels and is enlarged {:.1f} times for {}x{}",
                                    picture.width_px, picture.height_px, enlarged, frame.width_px,
                                    frame.height_px));
}

/// What every engine takes from the spec as it is.
ResolvedClip resolve_common(const ClipSpec& spec) {
    ResolvedClip clip;
    // 32 bits are easy to copy and read aloud.
    clip.seed = spec.seed.value_or(fresh_seed() & 0xffffffffu);
    clip.crf = spec.crf.value_or(18);
    clip.encoder_preset = spec.quality == Quality::high ? "medium" : "veryfast";
    return clip;
}

}  // namespace

ResolvedClip resolve(const ClipSpec& spec, image::Size picture, EvenSize even) {
    ResolvedClip clip = resolve_common(spec);
    clip.frame = resolve_size(spec, picture, even, clip.notes);
    clip.fps = spec.fps.value_or(Rational{24, 1});
    clip.frames = resolve_frames(spec, clip.fps);
    note_unused(spec, kDiffusionFields, "not used by the animatic engine", clip.notes);
    note_enlarged(clip.frame, picture, clip.notes);
    return clip;
}

ResolvedClip resolve_diffusion(const ClipSpec& spec, image::Size picture, int side_step_px) {
    const Preset& preset = find_preset(spec.preset.empty() ? "standard" : spec.preset);
    ResolvedClip clip = resolve_common(spec);
    clip.frame = resolve_model_size(spec, picture, preset.size_px, side_step_px, clip.notes);
    clip.fps = spec.fps.value_or(preset.fps);
    clip.frames = spec.frames     ? *spec.frames
                  : spec.duration ? frames_in(*spec.duration, clip.fps)
                                  : preset.frames;
    clip.steps = spec.steps.value_or(preset.steps);
    clip.guidance = spec.guidance.value_or(preset.guidance);
    if (spec.low_memory) clip.memory = diffusion::Memory::low;
    note_unused(
        spec, kAnimaticFields,
        "not used by the diffusion engine, which crops the picture at its centre and takes its motion "
        "from the prompt",
        clip.notes);
    note_enlarged(clip.frame, picture, clip.notes);
    return clip;
}

}  // namespace stillreel::studio
