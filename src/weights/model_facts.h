// What a model folder consists of, read from its headers alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weights/model_folder.h"

namespace stillreel::weights {

struct ComponentFacts {
    Component component;
    std::string variant;          // that was looked at: the wanted one, or "" where this component lacks it
    std::uint64_t bytes = 0;      // of the files that are read
    std::int64_t tensors = 0;     // 0 for components without weights
    std::int64_t parameters = 0;  // numbers in tensors of a float type
    std::map<std::string, int> dtypes;  // "F16" -> tensors
    std::vector<std::string> weights;   // file names: one, or the index and its shards
    std::string fault;                  // why the weights cannot be read; empty: fine, or none expected
};

struct ModelFacts {
    ModelFolder folder;
    std::vector<ComponentFacts> components;  // by name
    std::vector<std::string> missing;        // as missing_parts
    std::uint64_t bytes = 0;
    std::int64_t parameters = 0;
};

/// Reads no numbers. Throws as open_model_folder.
ModelFacts facts_of(const std::filesystem::path& root, const std::string& variant = "");

}  // namespace stillreel::weights
