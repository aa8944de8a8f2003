#include "studio/model_record.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "studio/uploads.h"

namespace stillreel::studio {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxCacheBytes = 16u << 20;
constexpr std::uint64_t kMaxIndexBytes = 100u << 20;

std::int64_t changed_ns(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return 0;
    return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

/// The checksum that a link into the `blobs` of the Hugging Face cache names; empty for other files.
std::string named_by_hub(const fs::path& file) {
    std::error_code failed;
    const fs::path blob = fs::read_symlink(file, failed);
    if (failed || blob.parent_path().filename() != "blobs") return "";
    const std::string name = blob.filename().string();
    return is_sha256(name) ? name : "";  // small files are named by 40 digits of another digest
}

bool is_text_file(const fs::path& file) { return file.extension() == ".json" || file.extension() == ".txt"; }

std::vector<fs::path> text_files_in(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
        if (is_text_file(at->path()) && at->is_regular_file(failed)) files.push_back(at->path());
    return files;
}

/// The weight files themselves, where `weights` is the index of shards.
std::vector<fs::path> shards_of(const fs::path& weights) {
    if (weights.extension() != ".json") return {weights};
    std::set<std::string> names;
    const json index = json::parse(read_text_file(weights, kMaxIndexBytes), nullptr, false);
    if (const auto map = index.find("weight_map"); index.is_object() && map != index.end())
        for (const json& shard : *map)
            if (shard.is_string()) names.insert(shard.get<std::string>());
    std::vector<fs::path> files;
    for (const std::string& name : names) files.push_back(weights.parent_path() / name);
    return files;
}

}  // namespace

ChecksumCache::ChecksumCache(const fs::path& cache) {
    if (cache.empty()) return;
    file_ = cache / "checksums.json";
    std::error_code failed;
    if (!fs::exists(file_, failed)) return;
    try {
        const json object = json::parse(read_text_file(file_, kMaxCacheBytes));
        for (const auto& [path, entry] : object.items())
            entries_[path] = {entry.at("bytes"), entry.at("changed_ns"), entry.at("sha256")};
    } catch (const std::exception&) {
        entries_.clear();
    }
}

std::string ChecksumCache::sha256_of(const fs::path& file, const CancelFlag& cancel) {
    if (std::string named = named_by_hub(file); !named.empty()) return named;
    std::error_code failed;
    const fs::path real = fs::canonical(file, failed);
    if (failed)
        throw Error(ErrorCode::not_found, fmt::format("cannot find {}: {}", file.string(), failed.message()));
    const std::uint64_t bytes = fs::file_size(real, failed);
    const std::int64_t changed = changed_ns(real);
    Entry& entry = entries_[real.string()];
    if (entry.bytes == bytes && entry.changed_ns == changed && is_sha256(entry.sha256)) return entry.sha256;
    entry = {bytes, changed, sha256_hex_of_file(real, &cancel)};
    changed_ = true;
    return entry.sha256;
}

void ChecksumCache::save() const {
    if (file_.empty() || !changed_) return;
    json object = json::object();
    for (const auto& [path, entry] : entries_)
        object[path] = {{"bytes", entry.bytes}, {"changed_ns", entry.changed_ns}, {"sha256", entry.sha256}};
    try {
        write_file(file_, object.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
    } catch (const Error&) {
        return;  // a cache that cannot be written only costs time
    }
}

ModelRecord record_of_model(const std::string& name, const fs::path& root,
                            const std::vector<fs::path>& weight_files, ChecksumCache& checksums,
                            const CancelFlag& cancel) {
    std::vector<fs::path> files;
    for (const fs::path& weights : weight_files)
        for (fs::path& file : shards_of(weights)) files.push_back(std::move(file));
    for (const fs::path& file : text_files_in(root))
        if (file.filename() == "model_index.json") files.push_back(file);
    std::error_code failed;
    for (fs::directory_iterator at(root, failed), end; !failed && at != end; at.increment(failed))
        if (at->is_directory(failed))
            for (const fs::path& file : text_files_in(at->path())) files.push_back(file);
    ModelRecord record;
    const fs::path named = fs::path(name).lexically_normal();
    record.name = (named.has_filename() ? named : named.parent_path()).filename().string();
    for (const fs::path& file : files)
        record.files[file.lexically_relative(root).generic_string()] = checksums.sha256_of(file, cancel);
    return record;
}

std::string difference(const ModelRecord& recorded, const ModelRecord& found) {
    for (const auto& [file, sha256] : recorded.files) {
        const auto other = found.files.find(file);
        if (other == found.files.end()) return fmt::format("it has no {}", file);
        if (other->second != sha256) return fmt::format("its {} is another", file);
    }
    for (const auto& [file, sha256] : found.files)
        if (!recorded.files.contains(file)) return fmt::format("it has {} besides", file);
    return "";
}

}  // namespace stillreel::studio
