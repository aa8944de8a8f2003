// Weights in files: one, or several shards behind an index.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "weights/safetensors.h"
#include "weights/weight_source.h"

namespace stillreel::weights {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kMaxIndexBytes = 10'000'000;  // a hundred thousand tensors
constexpr std::array kStems{"diffusion_pytorch_model", "model"};
// What PyTorch saves: pickles, programs that run when they are opened.
constexpr std::array<std::string_view, 4> kPickles{".bin", ".ckpt", ".pt", ".pth"};

class FileWeights final : public WeightSource {
  public:
    explicit FileWeights(fs::path where) : where_(std::move(where)) {}

    /// Throws corrupt_data when a tensor is in two files.
    void add(SafetensorsFile file) {
        const std::size_t index = files_.size();
        for (const auto& [name, stored] : file.tensors()) {
            const auto [entry, fresh] = file_of_.emplace(name, index);
            if (!fresh)
                throw Error(ErrorCode::corrupt_data,
                            fmt::format("{}: tensor {} is also in {}", file.path().string(), shown_name(name),
                                        files_[entry->second].path().string()));
        }
        files_.push_back(std::move(file));
    }

    std::optional<tensor::WeightData> find(const std::string& name, const tensor::Shape&) override {
        const auto found = file_of_.find(name);
        if (found == file_of_.end()) return std::nullopt;
        tensor::WeightData data = files_[found->second].weight(name);
        if (data.type == tensor::DType::i8) data.scales = scales_of(name, data.shape);
        return data;
    }
    bool holds(const std::string& name) const override { return file_of_.contains(name) && !is_scale(name); }
    void release(const std::string& name) override { files_[file_of_.at(name)].release(name); }
    std::vector<std::string> names() const override {
        std::vector<std::string> all;
        all.reserve(file_of_.size());
        for (const auto& [name, file] : file_of_)
            if (!is_scale(name)) all.push_back(name);
        return all;
    }
    std::string where() const override { return where_.string(); }
    bool quantised() const override {
        return std::any_of(file_of_.begin(), file_of_.end(),
                           [&](const auto& entry) { return is_i8(entry.first); });
    }

  private:
    bool is_i8(const std::string& name) const {
        const auto found = file_of_.find(name);
        return found != file_of_.end() && files_[found->second].find(name)->type == "I8";
    }
    bool is_scale(const std::string& name) const {
        return name.ends_with(kScaleSuffix) && is_i8(name.substr(0, name.size() - kScaleSuffix.size()));
    }
    const std::byte* scales_of(const std::string& name, const tensor::Shape& shape) const {
        const std::string scales = name + std::string(kScaleSuffix);
        const auto found = file_of_.find(scales);
        std::optional<tensor::WeightData> data;
        if (found != file_of_.end()) data = files_[found->second].weight(scales);
        if (!data || data->type != tensor::DType::f32 || shape.rank() == 0 ||
            data->shape != tensor::Shape{shape[0]})
            throw Error(
                ErrorCode::corrupt_data,
                fmt::format("{}: tensor {} holds I8 and needs scales: expected {} of F32 with one number "
                            "for every output",
                            where_.string(), shown_name(name), shown_name(scales)));
        return data->data;
    }

