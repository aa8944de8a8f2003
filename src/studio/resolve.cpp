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

int nearest_even(double px) { return 2 * static_cast<int>(std::lround(px / 2)); }

image::Size wanted_size(const ClipSpec& spec, double aspect) {
    if (spec.width && spec.height) return {*spec.width, *spec.height};
    if (spec.width) return {*spec.width, nearest_even(*spec.width / aspect)};
    if (spec.height) return {nearest_even(*spec.height * aspect), *spec.height};
    int short_side = kDefaultShortSidePx;
    if (!spec.preset.empty()) short_side = find_preset(spec.preset).size_px;
    if (spec.size) short_side = *spec.size;
    return aspect >= 1 ? image::Size{nearest_even(short_side * aspect), short_side}
                       : image::Size{short_side, nearest_even(short_side / aspect)};
}

image::Size resolve_size(const ClipSpec& spec, image::Size picture, EvenSize even,
                         std::vector<std::string>& notes) {
    const double aspect =
        spec.aspect ? spec.aspect->value() : static_cast<double>(picture.width_px) / picture.height_px;
    image::Size frame = wanted_size(spec, aspect);
    for (const int side : {frame.width_px, frame.height_px})
        if (side < kMinSidePx || side > kMaxSidePx)
            throw Error(
                ErrorCode::invalid_argument,
                fmt::format("the frame would have {}x{} pixels; each side must have {} to {}: choose another "
                            "size or aspect",
                            frame.width_px, frame.height_px, kMinSidePx, kMaxSidePx));
    if (even == EvenSize::needed && (frame.width_px % 2 || frame.height_px % 2)) {
        const image::Size asked = frame;
        frame = {frame.width_px / 2 * 2, frame.height_px / 2 * 2};
        notes.push_back(fmt::format("video needs even sizes: {}x{} instead of {}x{}", frame.width_px,
                                    frame.height_px, asked.width_px, asked.height_px));
    }
    return frame;
}

int resolve_frames(const ClipSpec& spec, const Rational& fps) {
    if (spec.frames) return *spec.frames;
    double duration_s = kDefaultDuration_s;
    if (!spec.preset.empty()) duration_s = find_preset(spec.preset).duration_s();
    if (spec.duration) duration_s = *spec.duration;
    const double frames = std::max(1.0, std::round(duration_s * fps.value()));
    if (frames > kMaxFrames)
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("duration {} s at {} frames/s is {:.0f} frames; at most {} are made in one clip",
                        duration_s, to_string(fps), frames, kMaxFrames));
    return static_cast<int>(frames);
}

void note_unused(const ClipSpec& spec, std::vector<std::string>& notes) {
    std::string unused;
    const auto add = [&](const char* name) { unused += (unused.empty() ? "" : ", ") + std::string(name); };
    if (!spec.negative_prompt.empty()) add("negative_prompt");
    if (spec.steps) add("steps");
    if (spec.guidance) add("guidance");
    if (!unused.empty()) notes.push_back("not used by the animatic engine: " + unused);
}

}  // namespace

ResolvedClip resolve(const ClipSpec& spec, image::Size picture, EvenSize even) {
    ResolvedClip clip;
    clip.frame = resolve_size(spec, picture, even, clip.notes);
    clip.fps = spec.fps.value_or(Rational{24, 1});
    clip.frames = resolve_frames(spec, clip.fps);
    // 32 bits are easy to copy and read aloud.
    clip.seed = spec.seed.value_or(fresh_seed() & 0xffffffffu);
    clip.crf = spec.crf.value_or(18);
    clip.encoder_preset = spec.quality == Quality::high ? "medium" : "veryfast";
    note_unused(spec, clip.notes);
    const double enlarged = std::max(static_cast<double>(clip.frame.width_px) / picture.width_px,
                                     static_cast<double>(clip.frame.height_px) / picture.height_px);
    if (enlarged > 1.25)
        clip.notes.push_back(fmt::format(
            "the picture has {}x{} pixels and is enlarged {:.1f} times for {}x{}", picture.width_px,
            picture.height_px, enlarged, clip.frame.width_px, clip.frame.height_px));
    return clip;
}

}  // namespace stillreel::studio
