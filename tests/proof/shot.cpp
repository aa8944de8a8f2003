#include "proof/shot.h"

#include <utility>

namespace stillreel::testing {

animatic::Animatic shoot(animatic::Inputs inputs, const std::string& prompt, const Shot& shot) {
    const prompt::MotionPlan plan = prompt::parse_prompt(prompt);
    const prompt::PathTiming timing{shot.frames / shot.fps.value(),
                                    static_cast<double>(shot.frame.width_px) / shot.frame.height_px,
                                    prompt::kDefaultFocalMm};
    animatic::Options options;
    options.frame = shot.frame;
    options.fps = shot.fps;
    options.frames = shot.frames;
    options.seed = shot.seed;
    options.threads = shot.threads;
    return animatic::Animatic::prepare(std::move(inputs), plan, prompt::compile_camera(plan, timing),
                                       options);
}

animatic::Animatic shoot(const MadeScene& scene, const std::string& prompt, const Shot& shot) {
    return shoot(animatic::Inputs{scene.picture, scene.depth, scene.disc}, prompt, shot);
}

image::Image frame_of(animatic::Animatic& clip, int number) {
    image::Image frame;
    clip.render(number, frame);
    return frame;
}

}  // namespace stillreel::testing
