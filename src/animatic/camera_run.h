// The camera of one clip as frames ask for it: the path, played once or there and back, held where the
// picture's room ends, with the unrest of a hand on top.
#pragma once

#include <cstdint>
#include <limits>

#include "prompt/camera_path.h"

namespace stillreel::animatic {

enum class Playing { once, there_and_back, eased_there_and_back };

struct CameraRun {
    prompt::CameraPath path;
    double duration_s = 4;
    Playing playing =
        Playing::once;  // there_and_back: time_s runs from 0 to half of the duration and back again
    std::uint64_t seed = 0;
    double share = 1;  // of every part's way: 0.5 moves half as far, half as fast
    double stop_s = std::numeric_limits<double>::infinity();  // path time at which the move comes to rest

    /// Length of the path in its own time.
    double path_length_s() const;
    /// Path seconds a clip second: there and back, all of the path is played in each half.
    double playing_rate() const;
    /// The path's time at a moment of the clip. Where `stop_s` ends the move, its last 0.4 s slow down
    /// evenly.
    double path_time(double time_s) const;
    /// The pose at a moment of the clip, shake included.
    prompt::CameraPose pose(double time_s) const;
};

}  // namespace stillreel::animatic
