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

/// The licence under which the FFmpeg in use was configured: "GPL version 2 or later". A binary linked with a
/// GPL one falls under the GPL as a whole.
std::string library_licence();

}  // namespace stillreel::media
