#include "weights/model_folder.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "weights/safetensors_header.h"
#include "weights/weight_source.h"

namespace stillreel::weights {
namespace {

using nlohmann::json;

constexpr const char* kPublished = "ali-vilab/i2vgen-xl";
constexpr const char* kIndex = "model_index.json";
constexpr std::uint64_t kMaxIndexBytes = 1'000'000;
constexpr std::uint64_t kMaxConfigBytes = 16'000'000;  // a tokenizer's tables are the largest

bool is_folder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

bool is_file(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

json parse_object(const fs::path& file, const std::string& text) {
    json parsed = json::parse(text, nullptr, false);
    if (!parsed.is_object())
        throw Error(
            ErrorCode::corrupt_data,
            fmt::format("{}: the file is damaged: expected a JSON object; fetch it again", file.string()));
    return parsed;
}

/// A text file of at most `max_bytes`; a longer one is no file of this kind.
std::string read_limited(const fs::path& file, std::uint64_t max_bytes) {
    try {
        return read_text_file(file, max_bytes);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::invalid_argument) throw;
        throw Error(ErrorCode::corrupt_data, error.what());
    }
}

/// A component is listed as [library, class]; other entries (null, flags) are none.
std::optional<Component> component_of(const fs::path& root, const std::string& name, const json& entry) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_string()) return {};
    if (fs::path(name).filename() != name || name == "." || name == "..")
        throw Error(ErrorCode::corrupt_data, fmt::format("{}: the component {} is not a folder's name",
                                                         (root / kIndex).string(), shown_name(name)));
    return Component{name, entry[0].get<std::string>(), entry[1].get<std::string>(), root / name};
}

bool class_ends_with(const Component& component, std::string_view ending) {
    return component.class_name.ends_with(ending);
}

/// Files that a component other than a network consists of; nothing for a network.
std::optional<std::vector<std::string>> files_of_kind(const Component& component) {
    if (class_ends_with(component, "Scheduler")) return {{"scheduler_config.json"}};
    if (class_ends_with(component, "Tokenizer") || class_ends_with(component, "TokenizerFast"))
        return {{"vocab.json", "merges.txt"}};
    if (class_ends_with(component, "Processor") || class_ends_with(component, "FeatureExtractor"))
        return {{"preprocessor_config.json"}};
    return std::nullopt;
}

void add_missing_of(const Component& component, std::vector<std::string>& missing) {
    const auto files = files_of_kind(component);
    for (const std::string& file : files.value_or(std::vector<std::string>{"config.json"}))
        if (!is_file(component.folder / file))
            missing.push_back(fmt::format("{} lacks {}", component.name, file));
    if (files) return;
    try {
        weight_files(component.folder);
    } catch (const Error& error) {
        missing.push_back(error.what());
    }
}

/// Why a folder is not used as a model; empty when it can be.
std::string fault_of(const fs::path& root) {
    try {
        const std::vector<std::string> missing = missing_parts(open_model_folder(root));
        if (missing.empty()) return "";
        return missing.size() == 1 ? missing.front()
                                   : fmt::format("{} and {} more", missing.front(), missing.size() - 1);
    } catch (const Error& error) {
        return error.what();
    }
}

fs::path models_home() { return data_home() / "models"; }

fs::path hugging_face_cache() {
    const auto set = [](const char* name) {
        const char* value = std::getenv(name);
        return value && *value ? fs::path(value) : fs::path();
    };
    if (const fs::path cache = set("HF_HUB_CACHE"); !cache.empty()) return cache;
    if (const fs::path home = set("HF_HOME"); !home.empty()) return home / "hub";
    if (const fs::path xdg = set("XDG_CACHE_HOME"); !xdg.empty()) return xdg / "huggingface/hub";
    return set("HOME") / ".cache/huggingface/hub";
}

std::vector<fs::path> folders_in(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with('.') && !name.ends_with(".part") && is_folder(entry.path()))
            found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// The snapshots of a repository in the Hugging Face cache: the one that refs/main names, then from the
/// newest on.
std::vector<fs::path> snapshots_of(const fs::path& repository) {
    std::vector<fs::path> found = folders_in(repository / "snapshots");
    const auto age = [](const fs::path& path) {
        std::error_code ignored;
        return fs::last_write_time(path, ignored);
    };
    std::sort(found.begin(), found.end(),
              [&](const fs::path& a, const fs::path& b) { return age(a) > age(b); });
    std::string main;
    if (is_file(repository / "refs/main")) main = read_limited(repository / "refs/main", 1000);
    while (!main.empty() && std::isspace(static_cast<unsigned char>(main.back()))) main.pop_back();
    std::stable_partition(found.begin(), found.end(),
                          [&](const fs::path& path) { return path.filename() == main; });
    return found;
}

constexpr std::string_view kRepositoryPrefix = "models--";

/// "models--ali-vilab--i2vgen-xl" as "ali-vilab/i2vgen-xl"; empty for other folders.
std::string name_of_repository(const fs::path& repository) {
    const std::string folder = repository.filename().string();
    if (!folder.starts_with(kRepositoryPrefix)) return "";
    const std::string name = folder.substr(kRepositoryPrefix.size());
    const std::size_t at = name.find("--");
    return at == std::string::npos ? name : fmt::format("{}/{}", name.substr(0, at), name.substr(at + 2));
}

