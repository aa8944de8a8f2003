#include "animatic/depth.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace stillreel::animatic {

using image::Plane;

namespace {

constexpr float kFarthestThing = 0.1f;  // anything that is not sky is nearer than it

/// Disparity of a flat ground at a row: linear below the horizon, as perspective has it.
float ground_at(double row, const Horizon& horizon) {
    if (!horizon.seen) return static_cast<float>(0.25 + 0.55 * row);
    const double below = (row - horizon.row) / std::max(0.1, 1 - horizon.row);
    return static_cast<float>(0.12 + 0.83 * std::clamp(below, 0.0, 1.0));
}

/// -1 hazy (pale, flat, bluish) ... 1 clear (dark, textured, coloured): the air between us and a thing.
float clearness(const Features& f, std::size_t i) {
    const float textured = ramp(f.texture.values[i], 1, 7), dark = ramp(f.lightness.values[i], 75, 25);
    const float coloured = ramp(f.b.values[i] + 0.3f * f.chroma.values[i], -8, 20);
    return 2 * (0.4f * textured + 0.35f * dark + 0.25f * coloured) - 1;
}

/// Disparity of a corridor's floor and walls, whichever is nearer: walls are as far at every height. Flatter
/// than true perspective, because whatever stands on the floor would lean with its slope.
float corridor_at(double column, double row, const VanishingPoint& corridor) {
    const double aside = std::abs(column - corridor.x) / std::max(corridor.x, 1 - corridor.x);
    const double below = std::max(0.0, row - corridor.y) / (1 - corridor.y);
    return static_cast<float>(0.3 + std::max(0.2 * aside, 0.36 * below));
}

Plane cues(const Features& f, const Plane& sky, const Horizon& horizon,
           const std::optional<VanishingPoint>& corridor) {
    const int width = f.width(), height = f.height();
    const Plane sharp = box_mean(f.detail, std::max(2, width / 32));
    const float spread = percentile(sharp, 0.9) - percentile(sharp, 0.15);
    // Out of doors smooth things (water, snow) are not out of focus; close-ups have no horizon.
    const float trust_focus = (horizon.seen ? 0.15f : 1.0f) * ramp(spread, 0.25f, 0.55f);
    Plane disparity(width, height);
    for (int y = 0; y < height; ++y) {
        const double row = (y + 0.5) / height;
        const float ground = ground_at(row, horizon);
        // Things above the horizon stand somewhere behind it or reach up from the ground: haze and focus
        // decide.
        const float upright =
            horizon.seen ? ramp(static_cast<float>(row - horizon.row), 0.08f, -0.02f) : 0.5f;
        for (int x = 0; x < width; ++x) {
            const int i = y * width + x;
            const float level = corridor ? corridor_at((x + 0.5) / width, row, *corridor) : ground;
            const float air = corridor ? 0.02f : 0.14f;  // the houses of a street stand in the same air
            float d = level + upright * air * clearness(f, i);
            const float blurred = 1 - ramp(sharp.values[i], 0.1f, 0.55f);
            d *= 1 - 0.55f * trust_focus * blurred * ramp(static_cast<float>(row), 1.0f, 0.75f);
            disparity.values[i] = std::max(d, kFarthestThing) * (1 - sky.values[i]);
        }
    }
    return disparity;
}

/// Nearly flat at the depth of the foot, a little nearer in the middle of the body.
void place_subject(Plane& disparity, const Subject& subject, const Horizon& horizon) {
    const int width = disparity.width_px, height = disparity.height_px;
    const double foot = static_cast<double>(subject.box.y + subject.box.height_px) / height;
    float level = std::max(ground_at(foot, horizon), foot > 0.97 ? 0.8f : 0.0f);
    double around = 0, weight = 1e-6;
    cv::Mat wide;
    cv::dilate(mat_of(subject.mask), wide, cv::Mat::ones(2 * (width / 16) + 1, 2 * (width / 16) + 1, CV_8U));
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const double ring = wide.at<float>(y, x) * (1 - subject.mask.at(x, y));
            around += ring * disparity.at(x, y), weight += ring;
        }
    level = std::clamp(level, static_cast<float>(around / weight) + 0.18f, 0.95f);
    level = std::max(level, 0.35f);

    cv::Mat depth_inside;
    const cv::Mat inside = mat_of(subject.mask) > 0.5f;
    cv::distanceTransform(inside, depth_inside, cv::DIST_L2, 3);
    double widest = 1;
    cv::minMaxLoc(depth_inside, nullptr, &widest);
    Plane bulge = plane_of(depth_inside);
    for (float& value : bulge.values)
        value = 0.05f * std::sqrt(std::min(1.0f, value / static_cast<float>(std::max(widest, 1.0))));
    bulge = gaussian(bulge, std::max(1.0, width / 100.0));
    for (std::size_t i = 0; i < disparity.values.size(); ++i)
        disparity.values[i] =
            std::lerp(disparity.values[i], std::min(1.0f, level + bulge.values[i]), subject.mask.values[i]);
}

}  // namespace

Plane estimate_disparity(const Features& f, const Plane& sky, const Horizon& horizon, const Subject& subject,
                         const std::optional<VanishingPoint>& corridor, const GuidedFilter& edges) {
    const Plane guess = cues(f, sky, horizon, corridor);
    Plane disparity = edges(edges(guess));
    // The filter makes steps at the picture's edges. The open ground has none, however much its colours
    // change.
    for (int y = 0; y < f.height() && horizon.seen; ++y) {
        const auto below = static_cast<float>((y + 0.5) / f.height() - horizon.row);
        const float plain = corridor ? 1.0f : ramp(below, 0.02f, 0.12f);  // walls have no steps either
        for (int x = 0; x < f.width(); ++x)
            disparity.at(x, y) = std::lerp(disparity.at(x, y), guess.at(x, y), 0.8f * plain);
    }
    for (std::size_t i = 0; i < disparity.values.size(); ++i)
        disparity.values[i] = std::clamp(disparity.values[i], kFarthestThing, 1.0f) * (1 - sky.values[i]);
    if (subject.found) place_subject(disparity, subject, horizon);
    return disparity;
}

Plane given_disparity(Plane depth) {
    for (float& value : depth.values) value = std::clamp(value, 0.0f, 1.0f);
    const float low = percentile(depth, 0.005), high = percentile(depth, 0.995);
    if (high - low < 0.5f && high - low > 1e-3f)
        for (float& value : depth.values) value = ramp(value, low, high);
    return depth;
}

}  // namespace stillreel::animatic
