#include "animatic/animatic.h"
#include "studio/generator.h"
#include "studio/i2vgen_engine.h"

namespace stillreel::studio {
namespace {

class AnimaticGenerator final : public Generator {
  public:
    explicit AnimaticGenerator(animatic::Animatic animatic) : animatic_(std::move(animatic)) {}
    void render(int number, image::Image& frame) override { animatic_.render(number, frame); }
    const std::vector<std::string>& notes() const override { return animatic_.notes(); }
    void write_debug(const std::filesystem::path& folder) const override { animatic_.write_debug(folder); }

  private:
    animatic::Animatic animatic_;
};

class AnimaticEngine final : public Engine {
  public:
    std::string name() const override { return "animatic"; }
    std::string purpose() const override {
        return "camera moves, weather and light over the picture, in seconds";
    }
    std::string unavailable() const override { return ""; }

    std::unique_ptr<Generator> open(const ClipSpec& spec, const ResolvedClip& clip,
                                    ClipInputs inputs) const override {
        animatic::Options options;
        options.frame = clip.frame;
        options.fps = clip.fps;
        options.frames = clip.frames;
        options.seed = clip.seed;
        options.fit = spec.fit;
        options.background = spec.background;
        options.focus = spec.focus;
        options.loop = spec.loop;
        options.allow_flashing = spec.allow_flashing;
        options.threads = inputs.threads;
        animatic::Inputs pictures{std::move(inputs.picture), std::move(inputs.depth),
                                  std::move(inputs.subject)};
        return std::make_unique<AnimaticGenerator>(
            animatic::Animatic::prepare(std::move(pictures), inputs.plan, inputs.path, options));
    }
};

}  // namespace

EngineRegistry standard_engines() {
    EngineRegistry registry;
    registry.add(std::make_unique<AnimaticEngine>());
    registry.add(i2vgen_engine());
    return registry;
}

}  // namespace stillreel::studio
