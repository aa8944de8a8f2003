// What a pulled model's folder says of itself: stillreel.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stillreel::weights {

struct ManifestFile {
    std::string path;
    std::uint64_t bytes = 0;
    std::string sha256;
};

struct Manifest {
    std::string repository;
    std::string revision;  // asked for: "main"
    std::string commit;    // found
    std::string variant;
    std::vector<ManifestFile> files;
};

constexpr const char* kManifestName = "stillreel.json";

/// Atomically. Throws io.
void write_manifest(const std::filesystem::path& root, const Manifest& manifest);

/// Nothing for a folder that was not pulled by stillreel. Throws corrupt_data.
std::optional<Manifest> read_manifest(const std::filesystem::path& root);

}  // namespace stillreel::weights
