#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "animatic/analysis_features.h"
#include "animatic/analysis_filters.h"
#include "animatic/depth.h"
#include "animatic/regions.h"
#include "animatic/scene.h"
#include "animatic/subject.h"
#include "base/check.h"
#include "base/error.h"

namespace stillreel::animatic {

using image::Image;
using image::Plane;

namespace {

void check_aspect(const Plane& map, const Image& picture, const char* name) {
    const double expected = static_cast<double>(picture.width_px) / picture.height_px;
    const double found = map.empty() ? 0 : static_cast<double>(map.width_px) / map.height_px;
    if (std::abs(found / expected - 1) <= 0.02) return;
    throw Error(ErrorCode::invalid_argument,
                fmt::format("the {} is {}x{} but the picture is {}x{}: give one of the picture's shape", name,
                            map.width_px, map.height_px, picture.width_px, picture.height_px));
}

void take_away(Plane& from, const Plane& what) {
    for (std::size_t i = 0; i < from.values.size(); ++i) from.values[i] *= 1 - what.values[i];
}

}  // namespace

Analysis analyse(const Image& picture, const AnalysisInputs& inputs) {
    STILLREEL_CHECK_EQ(picture.channels, 3);
    if (inputs.depth) check_aspect(*inputs.depth, picture, "depth map");
    if (inputs.subject) check_aspect(*inputs.subject, picture, "subject mask");

    const Features features = features_of(picture);
    const image::Size size = features.rgb.size();
    const GuidedFilter fine(features.rgb, std::max(2, size.width_px / 64), 1e-4f);

    Analysis analysis;
    Regions& regions = analysis.regions;
    regions.sky = find_sky(features, fine);
    const Plane saliency = saliency_of(features, regions.sky);
    Subject subject = inputs.subject ? given_subject(resized(*inputs.subject, size))
                                     : find_subject(features, saliency, regions.sky, fine);
    if (!subject.found) focus_on_saliency(features, saliency, subject);
    if (subject.found) take_away(regions.sky, subject.mask);

    Horizon horizon = find_horizon(features, regions.sky);
    // Under a sky its lower edge tells the horizon.
    const bool under_sky = mean_of(regions.sky) > 0.02;
    const std::optional<VanishingPoint> corridor = under_sky ? std::nullopt : find_corridor(features);
    if (corridor) horizon = {.row = corridor->y, .seen = true, .straight = false};
    regions.foliage = find_foliage(features, fine);
    regions.water = find_water(features, regions.sky, regions.foliage, horizon, fine);
    if (subject.found) {
        take_away(regions.foliage, subject.mask);
        take_away(regions.water, subject.mask);
    }
    take_away(regions.foliage, regions.sky);
    take_away(regions.foliage, regions.water);

    if (inputs.depth) {
        analysis.disparity = given_disparity(resized(*inputs.depth, size));
    } else {
        const GuidedFilter coarse(features.rgb, std::max(3, size.width_px / 20), 2e-3f);
        analysis.disparity = estimate_disparity(features, regions.sky, horizon, subject, corridor, coarse);
    }
    analysis.horizon = horizon.row;
    analysis.has_subject = subject.found;
    analysis.subject_box = subject.box;
    analysis.focus_x = subject.focus_x;
    analysis.focus_y = subject.focus_y;
    regions.subject = std::move(subject.mask);
    return analysis;
}

}  // namespace stillreel::animatic
