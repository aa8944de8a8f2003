// How a clip was made, as JSON inside of the clip: docs/recipe.md. It never holds an absolute path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rational.h"
#include "image/image.h"
#include "studio/clip_spec.h"
#include "studio/model_record.h"

namespace stillreel::studio {

constexpr std::size_t kMaxRecipeBytes = 4u << 20;

/// A file that a clip was made from.
struct FileRecord {
    std::string name;    // base name; empty where it is withheld
    std::string sha256;  // lower-case hex
    image::Size size;    // px, upright; 0 where not known
};

/// What the frames' bits depend on besides the spec.
struct Backend {
    std::string cpu;      // feature level: "avx512", "avx2", "sse4", "baseline"
    std::string encoder;  // "libx264"; empty for formats without knobs
    int encoder_threads = 2;
    std::string encoder_preset;
    int crf = 18;
    int lookahead = 10;
    friend bool operator==(const Backend&, const Backend&) = default;
};

struct Recipe {
    std::string version;  // of stillreel
    ClipSpec spec;        // as asked for, with the seed that was drawn and the camera's path inlined
    std::string engine;   // the one that "auto" came to
    FileRecord picture;
    std::optional<FileRecord> depth;
    std::optional<FileRecord> mask;
    image::Size frame;
    Rational fps{24, 1};
    int frames = 0;
    std::uint64_t seed = 0;
    std::optional<ModelRecord> model;
    int steps = 0;  // of the denoising; 0: an engine without
    double guidance = 0;
    std::string fitted;                // what auto_fit changed, as options; empty: nothing
    std::optional<int> partial_steps;  // of a clip that was stopped: the steps that were done
    Backend backend;
    std::string job;                    // id of the job of the service that it was made for; empty: none
    std::vector<std::string> withheld;  // fields of the spec that a private recipe leaves out
};

/// The `comment` of a clip: the whole recipe; without prompts and names when spec.recipe says so; or, for
/// none, the AI label alone, and nothing when that is switched off too.
std::string comment_of(const Recipe& recipe);

/// The id of the job that a clip with this comment was made for, whatever spec.recipe left out; empty: none.
std::string job_of(std::string_view comment);

/// The value of the AIGC key, or nothing when the label is switched off.
std::string aigc_of(const Recipe& recipe);

/// A digest of all that the steps of a diffusion clip depend on. `seed`: as asked for; nothing when one is
/// drawn, so that the same request finds what it began.
std::string resume_fingerprint(const Recipe& recipe, std::optional<std::uint64_t> seed);

/// Throws corrupt_data: not a stillreel recipe, or one with a damaged field, which it names.
Recipe parse_recipe(std::string_view comment);

/// True when the text is JSON with a "stillreel" field: a recipe, whole or damaged.
bool looks_like_recipe(std::string_view comment);

std::string_view version();

/// Of the processor that this process runs on.
std::string cpu_level();

}  // namespace stillreel::studio
