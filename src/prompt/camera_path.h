// A camera move as numbers: cubic Bezier segments of position, rotation and focal length. What words compile
// to, what `--camera path.json` holds (docs/camera-path.md) and what the engine follows.
//
// The picture stands before the camera. Unit of length: the distance to the focus plane (the subject). x to
// the right, y up, z forward. Rotations in degrees, applied to the camera as yaw (pan), then pitch (tilt),
// then roll.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "prompt/motion_plan.h"

namespace stillreel::prompt {

struct CameraPose {
    double x = 0, y = 0, z = 0;          // focus distances
    double pan = 0, tilt = 0, roll = 0;  // degrees: + right, + up, + clockwise
    double focal_mm = 35;                // full-frame equivalent (43.27 mm diagonal)
    friend bool operator==(const CameraPose&, const CameraPose&) = default;
};

/// A cubic Bezier over [begin_s, end_s]: every number of the pose follows its own control values, and the
/// curve's parameter is time itself, (t - begin_s) / (end_s - begin_s), so that ease lies in the control
/// values.
struct CameraSegment {
    double begin_s = 0;
    double end_s = 0;
    CameraPose p0, p1, p2, p3;
};

/// Hand-held unrest: smooth noise on rotation (degrees, root mean square) and position (focus distances).
struct Shake {
    double degrees = 0;
    double travel = 0;
    double hertz = 1.5;
};

struct CameraPath {
    std::vector<CameraSegment> segments;  // in order of time, without gaps; before and after, the ends hold
    Shake shake;
};

constexpr double kDefaultFocalMm = 35;
constexpr double kMinFocalMm = 5;
constexpr double kMaxFocalMm = 1200;
constexpr std::size_t kMaxCameraSegments = 1000;
constexpr std::size_t kMaxCameraPathBytes = 1 << 20;

/// The pose at `time_s`, without shake. An empty path gives the default pose.
CameraPose pose_at(const CameraPath& path, double time_s);

/// True when every pose equals the first and there is no shake.
bool is_still(const CameraPath& path);

struct PathTiming {
    double duration_s = 4;
    double aspect = 16.0 / 9.0;  // width / height of the frame
    double focal_mm = kDefaultFocalMm;
};

/// The plan's camera tracks as one path. Default rates: pan, tilt, truck and pedestal move the picture at the
/// focus plane by 5 % of the frame's width (height for the vertical ones) a second, zoom and dolly scale it
/// by 4 % a second, roll turns 3 degrees a second, orbit travels like a truck and keeps the subject centred;
/// times the track's speed. Scale grows exponentially, by 1.04^(speed x seconds). Every track eases in and
/// out over 12 % of its span (whip: 4 %) and its total is exactly rate x speed x its span, or the amount that
/// was said. Tracks that overlap add up. Amounts are not limited here: the engine knows the picture's room
/// and holds a move when it is used up.
CameraPath compile_camera(const MotionPlan& plan, const PathTiming& timing);

/// JSON of docs/camera-path.md. parse throws invalid_argument naming the field ("segments[1].end_s ...").
std::string to_json(const CameraPath& path);
CameraPath parse_camera_path(std::string_view json);

}  // namespace stillreel::prompt
