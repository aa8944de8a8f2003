#include "app/spec_options.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <nlohmann/json.hpp>

#include "app/usage_error.h"

namespace stillreel::app {
namespace {

enum class Kind { text, whole, number };

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

constexpr Row kRows[] = {
    {"-p,--prompt", "prompt", Kind::text, "TEXT", kMotion, "What should move, in English or Chinese"},
    {"--camera", "camera", Kind::text, "FILE", kMotion,
     "A camera path instead of the prompt's moves (docs/camera-path.md)"},
    {"--seed", "seed", Kind::whole, "N", kMotion,
     "Another seed gives other rain; the same one the same clip [a new one]"},
    {"--loop", "loop", Kind::text, "HOW", kMotion, "none, pingpong (forth and back) or seamless [none]"},
    {"--depth", "depth", Kind::text, "FILE", kMotion, "A depth map, white near [estimated]"},
    {"--mask", "mask", Kind::text, "FILE", kMotion, "The subject in white [estimated]"},
    {"--engine", "engine", Kind::text, "NAME", kMotion, "auto or animatic [auto]"},
    {"--negative-prompt", "negative_prompt", Kind::text, "TEXT", "", ""},
    {"--steps", "steps", Kind::whole, "N", "", ""},
    {"--guidance", "guidance", Kind::number, "G", "", ""},
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
    if (row.kind == Kind::whole && parse(text, whole)) return whole;
    if (row.kind == Kind::number && parse(text, number)) return number;
    throw UsageError(fmt::format("{} must be a {}number, not \"{}\"", long_name(row),
                                 row.kind == Kind::whole ? "whole " : "", text.substr(0, 60)));
}

}  // namespace

void SpecOptions::add_to(CLI::App& command) {
    for (const Row& row : kRows)
        command
            .add_option_function<std::string>(
                row.names, [this, &row](const std::string& text) { given_[row.field] = text; }, row.help)
            ->type_name(row.value)
            ->group(row.group);
    command
        .add_flag("--allow-flashing", allow_flashing_,
                  "Lift the limit on flashing light (photosensitive viewers!)")
        ->group(kMotion);
}

std::string SpecOptions::to_json() const {
    nlohmann::json object = nlohmann::json::object();
    for (const Row& row : kRows)
        if (const auto found = given_.find(row.field); found != given_.end())
            object[row.field] = value_of(row, found->second);
    if (allow_flashing_) object["allow_flashing"] = true;
    try {
        return object.dump();
    } catch (const nlohmann::json::type_error&) {
        throw UsageError("the prompt and other texts must be UTF-8");
    }
}

}  // namespace stillreel::app
