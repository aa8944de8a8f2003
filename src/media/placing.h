// Where a clip lies while it is written, and how it gets its name. Until then nothing of it is seen under
// that name, and what is given up leaves nothing behind, not even the folders that were created for it.
#pragma once

#include <filesystem>
#include <memory>

#include "media/video.h"

namespace stillreel::media {

class Placing {
  public:
    virtual ~Placing() = default;
    /// The file (or, for a sequence, the folder) to write into.
    virtual const std::filesystem::path& part() const = 0;
    /// Gives the clip the name `target`; false, with nothing changed, when it is taken and shall be kept.
    virtual bool place(const std::filesystem::path& target, VideoWriter::Existing existing) = 0;
};

/// `<target>.part` for one file.
std::unique_ptr<Placing> place_file(const std::filesystem::path& target);
/// A hidden folder beside the target for the pictures of a sequence (sequence.h). Replacing a sequence by a
/// shorter one also removes the frames behind its end, which would otherwise play on.
std::unique_ptr<Placing> place_sequence(const std::filesystem::path& target);

}  // namespace stillreel::media
