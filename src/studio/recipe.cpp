#include "studio/recipe.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "studio/ai_label.h"
#include "studio/uploads.h"

namespace stillreel::studio {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kMaxJsonDepth = 32;

ordered_json file_json(const FileRecord& file) {
    ordered_json object;
    if (!file.name.empty()) object["name"] = file.name;
    object["sha256"] = file.sha256;
    if (file.size.width_px > 0) {
        object["width"] = file.size.width_px;
        object["height"] = file.size.height_px;
    }
    return object;
}

ordered_json backend_json(const Backend& backend) {
    ordered_json object;
    object["cpu"] = backend.cpu;
    if (!backend.encoder.empty()) {
        object["encoder"] = backend.encoder;
        object["encoder_threads"] = backend.encoder_threads;
        object["x264"] = {
            {"preset", backend.encoder_preset}, {"crf", backend.crf}, {"lookahead", backend.lookahead}};
    }
    return object;
}

ordered_json model_json(const ModelRecord& model) {
    ordered_json object;
    object["name"] = model.name;
    object["files"] = model.files;
    return object;
}

/// Prompts, and the names of files, which say as much.
Recipe without_texts(Recipe recipe) {
    const auto withhold = [&](std::string& text, const char* field) {
        if (!text.empty()) recipe.withheld.emplace_back(field);
        text.clear();
    };
    withhold(recipe.spec.prompt, "prompt");
    withhold(recipe.spec.negative_prompt, "negative_prompt");
    recipe.spec.picture.clear();
    recipe.spec.depth.clear();
    recipe.spec.mask.clear();
    recipe.picture.name.clear();
    if (recipe.depth) recipe.depth->name.clear();
    if (recipe.mask) recipe.mask->name.clear();
    return recipe;
}

ordered_json recipe_json(const Recipe& recipe) {
    ordered_json object;
    object["stillreel"] = recipe.version;
    object["spec"] = ordered_json::parse(to_json(recipe.spec));
    if (!recipe.withheld.empty()) object["withheld"] = recipe.withheld;
    object["engine"] = recipe.engine;
    object["picture"] = file_json(recipe.picture);
    if (recipe.depth) object["depth"] = file_json(*recipe.depth);
    if (recipe.mask) object["mask"] = file_json(*recipe.mask);
    object["frame"] = {{"width", recipe.frame.width_px}, {"height", recipe.frame.height_px}};
    object["frames"] = recipe.frames;
    object["fps"] = to_string(recipe.fps);
    object["seed"] = recipe.seed;
    if (recipe.model) object["model"] = model_json(*recipe.model);
    if (recipe.steps > 0) {
        object["steps"] = recipe.steps;
        object["guidance"] = recipe.guidance;
    }
    if (!recipe.fitted.empty()) object["fitted"] = recipe.fitted;
    if (recipe.partial_steps) object["partial"] = {{"steps_done", *recipe.partial_steps}};
    if (!recipe.job.empty()) object["job"] = recipe.job;
    object["backend"] = backend_json(recipe.backend);
    return object;
}

/// Reads fields of a recipe; a damaged one is named.
class Reader {
  public:
    Reader(const json& object, std::string path) : object_(object), path_(std::move(path)) {
        if (!object.is_object()) damaged("", "an object");
    }

    bool has(const char* name) const { return object_.contains(name); }
    const json& at(const char* name) const {
        const auto found = object_.find(name);
        if (found == object_.end()) damaged(name, "present");
        return *found;
    }
    Reader object(const char* name) const { return Reader(at(name), name_of_field(name)); }
    std::string text(const char* name) const {
        if (!at(name).is_string()) damaged(name, "a text");
        return at(name).get<std::string>();
    }
    std::int64_t whole(const char* name, std::int64_t high) const {
        const json& value = at(name);
        if (!value.is_number_integer() || value.get<std::int64_t>() < 0 || value.get<std::int64_t>() > high)
            damaged(name, fmt::format("a whole number up to {}", high));
        return value.get<std::int64_t>();
    }
    [[noreturn]] void damaged(const std::string& name, const std::string& expected) const {
        throw Error(ErrorCode::corrupt_data,
                    fmt::format("the recipe is damaged: {} must be {}", name_of_field(name), expected));
    }

