// The files that one clip is made from, read once: digested, decoded from memory, and kept at the end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "studio/generate.h"
#include "studio/recipe.h"

namespace stillreel::studio {

/// A file's bytes with their digest, as the recipe and the store of originals need them.
struct Original {
    FileRecord record;
    std::string extension;
    std::vector<std::uint8_t> bytes;
};

struct Originals {
    Original picture;
    std::optional<Original> depth;
    std::optional<Original> mask;

    std::vector<const Original*> all() const {
        std::vector<const Original*> list{&picture};
        if (depth) list.push_back(&*depth);
        if (mask) list.push_back(&*mask);
        return list;
    }
};

/// Throws every error of the files.
Originals read_originals(const ClipRequest& request);

/// Copies the originals into `uploads`, beside the data of stillreel, unless it is empty. That it cannot is
/// no reason to lose the clip: a note says so.
void keep_originals(const Originals& originals, const std::filesystem::path& uploads,
                    const Observer& observer);

}  // namespace stillreel::studio
