#include "diffusion/random_model.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "diffusion/tower_tensors.h"
#include "models/byte_pairs.h"
#include "weights/new_folder.h"
#include "weights/safetensors_writer.h"
#include "weights/weight_source.h"

extern "C" const unsigned char stillreel_model_i2vgen_xl[], stillreel_model_i2vgen_xl_end[];
extern "C" const unsigned char stillreel_model_tiny[], stillreel_model_tiny_end[];

namespace stillreel::diffusion {
namespace {

using nlohmann::ordered_json;
using weights::TensorEntry;

/// The files of a model folder that are JSON: path to content (data/models).
ordered_json configs_of(const std::string& name) {
    const auto parse = [](const unsigned char* begin, const unsigned char* end) {
        return ordered_json::parse(begin, end);
    };
    ordered_json files = parse(stillreel_model_i2vgen_xl, stillreel_model_i2vgen_xl_end);
    // The small one says only what differs.
    if (name == "tiny") files.merge_patch(parse(stillreel_model_tiny, stillreel_model_tiny_end));
    return files;
}

void check_known(const std::string& config) {
    const std::vector<std::string> known = random_model_configs();
    if (std::find(known.begin(), known.end(), config) == known.end())
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("there is no config \"{}\": {}", config, fmt::join(known, " or ")));
}

/// One safetensors file to be written.
struct TowerFile {
    std::string path;
    std::vector<TensorEntry> entries;
    std::uint64_t bytes = 0;
};

std::vector<TowerFile> towers_of(const ordered_json& files, tensor::DType type) {
    std::vector<TowerFile> towers;
    for (const auto& [component, entry] : files.at("model_index.json").items()) {
        if (!files.contains(component + "/config.json")) continue;
        const std::string library = entry.at(0), class_name = entry.at(1);
        TowerFile tower;
        tower.path =
            component + (library == "diffusers" ? "/diffusion_pytorch_model" : "/model") + ".safetensors";
        const TowerTensors tensors = tower_tensors(class_name, files.at(component + "/config.json").dump());
        for (const auto& [name, shape] : tensors.shapes) {
            tower.entries.push_back({name, type, shape});
            tower.bytes += tensor::bytes_of(type, shape);
        }
        towers.push_back(std::move(tower));
    }
    return towers;
}

void check_space(const RandomModelRequest& request, std::uint64_t needed) {
    const std::uint64_t free = request.free_space(request.folder);
    if (free >= needed) return;
    throw Error(ErrorCode::io,
                fmt::format("random weights of {} need {:.1f} GB in {}, where {:.1f} GB are free: choose "
                            "another disk, or --dtype f16",
                            request.config, static_cast<double>(needed) / 1e9, request.folder.string(),
                            static_cast<double>(free) / 1e9));
}

}  // namespace

I2VGenModel known_model(const std::string& config) {
    check_known(config);
    const ordered_json files = configs_of(config);
    const auto text = [&](const char* file) { return files.at(file).dump(); };
    I2VGenModel model;
    model.text = models::parse_clip_text_config(text("text_encoder/config.json"));
    model.vision = models::parse_clip_vision_config(text("image_encoder/config.json"));
    model.vae = models::parse_vae_config(text("vae/config.json"));
    model.unet = models::parse_unet_config(text("unet/config.json"));
    model.preprocessing = parse_clip_preprocessing(text("feature_extractor/preprocessor_config.json"));
    model.scheduler_json = text("scheduler/scheduler_config.json");
    return model;
}

std::map<std::string, std::uint64_t> known_model_bytes(const std::string& config) {
    check_known(config);
    std::map<std::string, std::uint64_t> bytes;
    for (const TowerFile& tower : towers_of(configs_of(config), tensor::DType::f16))
        bytes[fs::path(tower.path).parent_path().string()] = tower.bytes;
    return bytes;
}

std::vector<std::string> random_model_configs() { return {"i2vgen-xl", "tiny"}; }

RandomModel write_random_model(const RandomModelRequest& request, const RandomModelHooks& hooks) {
    check_known(request.config);
    const ordered_json files = configs_of(request.config);
    const std::vector<TowerFile> towers = towers_of(files, request.type);
    RandomModel model;
    for (const TowerFile& tower : towers) model.bytes += tower.bytes;
    check_space(request, model.bytes);

    weights::NewFolder folder(request.folder);
    for (const auto& [path, content] : files.items())
        write_file(folder.path() / path, content.dump(2) + "\n");
    write_file(folder.path() / "tokenizer/vocab.json",
               models::byte_vocabulary({"<|startoftext|>", "<|endoftext|>"}));
    write_file(folder.path() / "tokenizer/merges.txt", "#version: 0.2\n");
    std::uint64_t done = 0;
    for (const TowerFile& tower : towers) {
        // Towers of equal names within do not get equal numbers.
        const auto source = weights::random_weights(request.seed + done, request.type);
        auto writer =
            weights::SafetensorsWriter::create(folder.path() / tower.path, tower.entries, {{"format", "pt"}});
        for (const TensorEntry& entry : tower.entries) {
            if (hooks.cancel) hooks.cancel->throw_if_requested();
            writer.put(*source->find(entry.name, entry.shape));
            source->release(entry.name);
            model.parameters += entry.shape.elements();
            done += tensor::bytes_of(request.type, entry.shape);
            if (hooks.progress) hooks.progress(done, model.bytes);
        }
        writer.commit();
    }
    folder.commit();
    return model;
}

}  // namespace stillreel::diffusion
