// What somebody asks for: one picture, a prompt and every knob. The same fields, spelt the same, are the
// recipe inside a clip, the options of the command line, config.toml and the requests of the REST service:
// docs/recipe.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "animatic/animatic.h"
#include "base/rational.h"
#include "diffusion/i2vgen_pipeline.h"
#include "image/picture_file.h"

namespace stillreel::studio {

constexpr int kMinSidePx = 16;
constexpr int kMaxSidePx = 4096;
constexpr int kMaxFrames = 10000;
constexpr int kMaxFps = 240;
/// Seeds stay exact in every JSON reader, JavaScript's included.
constexpr std::uint64_t kMaxSeed = (std::uint64_t{1} << 53) - 1;

/// Width over height as said: 16:9, 2.39:1.
struct Aspect {
    double width = 1;
    double height = 1;
    double value() const { return width / height; }
    friend bool operator==(const Aspect&, const Aspect&) = default;
};

enum class Quality { standard, high };
enum class RecipeMode { full, without_texts, none };  // in JSON: full, private, none

/// metadata: in the file only; visible: also burnt into the picture; none: neither.
enum class AiLabel { metadata, visible, none };
enum class LabelLanguage { from_prompt, zh, en };

/// Unset optionals and empty texts mean "the default", which resolve.h works out.
struct ClipSpec {
    std::string picture;  // a file on the command line, an asset id in the service
    std::string prompt;
    std::string negative_prompt;  // diffusion only
    std::string engine = "auto";
    std::string model;          // diffusion only: a name, or a folder; empty: i2vgen-xl
    std::string variant;        // diffusion only: of its weight files, "fp16"; empty: as they come
    std::string preset;         // preview, standard, high; empty: none
    std::optional<int> size;    // short side in px
    std::optional<int> width;   // px
    std::optional<int> height;  // px
    std::optional<Aspect> aspect;
    std::optional<int> frames;
    std::optional<double> duration;  // seconds
    std::optional<Rational> fps;
    std::optional<int> steps;        // diffusion only
    std::optional<double> guidance;  // diffusion only
    // Down to auto_fit diffusion only, as in diffusion/i2vgen_pipeline.h.
    std::optional<double> guidance_rescale;  // 0 to 1
    diffusion::SamplerKind scheduler = diffusion::SamplerKind::ddim;
    std::optional<double> eta;  // 0 to 1
    diffusion::ImageLatent image_latent = diffusion::ImageLatent::sample;
    std::optional<int> clip_skip;  // 0 to 23
    bool low_memory = false;
    tensor::Precision precision = tensor::Precision::f32;
    diffusion::Speed speed = diffusion::Speed::exact;
    std::optional<int> cache_interval;     // 1 to 1000; these six: else the speed's
    std::optional<int> cache_branch;       // 1 to 11
    std::optional<double> guidance_start;  // 0 to 1
    std::optional<double> guidance_end;    // 0 to 1
    std::optional<int> guidance_interval;  // 1 to 1000
    std::optional<double> merge_tokens;    // 0 to 0.75
    bool auto_fit = false;                 // take the first change that makes it fit into memory
    std::optional<std::uint64_t> seed;
    std::string camera;  // a file (an asset id), or the path's JSON itself, which begins with '{'
    std::string depth;   // a file (an asset id)
    std::string mask;    // a file (an asset id)
    animatic::Fit fit = animatic::Fit::cover;
    std::optional<image::Colour> background;    // none: a blurred copy of the picture
    std::optional<animatic::FocusPoint> focus;  // none: the subject
    animatic::Loop loop = animatic::Loop::none;
    Quality quality = Quality::standard;
    std::optional<int> crf;  // 0 to 51
    AiLabel ai_label = AiLabel::metadata;
    LabelLanguage label_language = LabelLanguage::from_prompt;
    RecipeMode recipe = RecipeMode::full;
    bool allow_flashing = false;
};

/// A JSON object of exactly the fields above. Throws invalid_argument naming the field that is unknown, of
/// the wrong type or out of range.
ClipSpec parse_clip_spec(std::string_view json);

/// Sets the fields of a JSON object in `spec` and leaves the others. A field that says the same thing in
/// another way gives way: `frames` clears `duration`, `size` clears `width` and `height`, and each the other
/// way round; `preset` clears all of size, length, steps and guidance. A field of null goes back to its
/// default. Errors as parse_clip_spec.
void merge(ClipSpec& spec, std::string_view json);

/// The fields that differ from the defaults, as one line of JSON.
std::string to_json(const ClipSpec& spec);

/// True when `name` is a field of the JSON.
bool is_field(std::string_view name);

/// True when the field of this name says nothing.
bool is_default(const ClipSpec& spec, std::string_view name);

/// "16:9", "2.39:1". Throws invalid_argument naming `aspect`; 1:10 to 10:1.
Aspect parse_aspect(std::string_view text);
std::string to_string(const Aspect& aspect);

std::string_view name_of(animatic::Fit fit);
std::string_view name_of(animatic::Loop loop);
std::string_view name_of(Quality quality);
std::string_view name_of(RecipeMode mode);
std::string_view name_of(diffusion::ImageLatent latent);
/// "visible:zh" and so on.
std::string label_name(AiLabel label, LabelLanguage language);

}  // namespace stillreel::studio
