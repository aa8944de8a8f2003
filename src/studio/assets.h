// The pictures that were uploaded to the service. Each has a random id, which is all that ever becomes part
// of a path; what the client called it is only remembered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"

namespace stillreel::studio {

constexpr std::uint64_t kMaxAssetBytes = 64u << 20;

struct Asset {
    std::string id;      // 24 hex digits
    std::string name;    // as the client called it, without folders
    std::string format;  // "JPEG", "PNG", "WebP"
    image::Size size;    // px, upright
    std::uint64_t bytes = 0;
    std::string sha256;
    std::string created_at;  // "2026-11-22T16:02:38Z"
    std::filesystem::path path;
};

class AssetStore {
  public:
    /// The folder need not exist yet.
    explicit AssetStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Keeps a picture, looking at its header only. `key`: not empty, the same key and bytes give the same
    /// asset. Throws invalid_argument (too large, too many pixels), unsupported (no picture that we read),
    /// corrupt_data, io.
    Asset add(std::string_view bytes, std::string_view name, std::string_view key = {}) const;

    /// Throws not_found.
    Asset get(std::string_view id) const;
    std::optional<Asset> find(std::string_view id) const;
    /// Newest first.
    std::vector<Asset> list() const;
    /// Throws not_found.
    void remove(std::string_view id) const;

    const std::filesystem::path& folder() const { return folder_; }

  private:
    std::filesystem::path folder_;
};

std::string to_json(const Asset& asset);

}  // namespace stillreel::studio
