// What the installed FFmpeg can do, for `stillreel doctor`.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace stillreel::media {

struct Encoder {
    std::string format;  // ".mp4"
    std::string name;    // FFmpeg's: "libx264"
    bool present = false;
};

/// One for each format that VideoWriter writes.
std::vector<Encoder> encoders();

/// Library and version: {"libavcodec", "59.37.100"}.
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace stillreel::media
