#include "weights/model_store.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/name_claim.h"
#include "weights/hub_endpoint.h"
#include "weights/hub_pull.h"
#include "weights/model_facts.h"

namespace stillreel::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartial = ".partial";

/// Of all files under `folder`, links not followed.
std::uint64_t bytes_under(const fs::path& folder) {
    std::uint64_t bytes = 0;
    std::error_code failed;
    for (auto at = fs::recursive_directory_iterator(folder, failed);
         !failed && at != fs::recursive_directory_iterator(); at.increment(failed))
        if (std::error_code gone; at->is_regular_file(gone) && !at->is_symlink(gone))
            bytes += at->file_size(gone);
    return bytes;
}

StoredModel look_at(const std::string& name, const fs::path& root) {
    StoredModel model;
    model.name = name;
    model.root = root;
    try {
        const ModelFacts facts = facts_of(root);
        model.class_name = facts.folder.class_name;
        model.bytes = facts.bytes;
        model.missing = facts.missing;
    } catch (const Error& error) {
        model.bytes = bytes_under(root);
        model.missing = {error.what()};
    }
    if (!model.missing.empty()) model.state = StoredModel::State::incomplete;
    return model;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed))
        if (entry.is_directory(failed)) found.push_back(entry.path());
    return found;
}

/// ".i2vgen-xl.partial" -> "i2vgen-xl"; empty for other names.
std::string name_of_partial(const fs::path& folder) {
    const std::string name = folder.filename().string();
    if (!name.starts_with('.') || !name.ends_with(kPartial)) return "";
    return name.substr(1, name.size() - 1 - kPartial.size());
}

fs::path partial_of(const fs::path& root) {
    return root.parent_path() / fmt::format(".{}{}", root.filename().string(), kPartial);
}

StoredModel look_at_partial(const std::string& name, const fs::path& folder) {
    StoredModel model;
    model.name = name;
    model.root = folder;
    model.state = StoredModel::State::being_pulled;
    model.bytes = bytes_under(folder);
    model.missing = {"the pull has not finished: the same `stillreel models pull` goes on"};
    return model;
}

bool has_index(const fs::path& folder) {
    std::error_code unreadable;
    return fs::exists(folder / "model_index.json", unreadable);
}

void look_into(const fs::path& folder, const std::string& owner, std::vector<StoredModel>& models) {
    for (const fs::path& inner : folders_in(folder)) {
        const std::string name = inner.filename().string();
        if (const std::string partial = name_of_partial(inner); !partial.empty())
            models.push_back(look_at_partial(partial, inner));
        else if (name.starts_with('.'))
            continue;
        else if (has_index(inner))
            models.push_back(look_at(owner.empty() ? name : owner + "/" + name, inner));
        else if (owner.empty())
            look_into(inner, name, models);
    }
}

/// The name cannot lead out of the models folder.
void check_is_name(const std::string& name) {
    const fs::path path(name);
    bool plain = !name.empty() && path.is_relative() && std::distance(path.begin(), path.end()) <= 2;
    for (const fs::path& part : path) plain = plain && !part.empty() && !part.string().starts_with('.');
    if (!plain)
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format(
                "\"{}\" is no name of a model; `stillreel models list` names them (a folder elsewhere is "
                "yours to delete)",
                name));
}

}  // namespace

std::vector<StoredModel> stored_models() {
    std::vector<StoredModel> models;
    look_into(models_folder(), "", models);
    for (const InstalledModel& installed : installed_models()) {
        if (!installed.in_hugging_face_cache) continue;
        models.push_back(look_at(installed.name, installed.root));
        models.back().in_hugging_face_cache = true;
    }
    std::stable_sort(models.begin(), models.end(),
                     [](const StoredModel& a, const StoredModel& b) { return a.name < b.name; });
    return models;
}

fs::path find_stored_model(const std::string& name_or_path) {
    try {
        return find_model(name_or_path);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::not_found) throw;
        for (const StoredModel& model : stored_models())
            if (model.state == StoredModel::State::incomplete &&
                (model.name == name_or_path || name_of_repository(name_or_path) == model.name))
                return model.root;
        throw;
    }
}

fs::path removable_model(const std::string& name) {
    check_is_name(name);
    const fs::path home = models_folder();
    const std::string last = fs::path(name).filename().string();
    for (const fs::path& root : {home / name, home / last}) {
        if (fs::is_symlink(root) || has_index(root)) return root;
        if (fs::exists(partial_of(root))) return root;
    }
    for (const InstalledModel& installed : installed_models())
        if (installed.in_hugging_face_cache &&
            (installed.name == name || name_of_repository(installed.name) == name))
            throw Error(
                ErrorCode::unsupported,
                fmt::format("{} lies in the Hugging Face cache ({}), which other programs use too: delete it "
                            "with their tools (hf cache delete)",
                            installed.name, installed.root.string()));
    throw Error(ErrorCode::not_found,
                fmt::format("there is no model {} in {}; `stillreel models list` names those that are", name,
                            home.string()));
}

std::uint64_t remove_model(const std::string& name) {
    const fs::path root = removable_model(name);
    const auto claim = NameClaim::take(pull_claim(root));
    if (!claim)
        throw Error(ErrorCode::busy, fmt::format("{} is being pulled at this moment: stop that first", name));
    const bool link = fs::is_symlink(root);
    std::uint64_t bytes = link ? 0 : bytes_under(root);
    bytes += bytes_under(partial_of(root));
    std::error_code failed;
    if (link)
        fs::remove(root, failed);
    else
        fs::remove_all(root, failed);
    if (!failed) fs::remove_all(partial_of(root), failed);
    if (failed)
        throw Error(ErrorCode::io, fmt::format("cannot delete {}: {}", root.string(), failed.message()));
    return bytes;
}

}  // namespace stillreel::weights
