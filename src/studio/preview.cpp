#include "studio/preview.h"

#include <algorithm>
#include <cmath>

#include "studio/resolve.h"

namespace stillreel::studio {
namespace {

constexpr int kFewFrames = 97, kMostFrames = 480;
constexpr double kLowestFps = 8;
constexpr int kCrf = 24;

const Engine& engine_named(const std::string& name, const EngineRegistry& engines) {
    for (const auto& engine : engines.all())
        if (engine->name() == name) return *engine;
    return engines.find(name);
}

int even(double px) { return std::max(kMinSidePx, 2 * static_cast<int>(std::lround(px / 2))); }

image::Size small(image::Size frame) {
    const double scale = static_cast<double>(kPreviewSidePx) / std::max(frame.width_px, frame.height_px);
    return {even(frame.width_px * scale), even(frame.height_px * scale)};
}

/// Few enough to be drawn in a second, and as many as a move needs to look like one.
int preview_frames(const ResolvedClip& clip) {
    const int slow = static_cast<int>(std::lround(kLowestFps * clip.duration_s()));
    return std::min({clip.frames, std::max(kFewFrames, slow), kMostFrames});
}

}  // namespace

ClipSpec preview_of(const ClipSpec& spec, image::Size picture, const EngineRegistry& engines) {
    // A model's own step of sizes is known only where its files are, and does not show at this size.
    const ResolvedClip clip = engine_named(spec.engine, engines).reads_motion()
                                  ? resolve(spec, picture, EvenSize::any)
                                  : resolve_diffusion(spec, picture, 2);
    const image::Size frame = small(clip.frame);
    const int frames = preview_frames(clip);
    ClipSpec preview;
    preview.picture = spec.picture;
    preview.prompt = spec.prompt;
    preview.engine = "animatic";
    preview.width = frame.width_px;
    preview.height = frame.height_px;
    preview.frames = frames;
    // As long as the clip, to a thousandth.
    preview.fps = frames == clip.frames
                      ? clip.fps
                      : make_rational(1000LL * frames, std::max(1LL, std::llround(1000 * clip.duration_s())));
    preview.seed = spec.seed;
    preview.camera = spec.camera;
    preview.depth = spec.depth;
    preview.mask = spec.mask;
    preview.fit = spec.fit;
    preview.background = spec.background;
    preview.focus = spec.focus;
    preview.loop = spec.loop;
    preview.crf = kCrf;
    preview.recipe = RecipeMode::none;
    preview.allow_flashing = spec.allow_flashing;
    return preview;
}

}  // namespace stillreel::studio
