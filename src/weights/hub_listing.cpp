#include "weights/hub_listing.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"

namespace stillreel::weights {
namespace {

using nlohmann::json;

constexpr const char* kPipeline = "I2VGenXLPipeline";
constexpr std::array kWithWeights = {"unet", "vae", "text_encoder", "image_encoder"};
constexpr std::array kWithout = {"tokenizer", "scheduler", "feature_extractor"};

/// What is read of components without weights, and beside the weights of the others.
constexpr std::array kSmallFiles = {"config.json",
                                    "scheduler_config.json",
                                    "preprocessor_config.json",
                                    "tokenizer_config.json",
                                    "vocab.json",
                                    "merges.txt",
                                    "special_tokens_map.json"};
constexpr std::array kStems = {"diffusion_pytorch_model", "model"};

/// Stays in its folder, and is no hidden file.
bool is_harmless(const std::string& path) {
    if (path.empty() || path.front() == '/') return false;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view part = std::string_view(path).substr(begin, end - begin);
        if (part.empty() || part.front() == '.') return false;
        begin = end + 1;
    }
    return std::none_of(path.begin(), path.end(),
                        [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; });
}

HubFile file_of(const json& sibling) {
    HubFile file;
    file.path = sibling.at("rfilename").get<std::string>();
    file.bytes = sibling.at("size").get<std::uint64_t>();
    file.git_sha1 = sibling.value("blobId", "");
    if (const auto lfs = sibling.find("lfs"); lfs != sibling.end() && lfs->is_object()) {
        // blobId and perhaps size are then those of a small file that stands for it.
        file.bytes = lfs->value("size", file.bytes);
        file.sha256 = lfs->contains("sha256") ? lfs->at("sha256").get<std::string>() : lfs->value("oid", "");
        file.git_sha1.clear();
    }
    return file;
}

/// "-00001-of-00002" at the end of `name`, taken off; false when there is none.
bool drop_shard_number(std::string& name) {
    constexpr std::size_t kLength = 15;
    if (name.size() <= kLength) return false;
    const std::string_view end = std::string_view(name).substr(name.size() - kLength);
    for (std::size_t i = 0; i < kLength; ++i) {
        const char wanted = "-#####-of-#####"[i];
        if (wanted == '#' ? end[i] < '0' || end[i] > '9' : end[i] != wanted) return false;
    }
    name.resize(name.size() - kLength);
    return true;
}

/// One complete set of weights: a file, or shards and their index.
std::vector<HubFile> weights_in(const HubListing& listing, const std::string& folder,
                                const std::string& variant) {
    const std::string dotted = variant.empty() ? "" : "." + variant;
    for (const char* stem : kStems) {
        const std::string base = folder + "/" + stem;
        if (const HubFile* single = listing.find(base + dotted + ".safetensors")) return {*single};
        const HubFile* index = listing.find(base + dotted + ".safetensors.index.json");
        if (!index) index = listing.find(base + ".safetensors.index" + dotted + ".json");
        if (!index) continue;
        std::vector<HubFile> set{*index};
        for (const HubFile& file : listing.files) {
            if (!file.path.ends_with(".safetensors")) continue;
            std::string name = file.path.substr(0, file.path.size() - std::string(".safetensors").size());
            // Both places of the variant are in use: model.fp16-00001-of-... and model-00001-of-....fp16.
            const bool after = !dotted.empty() && name.ends_with(dotted);
            if (after) name.resize(name.size() - dotted.size());
            if (drop_shard_number(name) && name == base + (after ? "" : dotted)) set.push_back(file);
        }
        if (set.size() > 1) return set;
    }
    return {};
}

bool has_pickle(const HubListing& listing, const std::string& folder) {
    return std::any_of(listing.files.begin(), listing.files.end(), [&](const HubFile& file) {
        const auto ends = [&](const char* suffix) { return file.path.ends_with(suffix); };
        return file.path.starts_with(folder + "/") &&
               (ends(".bin") || ends(".ckpt") || ends(".pt") || ends(".pth"));
    });
}

std::vector<HubFile> weights_of(const HubListing& listing, const std::string& component,
                                const std::string& variant, std::vector<std::string>& notes) {
    if (auto set = weights_in(listing, component, variant); !set.empty()) return set;
    const std::string other = variant.empty() ? "fp16" : "";
    if (auto set = weights_in(listing, component, other); !set.empty()) {
        notes.push_back(
            fmt::format("{} is there only {}", component,
                        other.empty() ? "without the variant " + variant : "as the variant " + other));
        return set;
    }
    if (has_pickle(listing, component))
        throw Error(
            ErrorCode::unsupported,
            fmt::format("{}: the weights of {} are there as a pickle only, which can run code of others and "
                        "is never opened: ask its owner for safetensors",
                        listing.repository, component));
    throw Error(ErrorCode::not_found,
                fmt::format("{}: there are no weights of {} (a .safetensors file in {}/)", listing.repository,
                            component, component));
}

/// Components that the pipeline names and has: "unet": ["diffusers", "I2VGenXLUNet"], not [null, null].
std::vector<std::string> components_in(const json& index) {
    std::vector<std::string> names;
    const auto take = [&](const char* name) {
        const auto found = index.find(name);
        if (found != index.end() && found->is_array() && found->size() == 2 && found->at(1).is_string())
            names.push_back(name);
    };
    for (const char* name : kWithWeights) take(name);
    for (const char* name : kWithout) take(name);
    return names;
}

}  // namespace

