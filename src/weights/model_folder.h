// A published pipeline on disk, in the diffusers layout: model_index.json and a folder per component.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace stillreel::weights {

struct Component {
    std::string name;        // "unet"
    std::string library;     // "diffusers"
    std::string class_name;  // "I2VGenXLUNet"
    std::filesystem::path folder;
};

struct ModelFolder {
    std::filesystem::path root;
    std::string class_name;  // "I2VGenXLPipeline"
    std::map<std::string, Component> components;

    /// Throws not_found naming the component.
    const Component& at(const std::string& component) const;
};

/// Reads model_index.json. Throws not_found (no such folder, or no model_index.json in it: says what the
/// folder should be), corrupt_data (damaged).
ModelFolder open_model_folder(const std::filesystem::path& root);

/// What a model lacks to be whole, one phrase each ("unet holds no weights: ..."); empty when nothing:
/// networks (config.json, weights with all their shards), schedulers, tokenizers and picture processors are
/// looked at.
std::vector<std::string> missing_parts(const ModelFolder& model);

/// Text of a component's config file (JSON files are checked to hold an object). Throws not_found,
/// corrupt_data naming the file.
std::string read_config(const Component& component, const std::string& file = "config.json");

/// Where a model called `name_or_path` lies: a folder as given; `$STILLREEL_HOME/models/<name>` (name
/// "i2vgen-xl" or "ali-vilab/i2vgen-xl"); or its newest whole snapshot in the Hugging Face cache
/// ($HF_HUB_CACHE, else $HF_HOME/hub, else ~/.cache/huggingface/hub): that of refs/main, else the newest.
/// Found by name is only what is whole. Throws not_found with what was tried and the command that fetches it.
std::filesystem::path find_model(const std::string& name_or_path);

/// A model that find_model finds by name.
struct InstalledModel {
    std::string name;
    std::filesystem::path root;
    bool in_hugging_face_cache = false;
};
/// All of them, by name; whole ones only. A model in both places is listed twice: find_model takes the first.
std::vector<InstalledModel> installed_models();

}  // namespace stillreel::weights