  private:
    std::string name_of_field(const std::string& name) const {
        if (name.empty()) return path_;
        return path_ == "it" ? name : path_ + "." + name;
    }

    const json& object_;
    std::string path_;
};

FileRecord parse_file(const Reader& reader) {
    FileRecord file;
    if (reader.has("name")) file.name = reader.text("name");
    // The name becomes a field of the next recipe and part of messages: never a path.
    if (file.name.find('/') != std::string::npos || file.name.find('\0') != std::string::npos)
        reader.damaged("name", "a file name without folders");
    file.sha256 = reader.text("sha256");
    if (!is_sha256(file.sha256)) reader.damaged("sha256", "64 hex digits");
    if (reader.has("width")) {
        file.size.width_px = static_cast<int>(reader.whole("width", 1 << 20));
        file.size.height_px = static_cast<int>(reader.whole("height", 1 << 20));
    }
    return file;
}

Backend parse_backend(const Reader& reader) {
    Backend backend;
    backend.cpu = reader.text("cpu");
    if (!reader.has("encoder")) return backend;
    backend.encoder = reader.text("encoder");
    backend.encoder_threads = static_cast<int>(reader.whole("encoder_threads", 128));
    const Reader x264 = reader.object("x264");
    backend.encoder_preset = x264.text("preset");
    backend.crf = static_cast<int>(x264.whole("crf", 51));
    backend.lookahead = static_cast<int>(x264.whole("lookahead", 250));
    return backend;
}

ModelRecord parse_model(const Reader& reader) {
    ModelRecord model;
    model.name = reader.text("name");
    // It becomes a field of the next recipe and part of messages: never a path.
    if (model.name.find('/') != std::string::npos || model.name.find('\0') != std::string::npos)
        reader.damaged("name", "a name without folders");
    const json& files = reader.at("files");
    if (!files.is_object()) reader.damaged("files", "an object");
    for (const auto& [file, sha256] : files.items()) {
        if (!sha256.is_string() || !is_sha256(sha256.get<std::string>()))
            reader.damaged("files", "64 hex digits for each file");
        model.files[file] = sha256.get<std::string>();
    }
    return model;
}

void parse_diffusion(const Reader& reader, Recipe& recipe) {
    if (reader.has("model")) recipe.model = parse_model(reader.object("model"));
    if (reader.has("steps")) recipe.steps = static_cast<int>(reader.whole("steps", 1000));
    if (reader.has("guidance")) {
        if (!reader.at("guidance").is_number()) reader.damaged("guidance", "a number");
        recipe.guidance = reader.at("guidance").get<double>();
    }
    if (reader.has("fitted")) recipe.fitted = reader.text("fitted");
    if (reader.has("partial"))
        recipe.partial_steps = static_cast<int>(reader.object("partial").whole("steps_done", 1000));
}

json parse_shallow(std::string_view text) {
    if (text.size() > kMaxRecipeBytes) return json(json::value_t::discarded);
    bool too_deep = false;
    const auto watch = [&](int depth, json::parse_event_t, json&) {
        too_deep |= depth > kMaxJsonDepth;
        return !too_deep;
    };
    json parsed = json::parse(text, watch, false);
    return too_deep ? json(json::value_t::discarded) : parsed;
}

}  // namespace

std::string aigc_of(const Recipe& recipe) {
    if (recipe.spec.ai_label == AiLabel::none) return "";
    // The number of the piece is a digest of how it was made; the texts stay out of it where they are
    // private.
    const bool texts = recipe.spec.recipe == RecipeMode::full;
    return aigc_json(sha256_hex(recipe_json(texts ? recipe : without_texts(recipe))
                                    .dump(-1, ' ', false, json::error_handler_t::replace))
                         .substr(0, 32));
}

