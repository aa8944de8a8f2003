// Any bytes as camera JSON: a path that can be followed and written back, or an Error.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "prompt/camera_path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace stillreel::prompt;
    CameraPath path;
    try {
        path = parse_camera_path({reinterpret_cast<const char*>(data), size});
    } catch (const stillreel::Error&) {
        return 0;
    }
    for (double t = -1; t < 10; t += 0.37) STILLREEL_CHECK(std::isfinite(pose_at(path, t).z));
    parse_camera_path(to_json(path));
    return 0;
}
