#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/console.h"
#include "base/error.h"
#include "media/video.h"
#include "studio/recipe.h"

namespace stillreel::app {
namespace {

using nlohmann::ordered_json;

struct Arguments {
    std::string file;
    bool json = false;
};

/// What a clip says of itself beside its pictures.
struct Story {
    ordered_json recipe;  // null: none, or a damaged one
    ordered_json label;   // null: none
    std::string problem;  // why a recipe cannot be used
};

ordered_json parse_quietly(const std::string& text) {
    ordered_json parsed = ordered_json::parse(text, nullptr, false);
    return parsed.is_discarded() ? ordered_json() : parsed;
}

Story story_of(const media::VideoFacts& facts) {
    Story story;
    if (const auto tag = facts.tags.find("AIGC"); tag != facts.tags.end())
        story.label = parse_quietly(tag->second);
    const auto comment = facts.tags.find("comment");
    if (comment == facts.tags.end()) return story;
    const ordered_json object = parse_quietly(comment->second);
    if (story.label.is_null() && object.is_object() && object.contains("AIGC")) story.label = object["AIGC"];
    if (!studio::looks_like_recipe(comment->second)) return story;
    try {
        studio::parse_recipe(comment->second);
        story.recipe = object;
    } catch (const Error& error) {
        story.problem = error.what();
    }
    return story;
}

ordered_json stream_json(const media::VideoFacts& facts) {
    return {
        {"container", facts.container},       {"codec", facts.codec},        {"profile", facts.profile},
        {"pixel_format", facts.pixel_format}, {"colour", facts.colour},      {"width", facts.width_px},
        {"height", facts.height_px},          {"fps", to_string(facts.fps)}, {"frames", facts.frames},
        {"duration", facts.duration_s},       {"bytes", facts.bytes},        {"has_audio", facts.has_audio}};
}

void print_text(const std::string& file, const media::VideoFacts& facts, const Story& story) {
    fmt::print("{}\n", file);
    fmt::print("  video   {}{}{}", facts.codec, facts.profile.empty() ? "" : " ", facts.profile);
    for (const std::string& fact : {facts.pixel_format, facts.colour})
        if (!fact.empty() && fact != "unknown") fmt::print(", {}", fact);
    fmt::print("\n");
    fmt::print("  frame   {}x{}, {} at {} frames/s ({:.2f} s){}\n", facts.width_px, facts.height_px,
               frames_text(facts.frames), to_string(facts.fps), facts.duration_s,
               facts.has_audio ? ", with sound" : "");
    fmt::print("  size    {}\n", bytes_text(facts.bytes));
    if (story.label.is_object())
        fmt::print("  label   made by AI (GB 45438-2025): {}\n", story.label.dump());
    else
        fmt::print("  label   no AI-content label\n");
    if (!story.problem.empty()) fmt::print("  recipe  {}\n", story.problem);
    if (story.problem.empty() && story.recipe.is_null())
        fmt::print("  recipe  none: made by another program, or with --recipe none\n");
    if (story.recipe.is_null()) return;
    fmt::print("  recipe  stillreel {}; made again by: stillreel generate --from {}\n\n{}\n",
               story.recipe["stillreel"].get<std::string>(), file,
               story.recipe.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

int inspect(const Arguments& arguments) {
    const media::VideoFacts facts = media::probe_video(arguments.file);
    const Story story = story_of(facts);
    if (!arguments.json) {
        print_text(arguments.file, facts, story);
        return 0;
    }
    ordered_json object;
    object["file"] = arguments.file;
    object["stream"] = stream_json(facts);
    object["recipe"] = story.recipe;
    object["label"] = story.label;
    if (!story.problem.empty()) object["problem"] = story.problem;
    fmt::print("{}\n", object.dump(2, ' ', false, ordered_json::error_handler_t::replace));
    return 0;
}

}  // namespace

Command add_inspect(CLI::App& app) {
    CLI::App* command = app.add_subcommand("inspect", "Print a clip's recipe, AI label and stream facts");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("FILE", arguments->file, "The clip")->type_name("")->required();
    command->add_flag("--json", arguments->json, "As JSON");
    return [arguments] { return inspect(*arguments); };
}

}  // namespace stillreel::app