const HubFile* HubListing::find(std::string_view path) const {
    const auto found =
        std::find_if(files.begin(), files.end(), [&](const HubFile& file) { return file.path == path; });
    return found == files.end() ? nullptr : &*found;
}

HubListing parse_hub_listing(std::string_view text, const std::string& repository) {
    HubListing listing;
    listing.repository = repository;
    try {
        const json answer = json::parse(text);
        listing.commit = answer.value("sha", "");
        for (const json& sibling : answer.at("siblings")) {
            HubFile file = file_of(sibling);
            if (is_harmless(file.path)) listing.files.push_back(std::move(file));
        }
    } catch (const json::exception&) {
        throw Error(
            ErrorCode::corrupt_data,
            fmt::format("the list of files of {} cannot be read (expected \"siblings\" with name and size): "
                        "is HF_ENDPOINT a mirror of the Hub?",
                        repository));
    }
    return listing;
}

Choice choose_files(const HubListing& listing, std::string_view model_index, const std::string& variant) {
    const json index = json::parse(model_index, nullptr, false);
    const auto named = index.find("_class_name");  // of anything but an object: nothing
    const std::string pipeline = named != index.end() && named->is_string() ? named->get<std::string>() : "";
    if (!pipeline.empty() && pipeline != kPipeline)
        throw Error(ErrorCode::unsupported, fmt::format("{} is a {}; stillreel has an engine for an {} only",
                                                        listing.repository, pipeline, kPipeline));
    const std::vector<std::string> components =
        index.is_object() ? components_in(index) : std::vector<std::string>{};
    if (components.empty())
        throw Error(ErrorCode::corrupt_data,
                    fmt::format("{}: its model_index.json names no part of a pipeline", listing.repository));
    Choice choice;
    if (const HubFile* file = listing.find("model_index.json")) choice.files.push_back(*file);
    for (const std::string& component : components) {
        for (const char* name : kSmallFiles)
            if (const HubFile* file = listing.find(component + "/" + name)) choice.files.push_back(*file);
        const bool weights =
            std::find(kWithWeights.begin(), kWithWeights.end(), component) != kWithWeights.end();
        if (!weights) continue;
        for (HubFile& file : weights_of(listing, component, variant, choice.notes))
            choice.files.push_back(std::move(file));
    }
    std::sort(choice.files.begin(), choice.files.end(),
              [](const HubFile& a, const HubFile& b) { return a.path < b.path; });
    for (const HubFile& file : choice.files) choice.bytes += file.bytes;
    return choice;
}

}  // namespace stillreel::weights
