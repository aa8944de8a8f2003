// Names of a PNG sequence: `shot_%04d.png`, or `shot.png` for `shot_0000.png`, `shot_0001.png` ...
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace stillreel::media {

class SequenceNames {
  public:
    /// Any name is a sequence's; one %d or %0Nd in the file name stands for the number.
    explicit SequenceNames(const std::filesystem::path& target);
    /// True when the name itself shows the place of the number.
    bool numbered() const { return numbered_; }
    std::filesystem::path frame(std::int64_t index) const;
    /// How many frames, from 0 on, are there without a gap.
    std::int64_t count() const;

  private:
    std::filesystem::path folder_;
    std::string before_, after_;
    int digits_ = 4;
    bool numbered_ = false;
};

}  // namespace stillreel::media
