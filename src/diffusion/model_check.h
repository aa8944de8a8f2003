// What a model folder holds, compared tensor by tensor with what the models want: a report that its user can
// pass on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"

namespace stillreel::diffusion {

struct ComponentReport {
    std::string name;                                        // "unet"
    std::string class_name;                                  // "I2VGenXLUNet"
    std::vector<std::pair<std::string, std::string>> facts;  // of its config: field, value as JSON
    std::vector<std::string> weights;                        // file names
    std::uint64_t bytes = 0;
    std::int64_t tensors = 0;
    std::int64_t parameters = 0;
    std::map<std::string, int> dtypes;  // "F16" -> tensors

    std::vector<std::string> problems;    // sentences: files, configs
    std::vector<std::string> missing;     // "name (shape)"
    std::vector<std::string> misshapen;   // sentences
    std::vector<std::string> surplus;     // names
    std::vector<std::string> non_finite;  // "name: 3 of 4096 numbers"
    std::vector<std::string> renamed;     // "found as -> today's": known and fine
    std::vector<std::string> unused;      // names of the short list that older files hold: fine

    bool fine() const;
};

struct FileSum {
    std::string path;  // relative to the model's folder
    std::uint64_t bytes = 0;
    std::string sha256;
};

struct ModelReport {
    std::filesystem::path root;
    std::string class_name;
    std::string diffusers_version;  // that wrote the folder
    std::vector<ComponentReport> components;
    std::vector<std::string> problems;  // of the folder as a whole
    std::vector<FileSum> files;         // with Sums::yes
    bool fine() const;
};

enum class Sums { no, yes };

struct CheckRequest {
    std::filesystem::path root;
    std::string variant;
    Sums sums = Sums::no;
};

struct CheckHooks {
    std::function<void(const std::string& what)> working;  // on a component, or a file
    const CancelFlag* cancel = nullptr;
};

/// Reads every number once. What is wrong with the model is in the report; throws not_found or corrupt_data
/// only where there is no model_index.json to begin with, and cancelled.
ModelReport check_model(const CheckRequest& request, const CheckHooks& hooks);

}  // namespace stillreel::diffusion