/// The last part of a name: "i2vgen-xl" of "ali-vilab/i2vgen-xl".
std::string short_name(const std::string& name) { return name.substr(name.rfind('/') + 1); }

struct Candidate {
    std::string name;
    fs::path root;
    bool in_hugging_face_cache;
};

/// Every folder where a model with a name may lie, whole or not, best first.
std::vector<Candidate> candidates() {
    std::vector<Candidate> all;
    for (const fs::path& folder : folders_in(models_home())) {
        if (is_file(folder / kIndex)) {
            all.push_back({folder.filename().string(), folder, false});
            continue;
        }
        for (const fs::path& inner : folders_in(folder))
            all.push_back({(folder.filename() / inner.filename()).string(), inner, false});
    }
    for (const fs::path& repository : folders_in(hugging_face_cache()))
        if (const std::string name = name_of_repository(repository); !name.empty())
            for (const fs::path& snapshot : snapshots_of(repository)) all.push_back({name, snapshot, true});
    return all;
}

/// A name matches in full, or by its last part when one of both is no more than that.
bool same_model(const std::string& wanted, const std::string& name) {
    if (wanted == name) return true;
    const bool one_is_short = wanted.find('/') == std::string::npos || name.find('/') == std::string::npos;
    return one_is_short && short_name(wanted) == short_name(name);
}

[[noreturn]] void throw_not_installed(const std::string& name, const std::string& tried) {
    const std::string shown = shown_name(name);
    std::string repository = shown;
    if (shown == short_name(kPublished))
        repository = kPublished;
    else if (shown.find('/') == std::string::npos)
        repository = fmt::format("OWNER/{}", shown);
    throw Error(
        ErrorCode::not_found,
        fmt::format(
            "no model {} is installed: tried {}the folder of this name, {} and {}; \"stillreel models "
            "pull {}\" fetches it",
            shown, tried, models_home().string(), hugging_face_cache().string(), repository));
}

}  // namespace

const Component& ModelFolder::at(const std::string& component) const {
    const auto found = components.find(component);
    if (found == components.end())
        throw Error(ErrorCode::not_found,
                    fmt::format("{} names no component {}: is it the folder of another kind of model?",
                                (root / kIndex).string(), component));
    return found->second;
}

ModelFolder open_model_folder(const fs::path& root) {
    const fs::path index = root / kIndex;
    if (!is_file(index))
        throw Error(ErrorCode::not_found,
                    fmt::format("{} {}: expected a model in the diffusers layout ({}, unet/, vae/ ...)",
                                root.string(), is_folder(root) ? "holds no model_index.json" : "is no folder",
                                kIndex));
    const json parsed = parse_object(index, read_limited(index, kMaxIndexBytes));
    const auto class_name = parsed.find("_class_name");
    if (class_name == parsed.end() || !class_name->is_string())
        throw Error(ErrorCode::corrupt_data,
                    fmt::format("{}: it lacks the text _class_name", index.string()));
    ModelFolder model{root, class_name->get<std::string>(), {}};
    for (const auto& [name, entry] : parsed.items())
        if (auto component = component_of(root, name, entry))
            model.components.emplace(name, std::move(*component));
    return model;
}

std::vector<std::string> missing_parts(const ModelFolder& model) {
    std::vector<std::string> missing;
    for (const auto& [name, component] : model.components) {
        if (is_folder(component.folder))
            add_missing_of(component, missing);
        else
            missing.push_back(fmt::format("the folder {} is missing", name));
    }
    return missing;
}

std::string read_config(const Component& component, const std::string& file) {
    const fs::path path = component.folder / file;
    std::string text = read_limited(path, kMaxConfigBytes);
    if (path.extension() == ".json") parse_object(path, text);
    return text;
}

std::filesystem::path find_model(const std::string& name_or_path) {
    const bool is_given_folder = !name_or_path.empty() && is_folder(name_or_path);
    if (is_given_folder && is_file(fs::path(name_or_path) / kIndex)) return name_or_path;
    std::string tried;
    for (const Candidate& candidate : candidates()) {
        if (!same_model(name_or_path, candidate.name)) continue;
        const std::string fault = fault_of(candidate.root);
        if (fault.empty()) return candidate.root;
        tried += fmt::format("{} ({}), ", candidate.root.string(), fault);
    }
    // A folder without an index: whoever opens it says what it lacks.
    if (is_given_folder) return name_or_path;
    throw_not_installed(name_or_path, tried);
}

std::vector<InstalledModel> installed_models() {
    std::vector<InstalledModel> found;
    for (const Candidate& candidate : candidates()) {
        const bool listed = !found.empty() && candidate.in_hugging_face_cache &&
                            found.back().in_hugging_face_cache && found.back().name == candidate.name;
        if (!listed && fault_of(candidate.root).empty())
            found.push_back({candidate.name, candidate.root, candidate.in_hugging_face_cache});
    }
    return found;
}

}  // namespace stillreel::weights