    fs::path where_;
    std::vector<SafetensorsFile> files_;
    std::map<std::string, std::size_t> file_of_;
};

[[noreturn]] void bad_index(const fs::path& index, const std::string& what) {
    throw Error(ErrorCode::corrupt_data, fmt::format("{}: {}", index.string(), what));
}

/// Which shard holds which tensors, as the index says.
std::map<std::string, std::vector<std::string>> read_index(const fs::path& index) {
    const json parsed = json::parse(read_text_file(index, kMaxIndexBytes), nullptr, false);
    const auto map = parsed.find("weight_map");
    if (!parsed.is_object() || map == parsed.end() || !map->is_object())
        bad_index(index, "the file is damaged: expected JSON with an object weight_map");
    std::map<std::string, std::vector<std::string>> shards;
    for (const auto& [tensor, shard] : map->items()) {
        if (!shard.is_string())
            bad_index(index, fmt::format("the shard of tensor {} is no file name", shown_name(tensor)));
        shards[shard.get<std::string>()].push_back(tensor);
    }
    return shards;
}

/// Where a shard lies. A name that leads elsewhere would let a downloaded index open any file of this
/// machine.
fs::path path_of_shard(const fs::path& index, const std::string& shard) {
    if (shard.empty() || fs::path(shard).filename() != shard || shard == "." || shard == "..")
        bad_index(index,
                  fmt::format("the shard {} is not a file name in the same folder", shown_name(shard)));
    const fs::path path = index.parent_path() / shard;
    std::error_code ignored;
    if (!fs::exists(path, ignored))
        throw Error(ErrorCode::not_found, fmt::format("{}: its shard {} is missing: fetch the model again",
                                                      index.string(), shown_name(shard)));
    return path;
}

std::unique_ptr<WeightSource> open_shards(const fs::path& index) {
    auto weights = std::make_unique<FileWeights>(index);
    for (const auto& [shard, tensors] : read_index(index)) {
        SafetensorsFile file = SafetensorsFile::open(path_of_shard(index, shard));
        for (const std::string& tensor : tensors)
            if (!file.find(tensor))
                bad_index(index, fmt::format("tensor {} is not in {}, where it should be", shown_name(tensor),
                                             shard));
        weights->add(std::move(file));
    }
    return weights;
}

/// File names that weights of this variant (empty: none) may have, best first.
std::vector<std::string> names_of_variant(const std::string& variant) {
    std::vector<std::string> names;
    for (const char* const stem : kStems) {
        if (variant.empty()) {
            names.push_back(fmt::format("{}.safetensors", stem));
            names.push_back(fmt::format("{}.safetensors.index.json", stem));
        } else {
            names.push_back(fmt::format("{}.{}.safetensors", stem, variant));
            names.push_back(fmt::format("{}.safetensors.index.{}.json", stem, variant));
            names.push_back(fmt::format("{}.{}.safetensors.index.json", stem, variant));
        }
    }
    return names;
}

std::vector<std::string> pickles_in(const fs::path& folder) {
    std::vector<std::string> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        const std::string extension = entry.path().extension().string();
        if (std::find(kPickles.begin(), kPickles.end(), extension) != kPickles.end())
            found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
}

[[noreturn]] void no_weights(const fs::path& folder, const std::vector<std::string>& names) {
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored))
        throw Error(ErrorCode::not_found,
                    fmt::format("{} is not a folder: expected one with weights", folder.string()));
    const std::vector<std::string> pickles = pickles_in(folder);
    if (pickles.empty())
        throw Error(ErrorCode::not_found, fmt::format("{} holds no weights: looked for {}", folder.string(),
                                                      fmt::join(names, ", ")));
    throw Error(
        ErrorCode::not_found,
        fmt::format("{} holds its weights only as {}: such files (pickles) can run any program when they are "
                    "opened and are never read; fetch the .safetensors files of the model",
                    folder.string(), fmt::join(pickles, ", ")));
}

bool is_index(const fs::path& file) { return file.extension() == ".json"; }

/// The file that open_weights begins with: the weights, or the index of their shards.
fs::path weights_in(const fs::path& folder, const std::string& variant) {
    std::vector<std::string> names = names_of_variant(variant);
    if (variant.empty()) {
        const std::vector<std::string> halves = names_of_variant("fp16");
        names.insert(names.end(), halves.begin(), halves.end());
    }
    std::error_code ignored;
    for (const std::string& name : names)
        if (fs::exists(folder / name, ignored)) return folder / name;
    no_weights(folder, names);
}

}  // namespace

std::unique_ptr<WeightSource> open_weight_file(const fs::path& file) {
    auto weights = std::make_unique<FileWeights>(file);
    weights->add(SafetensorsFile::open(file));
    return weights;
}

std::unique_ptr<WeightSource> open_weights(const fs::path& component_folder, const std::string& variant) {
    const fs::path file = weights_in(component_folder, variant);
    return is_index(file) ? open_shards(file) : open_weight_file(file);
}

std::vector<fs::path> weight_files(const fs::path& component_folder, const std::string& variant) {
    std::vector<fs::path> files{weights_in(component_folder, variant)};
    const fs::path index = files.front();
    if (is_index(index))
        for (const auto& [shard, tensors] : read_index(index)) files.push_back(path_of_shard(index, shard));
    return files;
}

}  // namespace stillreel::weights
