#include "diffusion/advice.h"

#include <fmt/core.h>

#include <cmath>

namespace stillreel::diffusion {
namespace {

// Areas from that of 448x448 to a little above 1280x704: between the two sizes of the training.
constexpr double kSmallestArea = 448.0 * 448.0;
constexpr double kLargestArea = 1.15 * 1280.0 * 704.0;
constexpr double kWidest = 2.0;  // sides of 16:9 and a little more

}  // namespace

std::vector<std::string> advice_on(const I2VGenRequest& request) {
    std::vector<std::string> lines;
    if (request.frames != 16 && request.frames != 32)
        lines.push_back(
            fmt::format("{} frame{}: I2VGen-XL was trained on clips of 16 (and 32) frames; other "
                        "lengths run, with less even motion",
                        request.frames, request.frames == 1 ? "" : "s"));
    if (request.fps != 8 && request.fps != 16)
        lines.push_back(
            fmt::format("{:g} frames a second: I2VGen-XL was trained with 8 and 16; the speed of "
                        "what moves may not follow",
                        request.fps));
    const double area = static_cast<double>(request.width_px) * request.height_px;
    const double shape = static_cast<double>(request.width_px) / std::max(request.height_px, 1);
    if (area < kSmallestArea || area > kLargestArea || shape > kWidest || shape < 1 / kWidest)
        lines.push_back(
            fmt::format("{}x{}: I2VGen-XL was trained around 1280x704 (and 512x512 before); far "
                        "from that, pictures lose detail or repeat themselves",
                        request.width_px, request.height_px));
    return lines;
}

}  // namespace stillreel::diffusion
