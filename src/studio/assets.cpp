#include "studio/assets.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <span>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "image/file_kind.h"

namespace stillreel::studio {
namespace {

constexpr std::size_t kIdDigits = 24;
constexpr std::size_t kMaxNameBytes = 200;
constexpr std::uint64_t kMaxFactsBytes = 1 << 16;

bool is_id(std::string_view text) {
    return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string random_id() {
    std::random_device device;
    return fmt::format("{:08x}{:08x}{:08x}", device(), device(), device());
}

/// Without folders and control characters; whole UTF-8 characters.
std::string plain_name(std::string_view name) {
    name.remove_prefix(name.find_last_of("/\\") + 1);
    std::string out;
    for (const char c : name.substr(0, kMaxNameBytes))
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
    if (name.size() > kMaxNameBytes)
        while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0x80) != 0) out.pop_back();
    return out.empty() ? "picture" : out;
}

const char* extension_of(image::FileFormat format) {
    switch (format) {
        case image::FileFormat::jpeg:
            return "jpg";
        case image::FileFormat::png:
            return "png";
        case image::FileFormat::webp:
            return "webp";
    }
    return "bin";
}

nlohmann::ordered_json facts_of(const Asset& asset) {
    return {{"id", asset.id},
            {"name", asset.name},
            {"format", asset.format},
            {"width", asset.size.width_px},
            {"height", asset.size.height_px},
            {"bytes", asset.bytes},
            {"sha256", asset.sha256},
            {"created_at", asset.created_at}};
}

std::string text_of(const nlohmann::ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

SoundPicture decode_upload(const std::vector<std::uint8_t>& bytes, std::string_view name) {
    if (bytes.size() > kMaxAssetBytes)
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("the picture has {} bytes; {} MiB are the most that is taken: save it smaller",
                        bytes.size(), kMaxAssetBytes >> 20));
    const std::string shown = plain_name(name);
    SoundPicture sound;
    sound.format =
        image::picture_format(std::span(bytes).first(std::min<std::size_t>(bytes.size(), 4096)), shown);
    sound.picture = image::decode_picture(bytes, shown);
    return sound;
}

std::string AssetStore::id_for(std::string_view bytes, std::string_view key) {
    return key.empty() ? random_id()
                       : sha256_hex(fmt::format("{}\n{}", key, sha256_hex(bytes))).substr(0, kIdDigits);
}

Asset AssetStore::keep(const std::string& id, std::string_view bytes, std::string_view name,
                       const SoundPicture& sound) const {
    STILLREEL_CHECK(is_id(id));
    if (const auto known = find(id)) return *known;
    Asset asset;
    asset.id = id;
    asset.name = plain_name(name);
    asset.sha256 = sha256_hex(bytes);
    asset.path = folder_ / (id + "." + extension_of(sound.format));
    asset.format = image::name_of(sound.format);
    asset.size = sound.picture.size();
    asset.bytes = bytes.size();
    asset.created_at = utc_time(std::chrono::system_clock::now());
    write_file(asset.path, bytes);
    nlohmann::ordered_json json = facts_of(asset);
    json["file"] = asset.path.filename().string();
    // What has no facts is not there: they come last.
    write_file(folder_ / (id + ".json"), text_of(json));
    return asset;
}

Asset AssetStore::add(std::string_view bytes, std::string_view name, std::string_view key) const {
    const SoundPicture sound = decode_upload({bytes.begin(), bytes.end()}, name);
    return keep(id_for(bytes, key), bytes, name, sound);
}

std::optional<Asset> AssetStore::find(std::string_view id) const {
    if (!is_id(id)) return std::nullopt;
    const fs::path facts = folder_ / (std::string(id) + ".json");
    std::error_code failed;
    if (!fs::is_regular_file(fs::symlink_status(facts, failed))) return std::nullopt;
    const auto json = nlohmann::json::parse(read_text_file(facts, kMaxFactsBytes), nullptr, false);
    if (!json.is_object()) return std::nullopt;
    Asset asset;
    asset.id = id;
    asset.name = json.value("name", "");
    asset.format = json.value("format", "");
    asset.size = {json.value("width", 0), json.value("height", 0)};
    asset.bytes = json.value("bytes", std::uint64_t{0});
    asset.sha256 = json.value("sha256", "");
    asset.created_at = json.value("created_at", "");
    asset.path = folder_ / fs::path(json.value("file", "")).filename();
    if (!fs::is_regular_file(fs::symlink_status(asset.path, failed))) return std::nullopt;
    return asset;
}

Asset AssetStore::get(std::string_view id) const {
    if (auto asset = find(id)) return *asset;
    throw Error(ErrorCode::not_found,
                fmt::format("there is no asset \"{}\": upload the picture first", id.substr(0, 60)));
}

std::vector<Asset> AssetStore::list() const {
    std::vector<Asset> assets;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder_, failed))
        if (entry.path().extension() == ".json")
            if (auto asset = find(entry.path().stem().string())) assets.push_back(std::move(*asset));
    std::sort(assets.begin(), assets.end(), [](const Asset& a, const Asset& b) {
        return std::tie(b.created_at, b.id) < std::tie(a.created_at, a.id);
    });
    return assets;
}

void AssetStore::remove(std::string_view id) const {
    const Asset asset = get(id);
    std::error_code failed;
    fs::remove(folder_ / (asset.id + ".json"), failed);
    fs::remove(asset.path, failed);
    if (failed) throw Error(ErrorCode::io, fmt::format("cannot delete {}: {}", asset.id, failed.message()));
}

std::string to_json(const Asset& asset) { return text_of(facts_of(asset)); }

}  // namespace stillreel::studio
