#include "weights/model_facts.h"

#include <fmt/core.h>

#include <system_error>

#include "base/error.h"
#include "weights/safetensors.h"
#include "weights/weight_source.h"

namespace stillreel::weights {
namespace {

namespace fs = std::filesystem;

void count(const SafetensorsFile& file, ComponentFacts& facts) {
    for (const auto& [name, stored] : file.tensors()) {
        ++facts.tensors;
        ++facts.dtypes[stored.type];
        if (type_of_safetensors_name(stored.type))
            facts.parameters += static_cast<std::int64_t>(stored.elements());
    }
}

/// Publishers often ship a variant of the large towers only: the others are read from their plain files.
bool has_variant(const Component& component, const std::string& variant) {
    try {
        weight_files(component.folder, variant);
        return true;
    } catch (const Error& error) {
        return error.code() != ErrorCode::not_found;
    }
}

void count_weights(const std::string& variant, ComponentFacts& facts) {
    if (has_variant(facts.component, variant)) facts.variant = variant;
    try {
        for (const fs::path& path : weight_files(facts.component.folder, facts.variant)) {
            facts.weights.push_back(path.filename().string());
            facts.bytes += fs::file_size(path);
            if (path.extension() == ".safetensors") count(SafetensorsFile::open(path), facts);
        }
    } catch (const Error& error) {
        facts.fault = error.what();
    } catch (const fs::filesystem_error& error) {
        facts.fault = fmt::format("{}: {}", facts.component.folder.string(), error.code().message());
    }
}

bool has_weights(const Component& component) {
    const auto ends = [&](std::string_view ending) { return component.class_name.ends_with(ending); };
    return !ends("Scheduler") && !ends("Tokenizer") && !ends("TokenizerFast") && !ends("Processor") &&
           !ends("FeatureExtractor");
}

/// Configs, vocabularies: small text files.
std::uint64_t bytes_of_texts(const fs::path& folder) {
    std::uint64_t bytes = 0;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
        const std::string name = entry.path().filename().string();
        const bool text = name.ends_with(".json") || name.ends_with(".txt");
        if (text && !name.ends_with(".index.json") && entry.is_regular_file(failed))
            bytes += entry.file_size(failed);
    }
    return bytes;
}

}  // namespace

ModelFacts facts_of(const fs::path& root, const std::string& variant) {
    ModelFacts model{open_model_folder(root), {}, {}, 0, 0};
    model.missing = missing_parts(model.folder);
    for (const auto& [name, component] : model.folder.components) {
        ComponentFacts facts{component, "", bytes_of_texts(component.folder), 0, 0, {}, {}, ""};
        if (has_weights(component)) count_weights(variant, facts);
        model.bytes += facts.bytes;
        model.parameters += facts.parameters;
        model.components.push_back(std::move(facts));
    }
    return model;
}

}  // namespace stillreel::weights
