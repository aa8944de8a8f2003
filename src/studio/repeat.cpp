#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/cancel.h"
#include "base/error.h"
#include "base/file.h"
#include "media/video.h"
#include "studio/generate.h"
#include "studio/uploads.h"

namespace stillreel::studio {
namespace {

Recipe recipe_in(const fs::path& clip) {
    const media::VideoFacts facts = media::probe_video(clip);
    const auto comment = facts.tags.find("comment");
    if (comment == facts.tags.end() || !looks_like_recipe(comment->second))
        throw Error(
            ErrorCode::corrupt_data,
            fmt::format("{} holds no stillreel recipe: it was made by another program, or with --recipe none",
                        clip.string()));
    try {
        return parse_recipe(comment->second);
    } catch (const Error& error) {
        throw Error(error.code(), fmt::format("{}: {}", clip.string(), error.what()));
    }
}

/// The original of this content, called as the recipe calls it.
Source original_of(const FileRecord& record, const char* what, const UploadStore& store,
                   const std::string& remedy) {
    const auto path = store.find(record.sha256);
    if (!path)
        throw Error(ErrorCode::not_found,
                    fmt::format("the {} {} of this clip is not in {} any more: {}", what,
                                record.name.empty() ? "(name withheld)" : record.name,
                                store.folder().string(), remedy));
    if (sha256_hex_of_file(*path) != record.sha256)
        throw Error(ErrorCode::corrupt_data,
                    fmt::format("{} was changed: its content is not what its name says; delete "
                                "it and give the picture anew: {}",
                                path->string(), remedy));
    return {*path, record.name};
}

bool names(const nlohmann::json& overrides, const char* field) {
    return overrides.contains(field) && !overrides[field].is_null();
}

void check_withheld(const Recipe& recipe, const nlohmann::json& overrides, const fs::path& clip) {
    if (std::find(recipe.withheld.begin(), recipe.withheld.end(), "prompt") != recipe.withheld.end() &&
        !overrides.contains("prompt"))
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("the recipe in {} is private and leaves its prompt out: give it with -p",
                                clip.string()));
}

void note_differences(const Recipe& recipe, std::vector<std::string>& notes) {
    if (recipe.version != version())
        notes.push_back(fmt::format("the clip was made by stillreel {}, this is {}: the frames may differ",
                                    recipe.version, version()));
    else if (recipe.backend.cpu != cpu_level())
        notes.push_back(
            fmt::format("the clip was made on a processor of level {}, this one is {}: the last bits of the "
                        "frames may differ",
                        recipe.backend.cpu, cpu_level()));
}

/// The model that the spec names, if it is here.
std::optional<ModelRecord> model_here(const ClipSpec& spec, const EngineRegistry& engines,
                                      const fs::path& cache, const fs::path& clip) {
    try {
        return engines.find(spec.engine).model(spec, cache, interrupt_flag());
    } catch (const Error& error) {
        if (error.code() != ErrorCode::not_found) throw;
        throw Error(error.code(), fmt::format("{} was made with a model that is not here: {}, or give its "
                                              "folder with --model",
                                              clip.string(), error.what()));
    }
}

/// The same bits need the same model.
void check_model(const Recipe& recipe, const nlohmann::json& overrides, RepeatRequest& repeated,
                 const EngineRegistry& engines, const fs::path& cache, const fs::path& clip) {
    const ClipSpec& spec = repeated.request.spec;
    if (!recipe.model || overrides.contains("engine")) return;
    const auto found = model_here(spec, engines, cache, clip);
    const std::string other = found ? difference(*recipe.model, *found) : "";
    if (other.empty()) return;
    if (!overrides.contains("model") && !overrides.contains("variant"))
        throw Error(ErrorCode::unsupported,
                    fmt::format("{} was made with another model than the {} that is here ({}), so it cannot "
                                "be repeated; name a model with --model to use its settings on that one",
                                clip.string(), recipe.model->name, other));
    repeated.notes.push_back(fmt::format("{} is not the model of {} ({}): its settings are used on this one",
                                         found->name, clip.filename().string(), other));
}

}  // namespace

RepeatRequest repeat(const fs::path& clip, const std::string& overrides, const fs::path& picture,
                     const fs::path& uploads, const EngineRegistry& engines, const fs::path& cache) {
    const Recipe recipe = recipe_in(clip);
    const nlohmann::json fields = nlohmann::json::parse(overrides);
    check_withheld(recipe, fields, clip);
    RepeatRequest repeated;
    ClipSpec& spec = repeated.request.spec;
    spec = recipe.spec;
    merge(spec, overrides);
    note_differences(recipe, repeated.notes);
    if (recipe.partial_steps)
        repeated.notes.push_back(fmt::format("{} was stopped after {} of {} steps: this time all are made",
                                             clip.filename().string(), *recipe.partial_steps, recipe.steps));
    check_model(recipe, fields, repeated, engines, cache, clip);

    const UploadStore store(uploads);
    const std::string remedy = fmt::format("stillreel generate PICTURE --from {}", clip.string());
    if (picture.empty()) {
        repeated.request.picture = original_of(recipe.picture, "picture", store, remedy);
    } else {
        repeated.request.picture = {picture, picture.filename().string()};
        if (sha256_hex_of_file(picture) == recipe.picture.sha256)
            repeated.request.picture.name = recipe.picture.name;
        else
            repeated.notes.push_back(
                fmt::format("{} is not the picture of {}: its settings are used on the new one",
                            picture.filename().string(), clip.filename().string()));
    }
    const auto given = [](const std::string& path) {
        return Source{path, fs::path(path).filename().string()};
    };
    if (names(fields, "depth"))
        repeated.request.depth = given(spec.depth);
    else if (recipe.depth)
        repeated.request.depth = original_of(*recipe.depth, "depth map", store, "give it with --depth");
    if (names(fields, "mask"))
        repeated.request.mask = given(spec.mask);
    else if (recipe.mask)
        repeated.request.mask = original_of(*recipe.mask, "mask", store, "give it with --mask");
    return repeated;
}

}  // namespace stillreel::studio
