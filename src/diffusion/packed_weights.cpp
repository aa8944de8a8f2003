#include "diffusion/packed_weights.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "tensor/cpu/cpu_backend.h"
#include "weights/packed_cache.h"

namespace stillreel::diffusion {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostHeaderBytes = 100 << 20;

/// A safetensors file's header, or an index: what says which numbers lie where.
std::string head_of(const fs::path& file) {
    if (file.extension() == ".json") return sha256_hex_of_file(file);
    std::ifstream in(file, std::ios::binary);
    std::uint64_t length = 0;
    in.read(reinterpret_cast<char*>(&length), sizeof length);
    std::string header(std::min(length, kMostHeaderBytes), 0);
    in.read(header.data(), static_cast<std::streamsize>(header.size()));
    return sha256_hex(header);
}

std::vector<fs::path> unet_files(const UnetLoad& load) {
    const fs::path& folder = load.model.folder.at(kUnet).folder;
    try {
        return weights::weight_files(folder, load.run.variant);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::not_found || load.run.variant.empty()) throw;
        return weights::weight_files(folder);
    }
}

std::string key_of(const UnetLoad& load) {
    json files = json::array();
    for (const fs::path& file : unet_files(load))
        files.push_back({fs::canonical(file).string(), fs::file_size(file),
                         fs::last_write_time(file).time_since_epoch().count(), head_of(file)});
    return json{{"version", STILLREEL_VERSION},
                {"layout", tensor::packed_layout()},
                {"precision", tensor::name_of(load.precision)},
                {"config", sha256_hex(weights::read_config(load.model.folder.at(kUnet)))},
                {"files", files}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string model_name(const UnetLoad& load) {
    const fs::path& root = load.model.folder.root;
    return (root.has_filename() ? root : root.parent_path()).filename().string();
}

std::unique_ptr<weights::PackedCache> cache_of(const UnetLoad& load) {
    if (load.run.packed_cache.empty()) return nullptr;
    try {
        weights::PackedCacheRequest request;
        request.file = packed_file_of(load);
        request.title = fmt::format("{} of {}, {}", kUnet, model_name(load), tensor::name_of(load.precision));
        request.key = key_of(load);
        request.bytes = load.weight_bytes;
        request.note = load.note;
        return std::make_unique<weights::PackedCache>(std::move(request));
    } catch (const fs::filesystem_error&) {
        return nullptr;  // a file that went away is named when its weights are read
    }
}

/// Weights come from the cache as long as this lives.
class Kept {
  public:
    Kept(tensor::Ops& ops, weights::PackedCache* cache) : ops_(ops) { ops.keep_packed_in(cache); }
    ~Kept() { ops_.keep_packed_in(nullptr); }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;

  private:
    tensor::Ops& ops_;
};

}  // namespace

fs::path packed_file_of(const UnetLoad& load) {
    std::string name = model_name(load);
    std::ranges::replace_if(
        name, [](unsigned char c) { return !std::isalnum(c) && c != '-' && c != '_' && c != '.'; }, '_');
    // Models of one name may lie in several places, and have several variants.
    const std::string which =
        sha256_hex(fs::absolute(load.model.folder.root).string() + "\n" + load.run.variant).substr(0, 8);
    return load.run.packed_cache / fmt::format("{}-{}-{}-{}{}", name, kUnet, tensor::name_of(load.precision),
                                               which, weights::kPackedExtension);
}

models::I2VGenUnet load_unet(const UnetLoad& load, weights::WeightSource& source, tensor::Ops& ops) {
    const auto cache = cache_of(load);
    const Kept kept(ops, cache.get());
    models::I2VGenUnet unet = load_unet(load.model, source, ops, load.precision);
    if (cache) cache->finish();
    return unet;
}

}  // namespace stillreel::diffusion
