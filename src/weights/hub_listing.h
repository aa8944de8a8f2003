// What a repository on the Hub holds, and which of it a model needs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stillreel::weights {

struct HubFile {
    std::string path;  // "unet/config.json"
    std::uint64_t bytes = 0;
    std::string sha256;    // of files in large file storage
    std::string git_sha1;  // of all others
};

struct HubListing {
    std::string repository;  // "ali-vilab/i2vgen-xl"
    std::string commit;      // what the revision stands for now
    std::vector<HubFile> files;

    /// Null when there is no such file.
    const HubFile* find(std::string_view path) const;
};

/// The answer of {endpoint}/api/models/{repository}/revision/{revision}?blobs=true. Names that would lead out
/// of the model's folder are dropped. Throws corrupt_data.
HubListing parse_hub_listing(std::string_view json, const std::string& repository);

struct Choice {
    std::vector<HubFile> files;      // sorted by path, model_index.json among them
    std::vector<std::string> notes;  // where the wanted variant is not there
    std::uint64_t bytes = 0;
};

/// The files of the components of `model_index` that stillreel reads: configs, tokenizer files and one set of
/// safetensors each, of the `variant` ("": plain) where it is there, else of the other one. Never pickles.
/// Throws corrupt_data (no model_index.json of a pipeline), unsupported (another pipeline; weights that are
/// there as pickles only), not_found (a component has no weights).
Choice choose_files(const HubListing& listing, std::string_view model_index, const std::string& variant);

}  // namespace stillreel::weights