std::string comment_of(const Recipe& recipe) {
    const std::string label = aigc_of(recipe);
    ordered_json object = ordered_json::object();
    if (recipe.spec.recipe == RecipeMode::full) object = recipe_json(recipe);
    if (recipe.spec.recipe == RecipeMode::without_texts) object = recipe_json(without_texts(recipe));
    // A clip that nobody could tell for the job's would be made twice after a crash.
    if (recipe.spec.recipe == RecipeMode::none && !recipe.job.empty()) object["job"] = recipe.job;
    if (!label.empty()) object["AIGC"] = ordered_json::parse(label);
    return object.empty() ? "" : object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string resume_fingerprint(const Recipe& recipe, std::optional<std::uint64_t> seed) {
    Recipe begun = recipe;
    begun.spec.seed = seed;
    begun.seed = 0;
    begun.partial_steps.reset();
    // What only concerns the file.
    begun.job.clear();
    begun.picture.name.clear();
    begun.spec.picture.clear();
    begun.spec.quality = Quality::standard;
    begun.spec.crf.reset();
    begun.spec.ai_label = AiLabel::metadata;
    begun.spec.recipe = RecipeMode::full;
    begun.backend = {};
    begun.backend.cpu = recipe.backend.cpu;
    return sha256_hex(recipe_json(begun).dump(-1, ' ', false, json::error_handler_t::replace));
}

Recipe parse_recipe(std::string_view comment) {
    const json object = parse_shallow(comment);
    if (!object.is_object() || !object.contains("stillreel"))
        throw Error(ErrorCode::corrupt_data, "the comment is not a stillreel recipe");
    const Reader reader(object, "it");
    Recipe recipe;
    recipe.version = reader.text("stillreel");
    try {
        recipe.spec = parse_clip_spec(reader.at("spec").dump(-1, ' ', false, json::error_handler_t::replace));
    } catch (const Error& error) {
        throw Error(ErrorCode::corrupt_data, fmt::format("the recipe is damaged: {}", error.what()));
    }
    if (reader.has("withheld")) {
        if (!reader.at("withheld").is_array()) reader.damaged("withheld", "a list");
        for (const json& field : reader.at("withheld")) {
            if (!field.is_string()) reader.damaged("withheld", "a list of names");
            recipe.withheld.push_back(field.get<std::string>());
        }
    }
    recipe.engine = reader.text("engine");
    recipe.picture = parse_file(reader.object("picture"));
    if (reader.has("depth")) recipe.depth = parse_file(reader.object("depth"));
    if (reader.has("mask")) recipe.mask = parse_file(reader.object("mask"));
    const Reader frame = reader.object("frame");
    recipe.frame = {static_cast<int>(frame.whole("width", kMaxSidePx)),
                    static_cast<int>(frame.whole("height", kMaxSidePx))};
    recipe.frames = static_cast<int>(reader.whole("frames", kMaxFrames));
    try {
        recipe.fps = parse_rational(reader.text("fps"), "fps");
    } catch (const Error&) {
        reader.damaged("fps", "a rate");
    }
    recipe.seed = static_cast<std::uint64_t>(reader.whole("seed", static_cast<std::int64_t>(kMaxSeed)));
    parse_diffusion(reader, recipe);
    if (reader.has("job")) recipe.job = reader.text("job");
    recipe.backend = parse_backend(reader.object("backend"));
    return recipe;
}

bool looks_like_recipe(std::string_view comment) {
    const json object = parse_shallow(comment);
    return object.is_object() && object.contains("stillreel");
}

std::string job_of(std::string_view comment) {
    const json object = parse_shallow(comment);
    if (!object.is_object()) return "";
    const auto job = object.find("job");
    return job != object.end() && job->is_string() ? job->get<std::string>() : "";
}

std::string_view version() { return STILLREEL_VERSION; }

std::string cpu_level() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        return "avx512";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "avx2";
    if (__builtin_cpu_supports("sse4.2")) return "sse4";
#endif
    return "baseline";
}

}  // namespace stillreel::studio
