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
#include "image/picture_file.h"

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

/// A picture file from outside, decoded to its last row.
struct SoundPicture {
    image::FileFormat format = image::FileFormat::jpeg;
    image::Image picture;  // as image::read_picture
};

/// Throws invalid_argument (too large, too many pixels), unsupported (no picture that we read), corrupt_data.
/// Messages call it `name`.
SoundPicture decode_upload(const std::vector<std::uint8_t>& bytes, std::string_view name);

class AssetStore {
  public:
    /// The folder need not exist yet.
    explicit AssetStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// The id to keep these bytes under: of the same key and bytes always the same one, of an empty key a
    /// fresh one. Looks at nothing inside.
    static std::string id_for(std::string_view bytes, std::string_view key);
    /// Keeps a picture that decode_upload() has found to be sound; done once more, it changes nothing. Throws
    /// io.
    Asset keep(const std::string& id, std::string_view bytes, std::string_view name,
               const SoundPicture& sound) const;
    /// Both, for callers that may decode what they were sent.
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
