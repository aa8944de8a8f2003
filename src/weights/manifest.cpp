#include "weights/manifest.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace stillreel::weights {
namespace {

constexpr std::uint64_t kMaxManifestBytes = 4 << 20;

}  // namespace

void write_manifest(const fs::path& root, const Manifest& manifest) {
    nlohmann::ordered_json object{{"repository", manifest.repository},
                                  {"revision", manifest.revision},
                                  {"commit", manifest.commit},
                                  {"variant", manifest.variant},
                                  {"files", nlohmann::ordered_json::array()}};
    for (const ManifestFile& file : manifest.files)
        object["files"].push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    write_file(root / kManifestName, object.dump(2) + "\n");
}

std::optional<Manifest> read_manifest(const fs::path& root) {
    const fs::path path = root / kManifestName;
    if (!fs::exists(path)) return std::nullopt;
    try {
        const nlohmann::json object = nlohmann::json::parse(read_text_file(path, kMaxManifestBytes));
        Manifest manifest{
            object.at("repository"), object.at("revision"), object.at("commit"), object.at("variant"), {}};
        for (const nlohmann::json& file : object.at("files"))
            manifest.files.push_back({file.at("path"), file.at("bytes"), file.at("sha256")});
        return manifest;
    } catch (const nlohmann::json::exception&) {
        throw Error(
            ErrorCode::corrupt_data,
            fmt::format("{} is damaged: `stillreel models pull --update` writes it anew", path.string()));
    }
}

}  // namespace stillreel::weights
