#include "app/spec_options.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <nlohmann/json.hpp>

#include "app/usage_error.h"

namespace stillreel::app {
namespace {

enum class Kind { text, whole, number, flag };

struct Row {
    const char* names;
    const char* field;
    Kind kind;
    const char* value;
    const char* group;
    const char* help;
};

constexpr const char* kMotion = "What moves";
constexpr const char* kFrame = "Size and length";
constexpr const char* kLook = "Framing";
constexpr const char* kFile = "File";
constexpr const char* kDiffusion = "Diffusion (--engine i2vgen-xl)";

constexpr Row kRows[] = {
    {"-p,--prompt", "prompt", Kind::text, "TEXT", kMotion, "What should move, in English or Chinese"},
    {"--camera", "camera", Kind::text, "FILE", kMotion,
     "A camera path instead of the prompt's moves (docs/camera-path.md)"},
    {"--seed", "seed", Kind::whole, "N", kMotion,
     "Another seed gives other rain; the same one the same clip [a new one]"},
    {"--loop", "loop", Kind::text, "HOW", kMotion, "none, pingpong (forth and back) or seamless [none]"},
    {"--depth", "depth", Kind::text, "FILE", kMotion, "A depth map, white near [estimated]"},
    {"--mask", "mask", Kind::text, "FILE", kMotion, "The subject in white [estimated]"},
    {"--engine", "engine", Kind::text, "NAME", kMotion,
     "auto, animatic or i2vgen-xl (a diffusion model; takes long) [auto: animatic]"},
    {"--allow-flashing", "allow_flashing", Kind::flag, "", kMotion,
     "Lift the limit on flashing light (photosensitive viewers!)"},
    {"--preset", "preset", Kind::text, "NAME", kFrame, "preview, standard or high (stillreel presets)"},
    {"--size", "size", Kind::text, "N|WxH", kFrame, "Short side, or width and height, in pixels [720]"},
    {"--aspect", "aspect", Kind::text, "W:H", kFrame, "16:9, 9:16, 1:1, 2.39:1 ... [the picture's]"},
    {"--frames", "frames", Kind::whole, "N", kFrame, "Length in frames"},
    {"--duration", "duration", Kind::number, "S", kFrame, "Length in seconds [4]"},
    {"--fps", "fps", Kind::text, "R", kFrame, "Frames per second: 24, 29.97, 24000/1001 ... [24]"},
    {"--fit", "fit", Kind::text, "HOW", kLook, "cover (crop) or contain (show all of it) [cover]"},
    {"--background", "background", Kind::text, "COLOUR", kLook,
     "Behind a contained or transparent picture: blur or #RRGGBB [blur]"},
    {"--focus", "focus", Kind::text, "X,Y", kLook,
     "What the crop keeps, as fractions, or auto [auto: the subject]"},
    {"--quality", "quality", Kind::text, "LEVEL", kFile,
     "standard or high (smaller files, slower) [standard]"},
    {"--crf", "crf", Kind::whole, "N", kFile, "H.264 quality, 0 (best) to 51 [18]"},
    {"--recipe", "recipe", Kind::text, "MODE", kFile,
     "What the clip tells of its making: full, private or none [full]"},
    {"--ai-label", "ai_label", Kind::text, "HOW", kFile,
     "AI-content label: metadata, visible (also visible:zh, visible:en) or none [metadata]"},
    {"--model", "model", Kind::text, "NAME", kDiffusion,
     "A model by name (stillreel models list), or its folder [i2vgen-xl]"},
    {"--variant", "variant", Kind::text, "NAME", kDiffusion,
     "Of its weight files, such as fp16 [as they come]"},
    {"--negative-prompt", "negative_prompt", Kind::text, "TEXT", kDiffusion, "What should not be seen"},
    {"--steps", "steps", Kind::whole, "N", kDiffusion, "Of the denoising: more is finer and slower [50]"},
    {"--guidance", "guidance", Kind::number, "G", kDiffusion,
     "How closely to follow the prompt; 1: not at all, in half the time [9]"},
    {"--guidance-rescale", "guidance_rescale", Kind::number, "R", kDiffusion,
     "0 to 1: tames strong guidance's contrast [0]"},
    {"--scheduler", "scheduler", Kind::text, "NAME", kDiffusion, "ddim, dpmpp-2m, unipc or euler [ddim]"},
    {"--eta", "eta", Kind::number, "E", kDiffusion, "0 to 1: fresh noise at each step of ddim [0]"},
    {"--image-latent", "image_latent", Kind::text, "HOW", kDiffusion,
     "The picture's latent: sample or mode [sample]"},
    {"--clip-skip", "clip_skip", Kind::whole, "N", kDiffusion,
     "Layers of the text encoder to leave out at its end [1]"},
    {"--low-memory", "low_memory", Kind::flag, "", kDiffusion, "Less memory, a little more time"},
    {"--precision", "precision", Kind::text, "TYPE", kDiffusion,
     "Of the UNet's products: f32; bf16, nearly twice as fast in half the memory and almost the same where "
     "the processor has AVX512-BF16; or int8, more than twice as fast in a third of the memory and a little "
     "off [f32]"},
    {"--speed", "speed", Kind::text, "HOW", kDiffusion,
     "exact, fast or draft: shortcuts through the denoising that change the clip [exact]"},
    {"--cache-interval", "cache_interval", Kind::whole, "N", kDiffusion,
     "Work the UNet's inner layers out at every Nth step only [1, or the speed's]"},
    {"--cache-branch", "cache_branch", Kind::whole, "N", kDiffusion,
     "How many outer layers each way run at the other steps, 1 to 11 [1, or the speed's]"},
    {"--guidance-start", "guidance_start", Kind::number, "S", kDiffusion,
     "Fraction of the steps where guidance begins [0]"},
    {"--guidance-end", "guidance_end", Kind::number, "S", kDiffusion,
     "... and where it ends: the other steps take half the time [1, or the speed's]"},
    {"--guidance-interval", "guidance_interval", Kind::whole, "N", kDiffusion,
     "Run the negative prompt's half at every Nth guided step only [1, or the speed's]"},
    {"--merge-tokens", "merge_tokens", Kind::number, "SHARE", kDiffusion,
     "Merge so many of the UNet's tokens into others like them while they look at each other, up to 0.75: "
     "for "
     "large clips [0]"},
    {"--auto-fit", "auto_fit", Kind::flag, "", kDiffusion,
     "Where the memory is too small, make the largest clip that fits"},
};

template <class T>
bool parse(const std::string& text, T& out) {
    const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
    return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

std::string long_name(const Row& row) {
    const std::string names = row.names;
    return names.substr(names.find("--"));
}

nlohmann::json value_of(const Row& row, const std::string& text) {
    std::int64_t whole = 0;
    double number = 0;
    if (row.kind == Kind::text) return text;
    if (row.kind == Kind::flag) return true;
    if (row.kind == Kind::whole && parse(text, whole)) return whole;
    if (row.kind == Kind::number && parse(text, number)) return number;
    throw UsageError(fmt::format("{} must be a {}number, not \"{}\"", long_name(row),
                                 row.kind == Kind::whole ? "whole " : "", text.substr(0, 60)));
}

}  // namespace

void SpecOptions::add_to(CLI::App& command) {
    for (const Row& row : kRows) {
        if (row.kind == Kind::flag) {
            command
                .add_flag(
                    row.names, [this, &row](std::int64_t) { given_[row.field] = "true"; }, row.help)
                ->group(row.group);
            continue;
        }
        command
            .add_option_function<std::string>(
                row.names, [this, &row](const std::string& text) { given_[row.field] = text; }, row.help)
            ->type_name(row.value)
            ->group(row.group);
    }
}

std::string SpecOptions::to_json() const {
    nlohmann::json object = nlohmann::json::object();
    for (const Row& row : kRows)
        if (const auto found = given_.find(row.field); found != given_.end())
            object[row.field] = value_of(row, found->second);
    try {
        return object.dump();
    } catch (const nlohmann::json::type_error&) {
        throw UsageError("the prompt and other texts must be UTF-8");
    }
}

}  // namespace stillreel::app
